"""The painter: a small network that tells from latents, and their neighbours, which patterns every cell shows.

It learns from latents as the UNet leaves them, so that it draws clean pictures from imperfect ones. All its work is
done on the coarse grid, so it learns fast; `decoder.py` puts it, with the patterns, into an `AutoencoderKL`.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from .latents import CHANNELS, cut
from .muon import follow, optimizers_of
from .pairs import Pair, batches
from .patterns import KEPT, load_patterns
from .scene import CELL
from .workshop import Workshop, load, save

WIDTH, BRANCHES = 172, 4
EDGE_WEIGHT = 0.4
"""How much the differences of neighbouring pixels count, beside the pixels."""

REACH = 6.0
"""The decoder passes values between plus and minus this unchanged."""


class Branch(nn.Module):
    """What one residual block adds."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        nn.init.normal_(self.conv1.weight, std=(9 * WIDTH) ** -0.5)
        nn.init.normal_(self.conv2.weight, std=0.05 * (9 * WIDTH) ** -0.5)

    def forward(self, seen: Tensor) -> Tensor:
        """Features in, features out, of the same shape."""
        hidden: Tensor = self.conv1(functional.silu(seen))
        added: Tensor = self.conv2(functional.silu(hidden))
        return added


class Painter(nn.Module):
    """Latents (pictures, 32, rows, columns) to features, of which the first ones are strengths of the patterns."""

    patterns: Tensor
    mean: Tensor

    def __init__(self, patterns: Tensor, mean: Tensor) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(CHANNELS, WIDTH, 3, padding=1)
        self.branches = nn.ModuleList(Branch() for _ in range(BRANCHES))
        self.register_buffer('patterns', patterns)
        self.register_buffer('mean', mean)

    @classmethod
    def load(cls, workshop: Workshop) -> 'Painter':
        """The painter as far as it has learned."""
        painter = cls(*load_patterns(workshop)).eval()
        if state := load(workshop.checkpoint('painter')):
            painter.load_state_dict(state['average'])
        return painter

    def forward(self, latents: Tensor) -> Tensor:
        """The strengths of the patterns, shape (pictures, 138, rows, columns)."""
        seen: Tensor = self.conv_in(latents)
        for branch in self.branches:
            seen = seen + branch(seen)
        return seen[:, : KEPT[0]]

    def pixels(self, strengths: Tensor) -> Tensor:
        """The pictures (pictures, 3, height, width) that the strengths tell."""
        return functional.conv_transpose2d(strengths, self.patterns, stride=CELL) + self.mean.repeat(
            1, strengths.shape[2], strengths.shape[3]
        )

    @torch.no_grad()
    def picture(self, latents: Tensor) -> Tensor:
        """The pictures of latents, as the finished decoder draws them: -1 to 1."""
        return self.pixels(self(latents)).clamp(-1, 1)


@dataclass(frozen=True)
class PainterPlan:
    """Minutes in all, the last of them with falling learning rates; batches of the linear fit that comes first."""

    minutes: float = 80
    falling: float = 30
    rate: float = 1e-3
    matrix_rate: float = 3e-4
    batch: int = 8
    fitted: int = 300
    average: float = 0.99

    def pace(self, step: int, seconds: float) -> float:
        """The share of the full learning rates after so many steps and seconds of training."""
        left = max(0.0, self.minutes - seconds / 60) / self.falling
        return min(1.0, (step + 1) / 50, max(left, 0.01))


