"""The judge: a classifier of all attributes, trained on renders only, that tells what a picture shows."""

import time
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .latents import Projection, pixels_of
from .muon import optimizers_of
from .pool import load_shard, pool_paths
from .renderer import render
from .scene import ATTRIBUTES, SIZES, random_scene
from .workshop import Workshop, load, save

JUDGED = ('subject', 'colour', 'place', 'time', 'weather', 'shot', 'angle', 'style')


class Judge(nn.Module):
    """Convolutions over the halved picture, pooled by mean and maximum; one linear layer an attribute."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 128, 160)
        layers = [nn.Conv2d(before, after, 3, stride=2, padding=1) for before, after in pairwise(widths)]
        layers.append(nn.Conv2d(160, 160, 3, padding=1))
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(nn.GroupNorm(8, layer.out_channels) for layer in layers)
        self.heads = nn.ModuleList(nn.Linear(320, len(values)) for values in ATTRIBUTES.values())

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Scores an attribute, shape (pictures, values), of pictures (pictures, 3, height, width) from -1 to 1."""
        seen = functional.avg_pool2d(pixels, 2)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            seen = functional.silu(norm(layer(seen)))
        read = torch.cat((seen.mean((2, 3)), seen.amax((2, 3))), dim=1)
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
            judge.load_state_dict(state['judge'])
        return judge


def train_judge(workshop: Workshop, *, minutes: float = 12, batch: int = 16) -> None:
    """Trains until the minutes are over, on crisp renders and on those that went through the linear latents."""
    torch.manual_seed(3)
    judge = Judge().train()
    optimizers = optimizers_of(judge, rate=2e-3, matrix_rate=6e-4)
    step, seconds, path = 0, 0.0, workshop.checkpoint('judge')
    if state := load(path):
        judge.load_state_dict(state['judge'])
        step, seconds = state['step'], state['seconds']
    batches, last, right = _batches(workshop, batch=batch, seed=step), time.monotonic(), []
    while seconds < minutes * 60:
        pace = min(1.0, (step + 1) / 50, max(0.02, 2 * (1 - seconds / minutes / 60)))
        for optimizer, rate in zip(optimizers, (6e-4, 2e-3), strict=True):
            optimizer.param_groups[0]['lr'] = rate * pace
        pixels, codes = next(batches)
        with torch.autocast('cpu', torch.bfloat16):
            scores = judge(_worn(pixels))
        loss = torch.stack([functional.cross_entropy(one.float(), codes[:, i]) for i, one in enumerate(scores)]).sum()
        judge.zero_grad()
        torch.autograd.backward(loss)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        right.append(torch.stack([(one.argmax(1) == codes[:, i]).float().mean() for i, one in enumerate(scores)]))
        seconds, last = seconds + time.monotonic() - last, time.monotonic()
        if step % 100 == 0 or seconds >= minutes * 60:
            means = torch.stack(right).mean(0).tolist()
            shown = ' '.join(f'{name} {mean:.2f}' for name, mean in zip(JUDGED, means, strict=True))
            print(f'judge {step} {seconds / 60:.1f} min {shown}', flush=True)
            right.clear()
            save({'judge': judge.state_dict(), 'step': step, 'seconds': seconds}, path)


def _batches(workshop: Workshop, *, batch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    projection, shards = Projection.load(workshop.projection), [load_shard(path) for path in pool_paths(workshop)]
    generator, scene_seed = torch.Generator().manual_seed(seed), 2 * 10**7 + seed * batch
    while True:
        shard = shards[int(torch.randint(len(shards), (), generator=generator))]
        chosen = torch.randint(len(shard['latents']), (batch,), generator=generator)
        latents = shard['latents'][chosen].float()
        latents += torch.randn(latents.shape, generator=generator) * 0.25 * torch.rand(batch, 1, 1, 1)
        yield projection.pixels(latents).clamp(-1, 1), shard['codes'][chosen].long()
        aspect = list(SIZES)[int(torch.randint(len(SIZES), (), generator=generator))]
        scenes = [random_scene(scene_seed + index, aspect=aspect) for index in range(batch)]
        scene_seed += batch
        crisp = torch.stack([pixels_of(render(scene).picture) for scene in scenes])
        yield crisp, torch.tensor([scene.codes() for scene in scenes])


def _worn(pixels: Tensor) -> Tensor:
    """Pictures blurred at random, for generated ones are softer than renders."""
    factor = (1, 1, 2, 4)[int(torch.randint(4, ()))]
    if factor == 1:
        return pixels
    small = functional.avg_pool2d(pixels, factor)
    return functional.interpolate(small, scale_factor=factor, mode='bilinear')
