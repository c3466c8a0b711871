"""Latents of clips without a trained encoder: 16x16-pixel patches of every frame on their principal components."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import patchify, unpatchify
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from .clip_renderer import Frames, render_clip
from .clip_scene import CELL, SIZES, random_clip
from .workshop import Workshop

CHANNELS = 48
SUBJECT_WEIGHT = 4.0
"""How much more a patch of the subject counts than one of the background."""


def pixels_of(frames: Frames) -> Tensor:
    """Frames (frames, height, width, 3) as a tensor of shape (1, 3, frames, height, width), -1 to 1."""
    return torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float() / 127.5 - 1


def path_of(workshop: Workshop) -> Path:
    """The file of the projection."""
    return workshop.path / 'clip_projection.safetensors'


@dataclass(frozen=True)
class Projection:
    """Mean (768) of the patches in `patchify`'s order, components (CHANNELS, 768), each component's scale (CHANNELS).

    The scale is the root of a component's deviation, so that coarse things have larger latents than fine ones.
    """

    mean: Tensor
    components: Tensor
    scales: Tensor

    @classmethod
    def load(cls, workshop: Workshop) -> 'Projection':
        """Reads what `fit_projection` wrote."""
        return cls(**load_file(path_of(workshop)))

    def latents(self, pixels: Tensor) -> Tensor:
        """Latents (clips, CHANNELS, frames, height / 16, width / 16) of clips (clips, 3, frames, height, width)."""
        patches = patchify(pixels, CELL) - self.mean[:, None, None, None]
        return torch.einsum('kp,bpfhw->bkfhw', self.components / self.scales[:, None], patches)

    def pixels(self, latents: Tensor) -> Tensor:
        """The clips that the latents stand for, as well as a linear map can tell."""
        patches = torch.einsum('kp,bkfhw->bpfhw', self.components * self.scales[:, None], latents)
        pixels: Tensor = unpatchify(patches + self.mean[:, None, None, None], CELL)
        return pixels


def fit_projection(workshop: Workshop, *, clips: int = 900) -> Projection:
    """Finds the principal components of random frames, writes them and prints how well they tell other frames."""
    size = 3 * CELL * CELL
    total, count, square = torch.zeros(size), 0.0, torch.zeros(size, size)
    for index in range(clips):
        pixels, boxes = _few_frames(index)
        weights = box_weights(boxes, pixels.shape[3:], inside=SUBJECT_WEIGHT).flatten()[:, None]
        patches = patchify(pixels, CELL)[0].flatten(1).T
        square += patches.T @ (patches * weights)
        total += (patches * weights).sum(0)
        count += float(weights.sum())
    mean = total / count
    values, vectors = torch.linalg.eigh((square / count - torch.outer(mean, mean)).double())
    values, vectors = values.float().clamp(min=0), vectors.float()
    roots = values.flip(0)[:CHANNELS] ** 0.25
    scales = roots * (values.flip(0)[:CHANNELS] / roots**2).mean().sqrt()
    projection = Projection(mean, vectors.T.flip(0)[:CHANNELS].contiguous(), scales)
    save_file(vars(projection), path_of(workshop))
    errors = [_error(projection, 10**8 + index) for index in range(60)]
    print(f'projection: {decibels(torch.stack(errors).mean()):.1f} dB', flush=True)
    return projection


def decibels(error: Tensor) -> float:
    """A mean squared error of pixels from -1 to 1 as peak signal to noise ratio."""
    return float(10 * torch.log10(4 / error))


def box_weights(boxes: NDArray[np.int16], size: torch.Size, *, inside: float) -> Tensor:
    """A weight for every latent position (frames, height / 16, width / 16): `inside` the subject's box, else 1."""
    rows, columns = (torch.arange(0, side, CELL) for side in size)
    left, top, side = torch.from_numpy(boxes.astype(np.int64))[:, :, None].unbind(1)
    in_rows = (rows > top - CELL) & (rows < top + side)
    in_columns = (columns > left - CELL) & (columns < left + side)
    return 1 + (inside - 1) * (in_rows[:, :, None] & in_columns[:, None, :]).float()


def _few_frames(seed: int) -> tuple[Tensor, NDArray[np.int16]]:
    frames, boxes = render_clip(random_clip(seed, aspect=list(SIZES)[seed % len(SIZES)]))
    chosen = slice(seed % 4, None, 4)
    return pixels_of(frames[chosen]), boxes[chosen]


def _error(projection: Projection, seed: int) -> Tensor:
    pixels, _ = _few_frames(seed)
    return (projection.pixels(projection.latents(pixels)) - pixels).square().mean()
