"""The judge: a classifier of all attributes, trained on renders only, that tells what a picture shows."""

import time
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .latents import Projection
from .muon import follow
from .pool import load_shard, pool_paths
from .scene import ATTRIBUTES, OF_SUBJECT
from .workshop import Workshop, load, save

RATE = 2e-3
PLACES = 4
"""Rows and columns of the coarse map that tells where things are."""


class Judge(nn.Module):
    """Convolutions over the halved picture, pooled whole and by places; one linear layer an attribute."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 48, 96, 128)
        layers = [nn.Conv2d(before, after, 3, stride=2, padding=1) for before, after in pairwise(widths)]
        layers.append(nn.Conv2d(128, 128, 3, padding=1))
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(nn.GroupNorm(8, layer.out_channels) for layer in layers)
        self.mapped = nn.Conv2d(128, 24, 1)
        self.heads = nn.ModuleList(nn.Linear(256 + 24 * PLACES**2, len(values)) for values in ATTRIBUTES.values())

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Scores an attribute, shape (pictures, values), of pictures (pictures, 3, height, width) from -1 to 1."""
        seen = functional.avg_pool2d(pixels, 2)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            seen = functional.silu(norm(layer(seen)))
        places = functional.adaptive_avg_pool2d(self.mapped(seen), PLACES).flatten(1)
        read = torch.cat((seen.mean((2, 3)), seen.amax((2, 3)), places), dim=1)
        return [head(read) for head in self.heads]

    @torch.no_grad()
    def verdicts(self, pixels: Tensor) -> Tensor:
        """The most likely value of every attribute, shape (pictures, attributes)."""
        scores = [self(part) for part in torch.split(pixels, 20)]
        return torch.stack([torch.cat(parts).argmax(1) for parts in zip(*scores, strict=True)], dim=1)

    @classmethod
    def load(cls, workshop: Workshop) -> 'Judge':
        """Reads what `train_judge` wrote; a fresh judge if there is none."""
        judge = cls().eval()
        if state := load(workshop.checkpoint('judge')):
            judge.load_state_dict(state['average'])
        return judge


def train_judge(workshop: Workshop, *, steps: int = 1500, batch: int = 16) -> None:
    """Trains for so many steps on the pool's pictures, some blurred, some grainy."""
    torch.manual_seed(3)
    judge, average = Judge().train(), Judge()
    optimizer = torch.optim.AdamW(judge.parameters(), lr=RATE, weight_decay=0.02, fused=True)
    done, path = 0, workshop.checkpoint('judge')
    if state := load(path):
        judge.load_state_dict(state['judge'])
        optimizer.load_state_dict(state['optimizer'])
        average.load_state_dict(state['average'])
        done = state['step']
    batches, started, right = _batches(workshop, batch=batch, seed=done), time.monotonic(), list[Tensor]()
    for step in range(done + 1, steps + 1):
        for group in optimizer.param_groups:
            group['lr'] = RATE * min(1.0, step / 50, max(0.02, 1.6 * (1 - step / steps)))
        pixels, codes = next(batches)
        scores = judge(_worn(pixels))
        loss = torch.stack([_loss(one, codes[:, at], name) for at, (one, name) in enumerate(_named(scores))]).sum()
        judge.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        follow(average, judge, min(0.99, step / (step + 20)))
        right.append(torch.stack([(one.argmax(1) == codes[:, at]).float().mean() for at, one in enumerate(scores)]))
        if step % 100 == 0 or step == steps:
            means = torch.stack(right).mean(0).tolist()
            shown = ' '.join(f'{name} {mean:.2f}' for name, mean in zip(ATTRIBUTES, means, strict=True))
            print(f'judge {step} {time.monotonic() - started:.0f} s {shown}', flush=True)
            right.clear()
            save(
                {
                    'judge': judge.state_dict(),
                    'average': average.state_dict(),
                    'optimizer': optimizer.state_dict(),
                    'step': step,
                },
                path,
            )


def _named(scores: list[Tensor]) -> Iterator[tuple[Tensor, str]]:
    return zip(scores, ATTRIBUTES, strict=True)


def _loss(scores: Tensor, codes: Tensor, name: str) -> Tensor:
    """Cross-entropy; scenes without a subject say nothing about where it is."""
    if name in OF_SUBJECT:
        codes = torch.where(codes < 0, -100, codes)
    return functional.cross_entropy(scores, codes)


def _batches(workshop: Workshop, *, batch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    projection, shards = Projection.load(workshop.projection), [load_shard(path) for path in pool_paths(workshop)]
    generator, bare = torch.Generator().manual_seed(seed), torch.tensor([name in OF_SUBJECT for name in ATTRIBUTES])
    while True:
        shard = shards[int(torch.randint(len(shards), (), generator=generator))]
        chosen = torch.randint(len(shard['latents']), (batch,), generator=generator)
        latents, codes = shard['latents'][chosen].float(), shard['codes'][chosen].long()
        grain = 0.2 * torch.rand(batch, 1, 1, 1, generator=generator).square()
        latents += torch.randn(latents.shape, generator=generator) * grain
        yield projection.pixels(latents).clamp(-1, 1), torch.where((codes[:, :1] == 0) & bare, -1, codes)


def _worn(pixels: Tensor) -> Tensor:
    """Pictures blurred at random, for generated ones are softer than renders."""
    factor = (1, 1, 2, 4)[int(torch.randint(4, ()))]
    if factor == 1:
        return pixels
    small = functional.avg_pool2d(pixels, factor)
    return functional.interpolate(small, scale_factor=factor, mode='bilinear')
