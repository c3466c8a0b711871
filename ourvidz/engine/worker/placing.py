"""Puts a pipeline where a rung of the ladder says: on the device, beside it in main memory, in 8 bits, in tiles."""

from collections.abc import Iterable
from typing import Any

import torch

from ourvidz.engine.worker.memory.estimate import TILE
from ourvidz.engine.worker.memory.rung import Decoding, Placement

DENOISERS = ('unet', 'transformer', 'transformer_2')
LASTING = (Placement.GROUP_OFFLOAD, Placement.FP8_OFFLOAD, Placement.CPU)
"""What changes the weights or their layers for good, so that another placement needs them loaded anew."""


def place(pipeline: Any, placement: Placement, device: torch.device, *, before: Placement | None) -> None:
    """Move the weights from where they were; None is a pipeline fresh from the disk, in main memory."""
    if before is Placement.MODEL_OFFLOAD:
        pipeline.remove_all_hooks()
    match placement:
        case Placement.FULL:
            pipeline.to(device)
        case Placement.MODEL_OFFLOAD:
            pipeline.enable_model_cpu_offload(device=device)
        case Placement.GROUP_OFFLOAD:
            pipeline.to('cpu')
            pipeline.enable_group_offload(
                onload_device=device,
                offload_type='leaf_level',
                use_stream=device.type == 'cuda',
                exclude_modules=['vae'] if is_vae_raised(pipeline) else None,
            )
        case Placement.FP8_OFFLOAD:
            pipeline.to('cpu')
            for part in denoisers(pipeline):
                part.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=part.dtype)
            pipeline.enable_model_cpu_offload(device=device)
        case Placement.CPU:
            pipeline.to('cpu', torch.float32)


def set_decoding(pipeline: Any, decoding: Decoding) -> None:
    """Decode a batch at once, one picture after the other, or in tiles as well."""
    vae: Any = getattr(pipeline, 'vae', None)
    if hasattr(vae, 'enable_slicing'):
        vae.disable_slicing() if decoding is Decoding.WHOLE else vae.enable_slicing()
    if hasattr(vae, 'enable_tiling'):
        vae.enable_tiling() if decoding is Decoding.TILED else vae.disable_tiling()
        if decoding is Decoding.TILED and hasattr(vae, 'tile_latent_min_size'):
            _make_tiles_small(vae)


def _make_tiles_small(vae: Any) -> None:
    """SDXL's tiles are as large as its pictures, which saves nothing."""
    scale = vae.tile_sample_min_size // vae.tile_latent_min_size
    vae.tile_sample_min_size = min(vae.tile_sample_min_size, TILE)
    vae.tile_latent_min_size = vae.tile_sample_min_size // scale


def denoisers(pipeline: Any) -> list[Any]:
    """The parts that run at every step."""
    return [part for name in DENOISERS if (part := getattr(pipeline, name, None)) is not None]


def is_vae_raised(pipeline: Any) -> bool:
    """Whether the pipeline decodes in full precision and goes back to half of it afterwards, as SDXL's do.

    The layers of such a VAE cannot come one by one: each would come as it was.
    """
    config = getattr(getattr(pipeline, 'vae', None), 'config', None)
    return type(pipeline).__name__.startswith('StableDiffusionXL') and bool(getattr(config, 'force_upcast', False))


def weigh_modules(parts: Iterable[Any]) -> int:
    """Bytes of all weights in those parts of a pipeline that have any."""
    modules = [part for part in parts if isinstance(part, torch.nn.Module)]
    return sum(weight.numel() * weight.element_size() for part in modules for weight in part.parameters())
