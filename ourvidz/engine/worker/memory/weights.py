"""A model's weights by its parts, read from the headers of its .safetensors files before anything is loaded."""

import contextlib
import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

DECODER_END = re.compile(r'decoder\.conv_out(\.conv)?\.weight$')
PREFIXES = {
    'first_stage_model.': 'vae',
    'vae.': 'vae',
    'conditioner.': 'text_encoder',
    'cond_stage_model.': 'text_encoder',
}


class Stage(StrEnum):
    """What a run does one after the other; each stage needs its own parts of the model."""

    ENCODE = 'encode'
    DENOISE = 'denoise'
    DECODE = 'decode'


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a pipeline: bytes of all its weights on the device, and of the largest one."""

    stage: Stage
    bytes: int
    largest: int


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's parts by name; `hidden` is the width of its denoiser, `channels` of its decoder's last layers.

    `value_bytes` is the size of one number in the denoiser. A cell of the latents stands for a square of `cell_side`
    pixels in `cell_frames` frames.
    """

    key: str
    pipeline: str
    parts: dict[str, Part] = field(default_factory=dict)
    hidden: int = 0
    channels: int = 0
    value_bytes: int = 2
    cell_side: int = 8
    cell_frames: int = 4

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts.values())


def read_weights(path: Path, *, key: str, pipeline: str, value_bytes: int) -> Weights:
    """Read the headers of a diffusers (or transformers) folder or of a single file.

    `value_bytes` is the size of a number on the device; Wan's VAE has always 4. Raises ValueError or OSError for a
    damaged file.
    """
    parts: dict[str, Part] = {}
    hidden, channels = 0, 0
    for name, tensors in _parts(path).items():
        stage = _stage(name)
        size = 4 if stage is Stage.DECODE and pipeline.startswith('Wan') else value_bytes
        counts = [math.prod(shape) for shape in tensors.values()]
        parts[name] = Part(stage, sum(counts) * size, max(counts, default=0) * size)
        if stage is Stage.DENOISE:
            hidden = max([hidden, *(min(shape) for shape in tensors.values() if len(shape) == 2)])
        if stage is Stage.DECODE:
            channels = max([channels, *(_per_pixel(shape) for at, shape in tensors.items() if DECODER_END.search(at))])
    return Weights(key, pipeline, parts, hidden, channels, value_bytes, *_cell(path, pipeline))


def _cell(path: Path, pipeline: str) -> tuple[int, int]:
    """Pixels of a latent cell's side, and its frames. LTX looks at each cell, where others look at squares of four."""
    config: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        config = json.loads((path / 'vae' / 'config.json').read_text())
    side = config.get('scale_factor_spatial') or config.get('spatial_compression_ratio') or 8
    frames = config.get('scale_factor_temporal') or config.get('temporal_compression_ratio') or 4
    return int(side) // 2 if pipeline.startswith('LTX') else int(side), int(frames)


def _stage(part: str) -> Stage:
    if part.startswith('vae') or part == 'vocoder':
        return Stage.DECODE
    return Stage.ENCODE if 'encoder' in part else Stage.DENOISE


def _per_pixel(shape: tuple[int, ...]) -> int:
    """Channels of a decoder's last layers for each pixel; some make squares of pixels at once."""
    return max(1, shape[1] * 3 // shape[0]) if len(shape) > 1 else 0


def _parts(path: Path) -> dict[str, dict[str, tuple[int, ...]]]:
    parts: dict[str, dict[str, tuple[int, ...]]] = {}
    if path.is_file():
        for name, shape in _shapes(path, path.stat().st_mtime_ns):
            part = next((part for start, part in PREFIXES.items() if name.startswith(start)), 'transformer')
            parts.setdefault(part, {})[name] = shape
        return parts
    folders = [folder for folder in sorted(path.glob('*')) if folder.is_dir()]
    for folder in folders if (path / 'model_index.json').is_file() else [path]:
        for file in _used(folder):
            part = folder.name if folder != path else 'model'
            parts.setdefault(part, {}).update(_shapes(file, file.stat().st_mtime_ns))
    return parts


def _used(folder: Path) -> list[Path]:
    """Where files of half and of full precision lie side by side, the latter are loaded."""
    files = sorted(folder.glob('*.safetensors'))
    return [file for file in files if '.fp16' not in file.name] or files


@lru_cache(maxsize=128)
def _shapes(path: Path, _changed: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    with path.open('rb') as file:
        (length,) = struct.unpack('<Q', file.read(8))
        if length > 100_000_000:
            raise ValueError(f'{path} is damaged: its header is too long')
        header = json.loads(file.read(length))
    return tuple(_entries(header))


def _entries(header: dict[str, dict[str, list[int]]]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, entry in header.items():
        if name != '__metadata__':
            yield name, tuple(entry['shape'])