def train_painter(workshop: Workshop, plan: PainterPlan) -> None:
    """Fits the linear part, then trains until the plan's minutes are over, in as many runs as it takes."""
    torch.manual_seed(2)
    path, average, painter = workshop.checkpoint('painter'), Painter.load(workshop), Painter.load(workshop).train()
    optimizers = optimizers_of(painter, rate=plan.rate, matrix_rate=plan.matrix_rate)
    state = load(path) or {'step': 0, 'seconds': 0.0}
    pairs = batches(workshop, batch=plan.batch, seed=state['step'])
    if 'painter' in state:
        painter.load_state_dict(state['painter'])
        for optimizer, one in zip(optimizers, state['optimizers'], strict=True):
            optimizer.load_state_dict(one)
    else:
        _fit(painter, pairs, count=plan.fitted)
        average.load_state_dict(painter.state_dict())
    step, seconds, last, errors = state['step'], state['seconds'], time.monotonic(), []
    while True:
        if step % 50 == 0 or seconds >= plan.minutes * 60:
            _save(path, painter, average, optimizers, step=step, seconds=seconds)
        if seconds >= plan.minutes * 60:
            break
        pace = plan.pace(step, seconds)
        for optimizer, rate in zip(optimizers, (plan.matrix_rate, plan.rate), strict=True):
            optimizer.param_groups[0]['lr'] = rate * pace
        pair = next(pairs)
        with torch.autocast('cpu', torch.bfloat16):
            strengths = painter(pair.latents).float()
            drawn = painter.pixels(strengths).float()
        painter.zero_grad()
        torch.autograd.backward(_loss(drawn, pair) + (strengths.abs() - REACH).relu().square().mean())
        nn.utils.clip_grad_norm_(painter.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        follow(average, painter, min(plan.average, step / (step + 20)))
        errors.append((drawn.detach().clamp(-1, 1) - pair.pixels).square().mean((1, 2, 3)))
        seconds, last = seconds + time.monotonic() - last, time.monotonic()
        if step % 50 == 0:
            decibels = float(10 * torch.log10(4 / torch.cat(errors).mean()))
            print(f'painter {step} {seconds / 60:.1f} min {decibels:.2f} dB pace {pace:.2f}', flush=True)
            errors.clear()


def _save(
    path: Path,
    painter: Painter,
    average: Painter,
    optimizers: list[torch.optim.Optimizer],
    *,
    step: int,
    seconds: float,
) -> None:
    save(
        {
            'painter': painter.state_dict(),
            'average': average.state_dict(),
            'optimizers': [optimizer.state_dict() for optimizer in optimizers],
            'step': step,
            'seconds': seconds,
        },
        path,
    )


@torch.no_grad()
def _fit(painter: Painter, pairs: Iterator[Pair], *, count: int) -> None:
    """Begins with the best linear map from latents and their neighbours, by least squares."""
    inputs = 9 * CHANNELS + 1
    gram, cross = 30 * torch.eye(inputs), torch.zeros(inputs, KEPT[0])
    inverse = torch.linalg.pinv(painter.patterns.flatten(1))
    for pair in islice(pairs, count):
        seen = functional.unfold(pair.latents, 3, padding=1).transpose(1, 2).flatten(0, 1)
        seen = torch.cat((seen, torch.ones(len(seen), 1)), dim=1)
        weighted = seen * pair.weights[:, 0, ::CELL, ::CELL].reshape(-1, 1)
        gram += weighted.T @ seen
        cross += weighted.T @ ((cut(pair.pixels) - painter.mean.flatten()) @ inverse)
    found = torch.linalg.solve(gram, cross).T
    shape = KEPT[0], CHANNELS, 3, 3
    for part, values in zip(painter.conv_in.parameters(), (found[:, :-1].reshape(shape), found[:, -1]), strict=True):
        part[: KEPT[0]] = values


def _loss(drawn: Tensor, pair: Pair) -> Tensor:
    """The absolute error of the pixels and of their differences to the right and below."""
    error = drawn - pair.pixels
    loss = (error.abs() * pair.weights).mean()
    for axis in (2, 3):
        weights = pair.weights.narrow(axis, 0, error.shape[axis] - 1)
        loss = loss + EDGE_WEIGHT * (error.diff(dim=axis).abs() * weights).mean()
    return loss
