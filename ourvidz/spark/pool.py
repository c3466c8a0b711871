"""The pool: shards of scenes as latents, codes and boxes, always two scenes that differ in one attribute."""

import random
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .latents import Projection, pixels_of
from .renderer import render
from .scene import ATTRIBUTES, changed, random_scene
from .workshop import Workshop

ASPECTS = ('16:9', '1:1', '16:9', '9:16')
"""Shards take their aspect ratio from here in turn."""

SHARD = 1000
"""Pictures of a shard; the second half shows the first half's scenes with one attribute changed."""


def fill_pool(workshop: Workshop, *, shards: int, size: int = SHARD) -> None:
    """Renders the shards that are missing."""
    projection = Projection.load(workshop.projection)
    for index in range(shards):
        path = workshop.pool / f'{index:04}.safetensors'
        if path.exists():
            continue
        started = time.monotonic()
        part = path.with_suffix('.part')
        save_file(make_shard(index, size=size, projection=projection), part)
        part.replace(path)
        print(f'pool {index} {time.monotonic() - started:.1f} s', flush=True)


def make_shard(index: int, *, size: int, projection: Projection) -> dict[str, Tensor]:
    """The scenes of one shard: latents, codes, boxes, and for the second half which attribute was changed."""
    aspect, rng = ASPECTS[index % len(ASPECTS)], random.Random(index)
    scenes = [random_scene(index * SHARD + offset, aspect=aspect) for offset in range(size // 2)]
    others = [changed(scene, rng) for scene in scenes]
    latents, boxes = [], []
    for scene in (*scenes, *(other for other, _ in others)):
        drawn = render(scene)
        latents.append(projection.latents(pixels_of(drawn.picture)[None])[0].half())
        boxes.append(drawn.box)
    codes = [scene.codes() for scene in (*scenes, *(other for other, _ in others))]
    return {
        'latents': torch.stack(latents),
        'codes': torch.tensor(codes, dtype=torch.int8),
        'boxes': torch.tensor(boxes, dtype=torch.int8),
        'changed': torch.tensor([list(ATTRIBUTES).index(name) for _, name in others], dtype=torch.int8),
    }


def pool_paths(workshop: Workshop) -> list[Path]:
    """The shards on disk."""
    return sorted(workshop.pool.glob('*.safetensors'))


def load_shard(path: Path) -> dict[str, Tensor]:
    """Reads a shard."""
    shard: dict[str, Tensor] = load_file(path)
    return shard
