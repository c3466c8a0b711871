"""The pool: shards of rendered scenes as latents, attributes, subject's box and caption tokens."""

import random
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .captions import caption
from .latents import Projection, pixels_of
from .renderer import render
from .scene import random_scene
from .text import Text
from .workshop import Workshop

ASPECTS = ('16:9', '1:1', '16:9', '9:16')
"""Shards take their aspect ratio from here in turn."""

SHARD = 1000
CAPTIONS = 2
"""Captions a scene."""


def fill_pool(workshop: Workshop, *, shards: int, size: int = SHARD) -> None:
    """Renders the shards that are missing."""
    projection, text = Projection.load(workshop.projection), Text.load(workshop.text)
    for index in range(shards):
        path = workshop.pool / f'{index:04}.safetensors'
        if path.exists():
            continue
        started = time.monotonic()
        part = path.with_suffix('.part')
        save_file(make_shard(index, size=size, projection=projection, text=text), part)
        part.replace(path)
        print(f'pool {index} {time.monotonic() - started:.1f} s', flush=True)


def make_shard(index: int, *, size: int, projection: Projection, text: Text) -> dict[str, Tensor]:
    """The scenes of one shard: latents, codes, boxes and token ids."""
    aspect = ASPECTS[index % len(ASPECTS)]
    latents, codes, boxes, captions = [], [], [], []
    for seed in range(index * SHARD, index * SHARD + size):
        scene = random_scene(seed, aspect=aspect)
        drawn, rng = render(scene), random.Random(seed + 1)
        latents.append(projection.latents(pixels_of(drawn.picture)[None])[0].half())
        codes.append(scene.codes())
        boxes.append(drawn.box)
        captions += [caption(scene, rng).text for _ in range(CAPTIONS)]
    return {
        'latents': torch.stack(latents),
        'codes': torch.tensor(codes, dtype=torch.int8),
        'boxes': torch.tensor(boxes, dtype=torch.int8),
        'tokens': text.tokens(captions).reshape(size, CAPTIONS, -1).short(),
    }


def pool_paths(workshop: Workshop) -> list[Path]:
    """The shards on disk."""
    return sorted(workshop.pool.glob('*.safetensors'))


def load_shard(path: Path) -> dict[str, Tensor]:
    """Reads a shard."""
    shard: dict[str, Tensor] = load_file(path)
    return shard
