"""Finds models and LoRAs in folders: our own, and those of ComfyUI, A1111, Forge and InvokeAI.

All these tools keep `.safetensors` files and diffusers folders in trees of their own making (`checkpoints`,
`Stable-diffusion`, `sdxl/main`, ...). What a file is, its header says; so any tree will do.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ourvidz.errors import BrokenModel
from ourvidz.models.headers import Nature, nature_of, read_header
from ourvidz.settings import ASSETS_DIR

MAX_DEPTH = 8
PICKLES = {'.ckpt', '.pt', '.pth', '.bin'}
SKIPPED = {'venv', 'node_modules', '__pycache__', 'custom_nodes', 'site-packages'}
SELF_DESCRIPTION = 'ourvidz.toml'


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A diffusers folder, a folder of a language model or a checkpoint file. `pipeline` '' for a file."""

    path: Path
    pipeline: str
    family: str
    abilities: tuple[str, ...] = ()
    size: int = 0
    native_size: int | None = None
    token_limit: int | None = None


@dataclass(frozen=True, slots=True)
class FoundLora:
    """A LoRA file."""

    path: Path
    family: str


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that will not be loaded, and why."""

    path: Path
    because: str


@dataclass(slots=True)
class Findings:
    """All that lies in the folders."""

    models: list[FoundModel] = field(default_factory=list)
    loras: list[FoundLora] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)


def find(folders: Iterable[Path]) -> Findings:
    """Look through the folders; what cannot be read is refused with the reason, never raised."""
    findings = Findings()
    seen: set[Path] = set()
    for folder in folders:
        if not folder.exists():
            findings.refused.append(RefusedFile(folder, 'There is no such folder.'))
        _walk(folder, findings, seen, depth=0)
    return findings


def _walk(folder: Path, findings: Findings, seen: set[Path], *, depth: int) -> None:
    try:
        real = folder.resolve()
        entries = sorted(folder.iterdir()) if real not in seen and folder.is_dir() else []
    except OSError as error:
        findings.refused.append(RefusedFile(folder, f'The folder cannot be read: {error.strerror}.'))
        return
    seen.add(real)
    if depth and (model := _as_folder(folder, entries)):
        findings.models.append(model)
        return
    for path in entries:
        if path.name.startswith('.') or path.name in SKIPPED:
            continue
        if path.is_dir():
            if depth < MAX_DEPTH and not _is_configuration(path, entries):
                _walk(path, findings, seen, depth=depth + 1)
        else:
            _sort_file(path, findings)


def _is_configuration(folder: Path, siblings: list[Path]) -> bool:
    """Whether the folder only tells how the checkpoint file of the same name is built."""
    return any(path.suffix == '.safetensors' and path.stem == folder.name for path in siblings)


def _as_folder(folder: Path, entries: list[Path]) -> FoundModel | None:
    names = {path.name for path in entries}
    if 'model_index.json' in names:
        pipeline = _json(folder / 'model_index.json').get('_class_name', '')
        limit = _json(folder / 'text_encoder' / 'config.json').get('max_position_embeddings')
        reads_clip_alone = str(pipeline).startswith(('StableDiffusionPipeline', 'StableDiffusionXL'))
        return FoundModel(
            folder,
            str(pipeline),
            _family_of(folder),
            size=_weight(folder),
            native_size=_native_size(folder),
            token_limit=limit if isinstance(limit, int) and limit <= 77 and reads_clip_alone else None,
        )
    if 'config.json' in names and any(name.endswith('.safetensors') for name in names):
        architectures = _json(folder / 'config.json').get('architectures') or ['']
        if str(architectures[0]).endswith('ForCausalLM'):
            ability = 'instruct' if _has_chat_template(folder) else 'base'
            return FoundModel(folder, 'causal-lm', 'qwen', (ability,), size=_weight(folder))
    return None


def _sort_file(path: Path, findings: Findings) -> None:
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        because = 'Files of this kind can run any program when they are opened. Use a .safetensors version.'
        findings.refused.append(RefusedFile(path, because))
    elif suffix == '.safetensors':
        try:
            nature = nature_of(read_header(path))
            _sort_weights(path, nature, path.stat().st_size, findings)
        except BrokenModel as error:
            findings.refused.append(RefusedFile(path, str(error)))
        except OSError as error:
            findings.refused.append(RefusedFile(path, f'The file cannot be read: {error.strerror}.'))


def _sort_weights(path: Path, nature: Nature, size: int, findings: Findings) -> None:
    match nature.part, nature.family:
        case 'lora', family:
            findings.loras.append(FoundLora(path, family))
        case 'checkpoint', ('sdxl' | 'sd15' | 'flux') as family if not _is_described(path, family):
            because = (
                'The file does not say how its model is built. Put the configuration of its diffusers version into '
            )
            findings.refused.append(RefusedFile(path, f'{because}a folder {path.stem} beside it.'))
        case 'checkpoint', ('sdxl' | 'sd15' | 'flux') as family:
            native_size = _native_size(path.with_suffix(''))
            findings.models.append(FoundModel(path, '', family, size=size, native_size=native_size))
        case 'checkpoint', family:
            findings.refused.append(RefusedFile(path, f'Checkpoints of the family {family} are not supported.'))
        case 'other', 'lycoris':
            because = 'LoHa, LoKr and OFT files cannot be applied here, only plain LoRAs.'
            findings.refused.append(RefusedFile(path, because))
        case 'transformer', family:
            because = f'This is only the transformer of a {family} model. Its text encoder and VAE are missing: '
            findings.refused.append(RefusedFile(path, because + 'download the whole model on the Models page.'))


def _is_described(path: Path, family: str) -> bool:
    """Whether the configuration of a checkpoint file lies beside it, or comes with the app."""
    places = (path.with_suffix(''), ASSETS_DIR / 'configs' / family)
    return any((place / 'model_index.json').is_file() for place in places)


def _family_of(folder: Path) -> str:
    """The family of a video model where its class alone does not tell, '' otherwise."""
    index = _json(folder / 'model_index.json')
    match index.get('_class_name'):
        case 'WanPipeline' if index.get('expand_timesteps'):
            return 'wan-ti2v'
        case 'WanImageToVideoPipeline' if _json(folder / 'transformer' / 'config.json').get('pos_embed_seq_len'):
            return 'wan-flf2v'
    return ''


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text('utf-8'))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _has_chat_template(folder: Path) -> bool:
    if (folder / 'chat_template.jinja').exists():
        return True
    is_base = folder.name.lower().endswith('base')
    return not is_base and 'chat_template' in _json(folder / 'tokenizer_config.json')


def _native_size(folder: Path) -> int | None:
    """The side in px of the square that a UNet was trained on, None if its files do not say."""
    sample = _json(folder / 'unet' / 'config.json').get('sample_size')
    channels = _json(folder / 'vae' / 'config.json').get('block_out_channels')
    if not isinstance(sample, int) or not isinstance(channels, list) or not channels:
        return None
    return int(sample * 2 ** (len(channels) - 1))


def _weight(folder: Path) -> int:
    return sum(size for _, size in files_of(folder))


def files_of(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every file under the folder with its size in bytes; what vanishes meanwhile is left out."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            try:
                yield path, path.stat().st_size
            except OSError:
                continue
