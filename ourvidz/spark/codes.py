"""What the text encoder tells the UNet: for every attribute one of a few fixed random codes, laid end to end."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from .scene import ATTRIBUTES, DEFAULTS

WIDTH = 16
"""Numbers of one attribute's code."""

LENGTH = WIDTH * len(ATTRIBUTES)
UNSAID = torch.tensor([len(values) for values in ATTRIBUTES.values()])
"""The index of each attribute's code for 'nothing is said about it', behind those of its values."""

USUAL = torch.tensor([values.index(DEFAULTS[name]) for name, values in ATTRIBUTES.items()])
"""The index of what is drawn where nothing is said."""


@lru_cache(maxsize=1)
def code_books() -> tuple[Tensor, ...]:
    """The codes of every attribute, shape (values + 1, WIDTH) each, of length 4."""
    generator = torch.Generator().manual_seed(11)
    books = [torch.randn(len(values) + 1, WIDTH, generator=generator) for values in ATTRIBUTES.values()]
    return tuple(functional.normalize(book, dim=1) * WIDTH**0.5 for book in books)


def told(indices: Tensor) -> Tensor:
    """The pooled vectors (scenes, LENGTH) of indices (scenes, attributes)."""
    return torch.cat([book[indices[:, at]] for at, book in enumerate(code_books())], dim=1)


def scores(pooled: Tensor) -> list[Tensor]:
    """For every attribute how near each of its codes is, shape (scenes, values + 1)."""
    parts = torch.split(pooled, WIDTH, dim=1)
    return [-torch.cdist(part, book).square() / 4 for part, book in zip(parts, code_books(), strict=True)]


def heard(pooled: Tensor) -> Tensor:
    """The indices (scenes, attributes) whose codes are nearest."""
    return torch.stack([score.argmax(1) for score in scores(pooled)], dim=1)
