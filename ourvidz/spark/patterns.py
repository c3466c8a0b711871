"""What cells of a picture can look like: principal components, as a pyramid of ever smaller patches can draw them."""

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .latents import box_weights, cut, pixels_of
from .renderer import render
from .scene import CELL, SIZES, random_scene
from .workshop import Workshop

KEPT = (138, 47, 31, 23, 9, 3)
"""How many patterns there are of patches of 32, 16, 8, 4, 2 and 1 pixels."""

SUBJECT_WEIGHT = 4.0


def load_patterns(workshop: Workshop) -> tuple[Tensor, Tensor]:
    """The patterns (138, 3, 32, 32), each as strong as it usually is, and the mean cell (3, 32, 32)."""
    stored = load_file(workshop.patterns)
    return stored['patterns'], stored['mean']


def fit_patterns(workshop: Workshop, *, scenes: int = 400) -> None:
    """Finds the patterns of random renders, writes them and prints how well they can tell other renders."""
    parts = [_cells(3 * 10**8 + index) for index in range(scenes)]
    cells, weights = torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
    mean = cells.mean(0)
    cells = cells - mean
    covariance = cells.T @ (cells * weights) / weights.sum()
    values, vectors = torch.linalg.eigh(covariance)
    patterns = (vectors * values.clamp(min=1e-8).sqrt()).flip(1)[:, : KEPT[0]].T.reshape(-1, 3, CELL, CELL)
    patterns = _as_drawn(patterns)
    colour = mean.reshape(3, -1).mean(1)[:, None, None].expand(3, CELL, CELL)
    save_file({'patterns': patterns.contiguous(), 'mean': colour.contiguous()}, workshop.patterns)
    seen = torch.cat([_cells(4 * 10**8 + index)[0] for index in range(min(60, scenes))]) - colour.reshape(-1)
    flat = patterns.flatten(1)
    error = seen - torch.linalg.lstsq(flat.T, seen.T).solution.T @ flat
    print(f'patterns: {float(10 * torch.log10(4 / error.square().mean())):.1f} dB at best', flush=True)


def four(patterns: Tensor) -> Tensor:
    """The quarters of patterns (count, 3, side, side): (4, count, 3 x side/2 x side/2), left before right."""
    count, half = len(patterns), patterns.shape[-1] // 2
    pieces = patterns.reshape(count, 3, 2, half, 2, half).permute(2, 4, 0, 1, 3, 5)
    return pieces.reshape(4, count, -1)


def basis_of(pieces: Tensor, count: int) -> Tensor:
    """The `count` orthonormal patches that tell the quarters best."""
    flat = pieces.reshape(-1, pieces.shape[-1])
    return torch.linalg.svd(flat, full_matrices=False).Vh[:count] if flat.shape[1] > 3 else torch.eye(3)


def _as_drawn(patterns: Tensor) -> Tensor:
    """What is left of the patterns when every level draws its quarters with the few patches that it keeps."""
    if patterns.shape[-1] == 1:
        return patterns
    half = patterns.shape[-1] // 2
    level = CELL.bit_length() - half.bit_length()
    pieces = four(patterns)
    basis = basis_of(pieces, KEPT[level])
    smaller = _as_drawn(basis.reshape(-1, 3, half, half)).flatten(1)
    drawn = (pieces @ basis.T @ smaller).reshape(2, 2, len(patterns), 3, half, half)
    return drawn.permute(2, 3, 0, 4, 1, 5).reshape(patterns.shape)


def _cells(seed: int) -> tuple[Tensor, Tensor]:
    drawn = render(random_scene(seed, aspect=list(SIZES)[seed % len(SIZES)]))
    weights = box_weights(drawn.box, drawn.picture.size, inside=SUBJECT_WEIGHT)
    return cut(pixels_of(drawn.picture)[None]), weights.reshape(-1, 1)
