"""What the painter learns from: renders, and their latents as they may come: true, noisy or drawn by the UNet."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .captions import caption
from .latents import Projection, box_weights, pixels_of
from .renderer import render
from .scene import CELL, SIZES, Scene, random_scene
from .text import Text
from .unet import new_scheduler, new_unet, time_ids
from .workshop import Workshop, load

FIRST = 10**9
"""Seed of the first scene."""

SHARD, CHUNK = 64, 8
"""Scenes a file, and scenes that are redrawn at once."""

NOISE = 0.45
"""Deviation of the strongest noise."""

GUIDANCE, HOPS = 3.0, 3
SUBJECT_WEIGHT = 2.5


@dataclass(frozen=True)
class Pair:
    """Latents as they may come, the pictures they stand for, and the weights of the pixels."""

    latents: Tensor
    pixels: Tensor
    weights: Tensor


def fill_pairs(workshop: Workshop, *, shards: int, size: int = SHARD) -> None:
    """Renders the scenes of the shards that are missing and lets the UNet, as far as it has learned, redraw them."""
    maker = _Maker(workshop)
    for index in range(shards):
        path = workshop.pairs / f'{index:04}.safetensors'
        if path.exists():
            continue
        started = time.monotonic()
        aspect = list(SIZES)[index % len(SIZES)]
        scenes = [random_scene(FIRST + index * SHARD + seed, aspect=aspect) for seed in range(size)]
        chunks = [maker.made(scenes[first : first + CHUNK]) for first in range(0, size, CHUNK)]
        part = path.with_suffix('.part')
        save_file({name: torch.cat([chunk[name] for chunk in chunks]) for name in chunks[0]}, part)
        part.replace(path)
        print(f'pairs {index} {time.monotonic() - started:.1f} s', flush=True)


def batches(workshop: Workshop, *, batch: int, seed: int) -> Iterator[Pair]:
    """Batches without end, each of one size."""
    generator = torch.Generator().manual_seed(seed)
    shards = [load_file(path) for path in sorted(workshop.pairs.glob('*.safetensors'))]
    while True:
        shard = shards[int(torch.randint(len(shards), (), generator=generator))]
        chosen = torch.randint(len(shard['pixels']), (batch,), generator=generator)
        way = torch.rand((batch, 1, 1, 1), generator=generator)
        latents = torch.where(way < 0.5, shard['redrawn'][chosen], shard['latents'][chosen]).float()
        strength = NOISE * torch.rand((batch, 1, 1, 1), generator=generator)
        strength = torch.where(way < 0.5, 0.3 * strength, torch.where(way < 0.8, strength, 0.0))
        noisy = latents + strength * torch.randn(latents.shape, generator=generator)
        weights = shard['weights'][chosen].repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)
        yield Pair(noisy, shard['pixels'][chosen].float() / 127.5 - 1, weights)


class _Maker:
    """Renders scenes and redraws them."""

    def __init__(self, workshop: Workshop) -> None:
        self._projection, self._text = Projection.load(workshop.projection), Text.load(workshop.text)
        self._signal = new_scheduler().alphas_cumprod.float()
        self._unet: Any = new_unet().eval()
        if state := load(workshop.checkpoint('unet')):
            self._unet.load_state_dict(state['average'])

    @torch.no_grad()
    def made(self, scenes: list[Scene]) -> dict[str, Tensor]:
        """Pixels as bytes, weights of the positions, latents, and these as the UNet redraws them."""
        drawn = [render(scene) for scene in scenes]
        latents = self._projection.latents(torch.stack([pixels_of(one.picture) for one in drawn]))
        weights = [box_weights(one.box, one.picture.size, inside=SUBJECT_WEIGHT)[None] for one in drawn]
        return {
            'pixels': torch.from_numpy(np.stack([np.array(one.picture) for one in drawn]))
            .permute(0, 3, 1, 2)
            .contiguous(),
            'weights': torch.stack(weights),
            'latents': latents.half(),
            'redrawn': self._redrawn(latents, scenes).half(),
        }

    def _redrawn(self, latents: Tensor, scenes: list[Scene]) -> Tensor:
        """The latents with noise from halfway on, denoised again with guidance as the pipeline does it."""
        generator = torch.Generator().manual_seed(scenes[0].seed)
        texts = [caption(scene, random.Random(scene.seed + 1)).text for scene in scenes]
        embeddings, pooled = self._text.encode(self._text.tokens([''] * len(scenes) + texts))
        conditions = {'text_embeds': pooled, 'time_ids': time_ids(latents).repeat(2, 1)}
        start = int(torch.randint(250, 900, (), generator=generator))
        steps = [start * (HOPS - hop) // HOPS for hop in range(HOPS)]
        clean, noise = latents, torch.randn(latents.shape, generator=generator)
        for step in steps:
            signal = self._signal[step]
            noisy = signal.sqrt() * clean + (1 - signal).sqrt() * noise
            with torch.autocast('cpu', torch.bfloat16):
                told = self._unet(noisy.repeat(2, 1, 1, 1), step, embeddings, added_cond_kwargs=conditions).sample
            empty, full = told.float().chunk(2)
            velocity = empty + GUIDANCE * (full - empty)
            clean = signal.sqrt() * noisy - (1 - signal).sqrt() * velocity
            noise = (1 - signal).sqrt() * noisy + signal.sqrt() * velocity
        return clean
