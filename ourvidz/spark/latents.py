"""Latents without a trained encoder: 32x32-pixel patches projected on their first principal components."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from .renderer import render
from .scene import CELL, SIZES, random_scene
from .workshop import Workshop

CHANNELS = 32
SUBJECT_WEIGHT = 4.0
"""How much more a patch of the subject counts than one of the background."""


def pixels_of(picture: Image.Image) -> Tensor:
    """An RGB picture as a tensor of shape (3, height, width), -1 to 1."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1


@dataclass(frozen=True)
class Projection:
    """Mean (3072) of the patches, components (CHANNELS, 3072), and each component's deviation (CHANNELS)."""

    mean: Tensor
    components: Tensor
    deviations: Tensor

    @classmethod
    def load(cls, path: Path) -> 'Projection':
        """Reads what `fit_projection` wrote."""
        return cls(**load_file(path))

    def latents(self, pixels: Tensor) -> Tensor:
        """Latents (pictures, CHANNELS, height / 32, width / 32) of pictures (pictures, 3, height, width)."""
        count, _, height, width = pixels.shape
        latents = (cut(pixels) - self.mean) @ self.components.T / self.deviations
        return latents.reshape(count, height // CELL, width // CELL, CHANNELS).permute(0, 3, 1, 2).contiguous()

    def pixels(self, latents: Tensor) -> Tensor:
        """The pictures that the latents stand for, as well as a linear map can tell."""
        count, _, rows, columns = latents.shape
        patches = latents.permute(0, 2, 3, 1) * self.deviations @ self.components + self.mean
        patches = patches.reshape(count, rows, columns, 3, CELL, CELL).permute(0, 3, 1, 4, 2, 5)
        return patches.reshape(count, 3, rows * CELL, columns * CELL)


def fit_projection(workshop: Workshop, *, scenes: int = 1500) -> Projection:
    """Finds the principal components of random renders, writes them and prints how well they tell the pictures."""
    total, count = torch.zeros(3 * CELL * CELL, dtype=torch.float64), 0.0
    square = torch.zeros(len(total), len(total))
    for index in range(scenes):
        drawn = render(random_scene(index, aspect=list(SIZES)[index % len(SIZES)]))
        weights = box_weights(drawn.box, drawn.picture.size, inside=SUBJECT_WEIGHT).reshape(-1, 1)
        patches = cut(pixels_of(drawn.picture)[None])
        square += patches.T @ (patches * weights)
        total += (patches * weights).sum(0)
        count += float(weights.sum())
    mean = (total / count).float()
    values, vectors = torch.linalg.eigh(square / count - torch.outer(mean, mean))
    components = vectors.T.flip(0)[:CHANNELS].contiguous()
    projection = Projection(mean, components, values.flip(0)[:CHANNELS].sqrt())
    save_file(vars(projection), workshop.projection)
    error = torch.stack([_error(projection, _random_pixels(-1 - index)) for index in range(100)]).mean()
    print(f'projection: {float(10 * torch.log10(4 / error)):.1f} dB, deviations {projection.deviations.tolist()}')
    return projection


def box_weights(box: tuple[int, int, int], size: tuple[int, int], *, inside: float) -> Tensor:
    """A weight for every latent position, shape (height / 32, width / 32): `inside` in the subject's box, else 1."""
    weights = torch.ones(size[1] // CELL, size[0] // CELL)
    left, top, side = box
    weights[top : top + side, left : left + side] = inside
    return weights


def _error(projection: Projection, pixels: Tensor) -> Tensor:
    return (projection.pixels(projection.latents(pixels)) - pixels).square().mean()


def _random_pixels(seed: int) -> Tensor:
    aspect = list(SIZES)[seed % len(SIZES)]
    return pixels_of(render(random_scene(seed, aspect=aspect)).picture)[None]


def cut(pixels: Tensor) -> Tensor:
    """The patches (pictures x rows x columns, 3072) of pictures (pictures, 3, height, width)."""
    count, channels, height, width = pixels.shape
    parts = pixels.reshape(count, channels, height // CELL, CELL, width // CELL, CELL)
    return parts.permute(0, 2, 4, 1, 3, 5).reshape(-1, channels * CELL * CELL)
