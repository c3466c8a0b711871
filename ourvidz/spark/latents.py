"""Latents without a trained encoder: both halves of 32x32-pixel patches projected on their principal components."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from .renderer import render
from .scene import CELL, GRID, SIZES, random_scene
from .workshop import Workshop

COMPONENTS = 64
"""Components of a half patch, 16 pixels wide and 32 high."""

CHANNELS = 2 * COMPONENTS
"""Those of the left half, then those of the right half."""

HALF = CELL // 2

SUBJECT_WEIGHT = 3.0
"""How much more a patch of the subject counts than one of the background."""

LEAST, SIZE = 0.08, 0.6
"""The least spread that a channel is divided by, as a share of the first channel's, and the latents' size."""


def pixels_of(picture: Image.Image) -> Tensor:
    """An RGB picture as a tensor of shape (3, height, width), -1 to 1."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1


@dataclass(frozen=True)
class Projection:
    """Mean (1536) of the half patches, components (COMPONENTS, 1536), each one's deviation (COMPONENTS)."""

    mean: Tensor
    components: Tensor
    deviations: Tensor

    @classmethod
    def load(cls, path: Path) -> 'Projection':
        """Reads what `fit_projection` wrote."""
        return cls(**load_file(path))

    @property
    def divisors(self) -> Tensor:
        """What the components are divided by."""
        return self.deviations.clamp(min=float(LEAST * self.deviations[0])) / SIZE

    @property
    def kernels(self) -> Tensor:
        """The patterns that are looked for in half patches, shape (COMPONENTS, 3, 32, 16)."""
        return (self.components / self.divisors[:, None]).reshape(COMPONENTS, 3, CELL, HALF)

    @property
    def patterns(self) -> Tensor:
        """What one unit of each component adds to a half patch, shape (COMPONENTS, 3, 32, 16)."""
        return (self.components * self.divisors[:, None]).reshape(COMPONENTS, 3, CELL, HALF)

    def latents(self, pixels: Tensor) -> Tensor:
        """Latents (pictures, CHANNELS, height / 32, width / 32) of pictures (pictures, 3, height, width)."""
        offset = -(self.components @ self.mean) / self.divisors
        halves = functional.conv2d(pixels, self.kernels, offset, stride=(CELL, HALF))
        return torch.cat((halves[..., 0::2], halves[..., 1::2]), dim=1)

    def pixels(self, latents: Tensor) -> Tensor:
        """The pictures that the latents stand for, as well as a linear map can tell."""
        halves = torch.stack(torch.split(latents, COMPONENTS, dim=1), dim=-1).flatten(3)
        shown = functional.conv_transpose2d(halves, self.patterns, stride=(CELL, HALF))
        return shown + self.mean.reshape(3, CELL, HALF).repeat(1, latents.shape[2], 2 * latents.shape[3])


def fit_projection(workshop: Workshop, *, scenes: int = 1500) -> Projection:
    """Finds the principal components of random renders, writes them and prints how well they tell the pictures."""
    total, count = torch.zeros(3 * CELL * HALF, dtype=torch.float64), 0.0
    square = torch.zeros(len(total), len(total))
    for index in range(scenes):
        drawn = render(random_scene(index, aspect=list(SIZES)[index % len(SIZES)]))
        weights = box_weights(drawn.box, drawn.picture.size, inside=SUBJECT_WEIGHT)
        weights = functional.avg_pool2d(weights[None], (2, 1))[0].reshape(-1, 1)
        patches = functional.unfold(pixels_of(drawn.picture)[None], (CELL, HALF), stride=(CELL, HALF))[0].T
        square += patches.T @ (patches * weights)
        total += (patches * weights).sum(0)
        count += float(weights.sum())
    mean = (total / count).float()
    values, vectors = torch.linalg.eigh(square / count - torch.outer(mean, mean))
    components = vectors.T.flip(0)[:COMPONENTS].contiguous()
    projection = Projection(mean, components, values.flip(0)[:COMPONENTS].clamp(min=0).sqrt())
    save_file(vars(projection), workshop.projection)
    error = torch.stack([_error(projection, _random_pixels(10**6 + index)) for index in range(100)]).mean()
    print(f'projection: {float(10 * torch.log10(4 / error)):.1f} dB, deviations {projection.deviations.tolist()}')
    return projection


def box_weights(box: tuple[int, int, int], size: tuple[int, int], *, inside: float) -> Tensor:
    """A weight for every square of the grid, shape (height / 16, width / 16): `inside` in the subject's box, else 1."""
    weights = torch.ones(size[1] // GRID, size[0] // GRID)
    left, top, side = box
    weights[top : top + side, left : left + side] = inside
    return weights


def _error(projection: Projection, pixels: Tensor) -> Tensor:
    return (projection.pixels(projection.latents(pixels)).clamp(-1, 1) - pixels).square().mean()


def _random_pixels(seed: int) -> Tensor:
    aspect = list(SIZES)[seed % len(SIZES)]
    return pixels_of(render(random_scene(seed, aspect=aspect)).picture)[None]
