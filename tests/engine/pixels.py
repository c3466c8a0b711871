"""Pictures as numbers."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image


def pixels(path: Path) -> NDArray[np.float64]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert('RGB'), np.float64)


def difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The mean difference of two pictures, 0..255."""
    return float(np.abs(one - other).mean())


def slope(width: int, height: int) -> Image.Image:
    """A smooth picture: red grows to the right, green falls downwards."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(255, 0, height))
    return Image.fromarray(np.stack([across, down, np.full_like(across, 90)], -1).astype(np.uint8))


def frames(path: Path) -> list[NDArray[np.float64]]:
    """All frames of a clip."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format='rgb24').astype(np.float64) for frame in container.decode(video=0)]
