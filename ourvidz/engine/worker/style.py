"""Steers the style of pictures by another one, through the style layers of an IP-Adapter."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers.hooks.group_offloading import _is_group_offload_enabled, _maybe_remove_and_reapply_group_offloading
from diffusers.models.embeddings import ImageProjection

from ourvidz.engine.messages import ImageRun
from ourvidz.engine.worker.reference import open_picture
from ourvidz.engine.worker.shelf import LoadedModel
from ourvidz.engine.worker.talk import Talk
from ourvidz.errors import EngineFailure


@contextmanager
def style_applied(
    pipeline: Any, run: ImageRun, *, model: LoadedModel, device: torch.device, talk: Talk
) -> Iterator[dict[str, Any]]:
    """For one run follow the style reference, wherever the weights are; yields more arguments for the call."""
    if run.style_reference_path is None:
        yield {}
        return
    weights = _adapter_weights(run)
    if weights is None or not hasattr(pipeline, 'load_ip_adapter'):
        talk.note(f'{run.model.title} has no style adapter here, so the style reference had no effect.')
        yield {}
        return
    try:
        pipeline.load_ip_adapter(
            str(weights.parent),
            subfolder='',
            weight_name=weights.name,
            image_encoder_folder=None,
            local_files_only=True,
        )
        _bring_along(pipeline.unet)
        pipeline.set_ip_adapter_scale({'up': {'block_0': _style_layers(pipeline.unet, run.style_strength)}})
        yield {'ip_adapter_image_embeds': [_embeds(pipeline, run, weights.parent, model, device)]}
    finally:
        pipeline.unload_ip_adapter()
        _bring_along(pipeline.unet)


def _bring_along(unet: Any) -> None:
    """Layers that were added or taken off come to the device as the others do, if each comes by itself."""
    if _is_group_offload_enabled(unet):
        _maybe_remove_and_reapply_group_offloading(unet)


def _style_layers(unet: Any, strength: float) -> list[float]:
    """Style lives in the second attention of the first block upwards, so content is left to the prompt."""
    return [strength if at == 1 else 0.0 for at in range(len(unet.up_blocks[0].attentions))]


def _embeds(pipeline: Any, run: ImageRun, folder: Path, model: LoadedModel, device: torch.device) -> torch.Tensor:
    """What the image encoder sees, after what it sees of nothing where the run is guided; a picture is seen once."""
    path = run.style_reference_path
    assert path is not None
    if not (folder / 'image_encoder' / 'config.json').is_file():
        why = f'The style adapter in {folder} is incomplete: its image encoder is missing.'
        raise EngineFailure(why, advice='Remove it and get it again on the Models page.')
    is_plain = isinstance(pipeline.unet.encoder_hid_proj.image_projection_layers[0], ImageProjection)
    key = ('style', str(folder), str(path), str(path.stat().st_mtime_ns))
    look = partial(_look, path, folder / 'image_encoder', is_plain=is_plain)
    seen = model.text(key, lambda: _looked(look, device, pipeline.dtype))
    return torch.cat([seen['nothing'], seen['picture']]) if run.guidance_scale > 1 else seen['picture']


def _looked(look: Callable[..., dict[str, torch.Tensor]], device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """On the device where it has room for the encoder beside the model; one look on the processor takes seconds."""
    try:
        return look(device=device, dtype=dtype)
    except torch.OutOfMemoryError:
        seen = look(device=torch.device('cpu'), dtype=torch.float32)
        return {name: value.to(device, dtype) for name, value in seen.items()}


@torch.no_grad()
def _look(
    path: Path, encoder_folder: Path, *, device: torch.device, dtype: torch.dtype, is_plain: bool
) -> dict[str, torch.Tensor]:
    """Embeddings of shape (1, 1, ...); the encoder is as large as a small model, so it leaves at once."""
    from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

    encoder: Any = CLIPVisionModelWithProjection.from_pretrained(encoder_folder, dtype=dtype, local_files_only=True)
    encoder.to(device)
    side = encoder.config.image_size
    processor: Any = CLIPImageProcessor(size={'shortest_edge': side}, crop_size={'height': side, 'width': side})
    pixels = processor(images=open_picture(path), return_tensors='pt').pixel_values.to(device, dtype)
    if is_plain:
        picture = encoder(pixels).image_embeds
        return {'picture': picture[None], 'nothing': torch.zeros_like(picture)[None]}
    both = [encoder(each, output_hidden_states=True).hidden_states[-2] for each in (pixels, torch.zeros_like(pixels))]
    return {'picture': both[0][None], 'nothing': both[1][None]}


def _adapter_weights(run: ImageRun) -> Path | None:
    folder = run.style_adapter_path or run.model.path.parent / 'ip-adapter'
    return next(iter(sorted(folder.glob('*.safetensors'))), None) if folder.is_dir() else None
