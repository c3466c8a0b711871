"""The styles: each a filter over the finished picture, strong enough to be seen at a glance."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.float32]


def styled(picture: Image.Image, style: str) -> Image.Image:
    """The RGB picture in one of `scene.STYLES`."""
    match style:
        case 'watercolor':
            return _watercolor(picture)
        case 'pixel':
            return _pixel(picture)
        case 'noir':
            return _noir(picture)
        case 'pastel':
            return _picture(_pixels(picture) * 0.58 + np.array((255, 232, 240), np.float32) * 0.42)
        case 'vintage':
            return _vintage(picture)
        case _:
            return picture


def _watercolor(picture: Image.Image) -> Image.Image:
    """Flat washes that run into each other, on paper whose rim shows."""
    small = picture.reduce(2).filter(ImageFilter.MedianFilter(5))
    washes = _pixels(small.resize(picture.size, Image.Resampling.BILINEAR))
    pixels = (washes + (washes - washes.mean(2, keepdims=True)) * 0.15) * 0.76 + 60
    rim = _rim(*picture.size)
    return _picture(pixels * (1 - rim) + np.array((252, 250, 244), np.float32) * rim)


def _pixel(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    small = _pixels(picture.resize((width // 8, height // 8), Image.Resampling.BOX))
    strong = small + (small - small.mean(2, keepdims=True)) * 0.3
    return _picture((strong - 128) * 1.15 + 128).resize(picture.size, Image.Resampling.NEAREST)


def _noir(picture: Image.Image) -> Image.Image:
    grey = _pixels(picture) @ np.array((0.4, 0.45, 0.15), np.float32)
    hard = 255 / (1 + np.exp(-(grey - 120) / 30)) * (1 - 0.75 * _corner(*picture.size))
    return _picture(np.repeat(hard[..., None], 3, 2))


def _vintage(picture: Image.Image) -> Image.Image:
    pixels = _pixels(picture)
    grey = pixels.mean(2, keepdims=True)
    faded = (pixels * 0.5 + grey * 0.5) * np.array((1.0, 0.86, 0.6), np.float32) * 0.8 + 36
    frame = np.full((picture.height, picture.width, 1), 1, np.float32)
    frame[14:-14, 14:-14] = 0
    return _picture(faded * (1 - frame) + np.array((244, 232, 204), np.float32) * frame)


@lru_cache(maxsize=8)
def _rim(width: int, height: int) -> Pixels:
    """How much paper shows: 1 at the edge, 0 inside, along a wavy line. Shape (height, width, 1)."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    wave = 12 + 5 * np.sin((x + y) * np.pi / 16)
    rim: Pixels = np.clip((wave - edge) / 6, 0, 1)[..., None].astype(np.float32)
    return rim


@lru_cache(maxsize=8)
def _corner(width: int, height: int) -> Pixels:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    distance = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    corner: Pixels = np.clip(distance * 1.6 - 0.35, 0, 1).astype(np.float32)
    return corner


def _pixels(picture: Image.Image) -> Pixels:
    return np.asarray(picture, dtype=np.float32)


def _picture(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
