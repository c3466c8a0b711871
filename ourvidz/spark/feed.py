"""What the UNet learns from: scenes to draw out of nothing, scenes to clean of noise, and scenes to change."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from .codes import UNSAID, USUAL, told
from .pool import load_shard, pool_paths
from .scene import ATTRIBUTES, SUBJECTS
from .workshop import Workshop

LAST = 999
"""The timestep that is nothing but noise."""

BOX_WEIGHT = 5.0
EDITED = (150, 900)
"""The timesteps at which a scene can still become another."""

COLOUR, SUBJECT = list(ATTRIBUTES).index('colour'), list(ATTRIBUTES).index('subject')


@dataclass(frozen=True)
class Batch:
    """Scenes of one size: what to draw, what the noise lies over, when, what is told, weights of the positions."""

    latents: Tensor
    sources: Tensor
    steps: Tensor
    pooled: Tensor
    weights: Tensor


class Feed:
    """Draws batches from the pool; takes in shards as they appear."""

    def __init__(self, workshop: Workshop, *, batch: int, generator: torch.Generator) -> None:
        self._workshop, self._batch, self._generator = workshop, batch, generator
        self._shards: dict[Path, dict[str, Tensor]] = {}
        self._mishearings: Tensor | None = None

    @property
    def scenes(self) -> int:
        """Pictures at hand."""
        return sum(len(shard['latents']) for shard in self._shards.values())

    def refresh(self) -> None:
        """Takes in shards that have appeared since, and how the text encoder errs, once it is trained."""
        for path in pool_paths(self._workshop):
            if path not in self._shards:
                self._shards[path] = load_shard(path)
        if self._mishearings is None and self._workshop.mishearings.exists():
            self._mishearings = load_file(self._workshop.mishearings)['errors']

    def next(self, *, drawn: int) -> Batch:
        """A batch, so many of whose samples begin with nothing."""
        shards = list(self._shards.values())
        shard = shards[int(torch.randint(len(shards), (), generator=self._generator))]
        count = len(shard['latents'])
        chosen = self._integers(count, self._batch)
        partners = (chosen + count // 2) % count
        codes, latents = shard['codes'][chosen].long(), shard['latents'][chosen].float()
        steps = self._integers(LAST, self._batch)
        steps[:drawn] = LAST
        is_edit = (self._chance() < 0.5) & (steps > EDITED[0]) & (steps < EDITED[1])
        sources = torch.where(is_edit[:, None, None, None], shard['latents'][partners].float(), latents)
        is_said = self._said(codes, steps)
        edited = shard['changed'][chosen % (count // 2)].long()
        is_said |= is_edit[:, None] & (torch.arange(len(UNSAID)) == edited[:, None])
        return Batch(latents, sources, steps, self._told(codes, is_said), _weights(shard['boxes'][chosen], latents))

    def _said(self, codes: Tensor, steps: Tensor) -> Tensor:
        """Whether something is said, shape (scenes, attributes): what is usual may be left out, midway anything."""
        chance = self._chance(len(UNSAID))
        likely = torch.where(codes == USUAL, 0.6, 1.0)
        is_bare = codes[:, SUBJECT] == SUBJECTS.index('none')
        likely[:, COLOUR] = torch.where(codes[:, COLOUR] == 0, torch.where(is_bare, 0.0, 0.08), 1.0)
        is_loose = (steps != LAST) & (self._chance() < 0.6)
        shares = self._chance()[:, None].square()
        return chance < torch.where(is_loose[:, None], shares, likely)

    def _told(self, codes: Tensor, is_said: Tensor) -> Tensor:
        pooled = told(torch.where(is_said, codes, UNSAID))
        if self._mishearings is None:
            return pooled
        return pooled + self._mishearings[self._integers(len(self._mishearings), self._batch)]

    def _integers(self, high: int, count: int) -> Tensor:
        return torch.randint(high, (count,), generator=self._generator)

    def _chance(self, *width: int) -> Tensor:
        return torch.rand(self._batch, *width, generator=self._generator)


def _weights(boxes: Tensor, latents: Tensor) -> Tensor:
    """Weights of the positions, of mean 1, shape (scenes, 1, rows, columns)."""
    rows, columns = torch.arange(2 * latents.shape[2]), torch.arange(2 * latents.shape[3])
    left, top, side = boxes.long()[:, :, None].unbind(1)
    in_rows = (rows >= top) & (rows < top + side)
    in_columns = (columns >= left) & (columns < left + side)
    inside = in_rows[:, :, None] & in_columns[:, None, :]
    weights = 1 + (BOX_WEIGHT - 1) * functional.avg_pool2d(inside[:, None].float(), 2)
    return weights / weights.mean()
