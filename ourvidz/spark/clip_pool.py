"""The pool of clips: shards of rendered clips as latents, weights of the positions and caption tokens."""

import random
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .clip_captions import caption
from .clip_latents import Projection, box_weights, pixels_of
from .clip_renderer import render_clip
from .clip_scene import random_clip
from .clip_text import ClipText
from .workshop import Workshop

ASPECTS = ('16:9', '16:9', '1:1', '16:9', '16:9', '9:16')
"""Shards take their aspect ratio from here in turn."""

SHARD = 250
CAPTIONS = 2
"""Captions a clip."""

SUBJECT_WEIGHT = 8.0


def fill_pool(workshop: Workshop, *, shards: int, size: int = SHARD) -> None:
    """Renders the shards that are missing."""
    projection, text = Projection.load(workshop), ClipText.load(workshop)
    for index in range(shards):
        path = workshop.pool / f'clip_{index:04}.safetensors'
        if path.exists():
            continue
        started = time.monotonic()
        part = path.with_suffix('.part')
        save_file(make_shard(index, size=size, projection=projection, text=text), part)
        part.replace(path)
        print(f'clips {index} {time.monotonic() - started:.1f} s', flush=True)


def make_shard(index: int, *, size: int, projection: Projection, text: ClipText) -> dict[str, Tensor]:
    """The clips of one shard: latents, weights, codes and token ids."""
    aspect = ASPECTS[index % len(ASPECTS)]
    latents, weights, codes, captions = [], [], [], []
    for seed in range(index * SHARD, index * SHARD + size):
        scene, rng = random_clip(seed, aspect=aspect), random.Random(seed + 1)
        frames, boxes = render_clip(scene)
        pixels = pixels_of(frames)
        latents.append(projection.latents(pixels)[0].half())
        weights.append(box_weights(boxes, pixels.shape[3:], inside=SUBJECT_WEIGHT).to(torch.uint8))
        codes.append(scene.codes())
        captions += [caption(scene, rng).text for _ in range(CAPTIONS)]
    return {
        'latents': torch.stack(latents),
        'weights': torch.stack(weights),
        'codes': torch.tensor(codes, dtype=torch.int8),
        'tokens': text.tokens(captions).reshape(size, CAPTIONS, -1).short(),
    }


def load_clips(workshop: Workshop) -> list[dict[str, Tensor]]:
    """All shards on disk."""
    paths: list[Path] = sorted(workshop.pool.glob('clip_*.safetensors'))
    return [load_file(path) for path in paths]
