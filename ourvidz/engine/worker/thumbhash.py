"""ThumbHash, an opaque picture in about 25 bytes: the public algorithm of https://evanw.github.io/thumbhash/."""

import base64

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONG_EDGE = 64


def thumbhash(picture: Image.Image) -> str:
    """The ThumbHash of an RGB picture in base64."""
    small = picture.convert('RGB')
    small.thumbnail((LONG_EDGE, LONG_EDGE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return base64.b64encode(_encode(np.asarray(small, np.float64) / 255)).decode()


def _encode(rgb: NDArray[np.float64]) -> bytes:
    height, width = int(rgb.shape[0]), int(rgb.shape[1])
    longer = max(width, height)
    wide, high = max(1, round(7 * width / longer)), max(1, round(7 * height / longer))
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    l_dc, l_ac, l_scale = _channel((red + green + blue) / 3, max(3, wide), max(3, high))
    p_dc, p_ac, p_scale = _channel((red + green) / 2 - blue, 3, 3)
    q_dc, q_ac, q_scale = _channel(red - green, 3, 3)
    colours = _round(63 * l_dc) | _round(31.5 + 31.5 * p_dc) << 6 | _round(31.5 + 31.5 * q_dc) << 12
    colours |= _round(31 * l_scale) << 18
    is_landscape = width > height
    shape = (high if is_landscape else wide) | _round(63 * p_scale) << 3 | _round(63 * q_scale) << 9
    shape |= 1 << 15 if is_landscape else 0
    waves = [_round(15 * wave) for wave in (*l_ac, *p_ac, *q_ac)]
    pairs = [low | high << 4 for low, high in zip(waves[::2], [*waves[1::2], 0], strict=False)]
    return colours.to_bytes(3, 'little') + shape.to_bytes(2, 'little') + bytes(pairs)


def _channel(values: NDArray[np.float64], nx: int, ny: int) -> tuple[float, list[float], float]:
    """The mean of a channel, its waves as 0..1 and their scale."""
    height, width = values.shape
    across = np.cos(np.pi / width * np.outer(np.arange(nx), np.arange(width) + 0.5))
    down = np.cos(np.pi / height * np.outer(np.arange(ny), np.arange(height) + 0.5))
    waves = down @ values @ across.T / (width * height)
    kept = [float(waves[y, x]) for y in range(ny) for x in range(nx) if (x or y) and x * ny < nx * (ny - y)]
    scale = max((abs(wave) for wave in kept), default=0.0)
    if scale:
        kept = [0.5 + 0.5 / scale * wave for wave in kept]
    return float(waves[0, 0]), kept, scale


def _round(value: float) -> int:
    return int(value + 0.5)
