"""Stands in a picture's place until it has come: its thumbhash as a picture of few pixels, which browsers blur."""

import base64
import io
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONG_EDGE = 16
GREY = 'linear-gradient(#1d222b 0 0)'


def blurred(placeholder: str) -> str:
    """A thumbhash (base64) as a CSS image; a dark grey if there is none."""
    url = data_url(placeholder)
    return f'url({url})' if url else GREY


@lru_cache(maxsize=4096)
def data_url(placeholder: str) -> str:
    """A thumbhash (base64) as the url of a tiny picture; '' if there is none."""
    pixels = _pixels(placeholder)
    if pixels is None:
        return ''
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'WEBP', quality=60, method=0)
    return f'data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}'


def _pixels(placeholder: str) -> NDArray[np.uint8] | None:
    """The RGB pixels of a thumbhash without alpha, None if it is not one."""
    try:
        data = base64.b64decode(placeholder)
        colours, shape = int.from_bytes(data[:3], 'little'), int.from_bytes(data[3:5], 'little')
        short, is_landscape = max(1, shape & 7), bool(shape >> 15)
        wide, high = (7, short) if is_landscape else (short, 7)
        nibbles = iter([half for byte in data[5:] for half in (byte & 15, byte >> 4)])
        size = round(LONG_EDGE * wide / 7), round(LONG_EDGE * high / 7)
        light = _channel(nibbles, (max(3, wide), max(3, high)), size, scale=(colours >> 18 & 31) / 31)
        p = _channel(nibbles, (3, 3), size, scale=(shape >> 3 & 63) / 63 * 1.25)
        q = _channel(nibbles, (3, 3), size, scale=(shape >> 9 & 63) / 63 * 1.25)
    except (ValueError, StopIteration):
        return None
    light += (colours & 63) / 63
    p += (colours >> 6 & 63) / 31.5 - 1
    q += (colours >> 12 & 63) / 31.5 - 1
    blue = light - 2 / 3 * p
    red = (3 * light - blue + q) / 2
    return (255 * np.stack([red, red - q, blue], axis=-1).clip(0, 1)).round().astype(np.uint8)


def _channel(
    nibbles: Iterator[int], waves: tuple[int, int], size: tuple[int, int], *, scale: float
) -> NDArray[np.float64]:
    """The waves of one channel as pixels around zero."""
    (nx, ny), (width, height) = waves, size
    heights = np.zeros((ny, nx))
    for y in range(ny):
        for x in range(nx):
            if (x or y) and x * ny < nx * (ny - y):
                heights[y, x] = 2 * scale * (next(nibbles) / 7.5 - 1)
    across = np.cos(np.pi / width * np.outer(np.arange(nx), np.arange(width) + 0.5))
    down = np.cos(np.pi / height * np.outer(np.arange(ny), np.arange(height) + 0.5))
    return np.asarray(down.T @ heights @ across)
