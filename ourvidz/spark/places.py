"""The eight places seen from the side: the ground, and what stands at the horizon in each of the four backdrops."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .sprites import sprite

Colour = tuple[int, int, int]
Pixels = NDArray[np.float32]

GROUNDS: dict[str, tuple[Colour, Colour]] = {
    'meadow': ((154, 214, 92), (70, 158, 54)), 'beach': ((252, 234, 186), (232, 196, 128)),
    'forest': ((92, 132, 66), (40, 74, 40)), 'city': ((150, 152, 164), (82, 84, 98)),
    'desert': ((248, 196, 118), (222, 140, 62)), 'mountains': ((162, 176, 122), (96, 110, 76)),
    'snow': ((250, 253, 255), (204, 222, 242)), 'sea': ((92, 190, 226), (12, 84, 156)),
}  # fmt: skip
"""The ground's colour at the horizon and at the lower edge."""

RIDGES: dict[str, Colour] = {
    'meadow': (112, 186, 96), 'beach': (96, 168, 130), 'forest': (58, 112, 84), 'city': (132, 146, 178),
    'desert': (226, 150, 92), 'mountains': (134, 146, 178), 'snow': (206, 220, 240), 'sea': (90, 146, 178),
}  # fmt: skip
HAZE = np.array((206, 224, 240), np.float32)

LANDMARKS = {
    'meadow': ('tree', 82), 'beach': ('palm', 104), 'forest': ('fir', 112), 'city': ('office', 104),
    'desert': ('cactus', 70), 'mountains': ('mountain', 150), 'snow': ('fir', 84), 'sea': ('island', 84),
}  # fmt: skip
"""What stands in a place, and its usual height in pixels."""

STANDS: dict[str, tuple[tuple[float, float], ...]] = {
    'open': ((0.1, 0.55), (0.9, 0.45)),
    'layered': ((0.06, 0.7), (0.2, 0.5), (0.36, 0.62), (0.52, 0.48), (0.66, 0.66), (0.8, 0.5), (0.94, 0.7)),
    'tall': ((0.58, 1.15), (0.76, 1.5), (0.93, 1.2)),
    'framed': ((0.17, 0.95), (0.03, 1.4), (0.83, 0.95), (0.97, 1.4)),
}
"""By backdrop, where landmarks stand (shares of the width) and how large they are, the far ones first."""

ROWS = {'forest': (0.7, 30), 'city': (0.75, 44)}
"""Places with a whole row of landmarks behind: their size and the pixels between them."""


@lru_cache(maxsize=200)
def paint_place(size: tuple[int, int], horizon: int, *, place: str, backdrop: str, scale: float) -> Image.Image:
    """An RGBA layer with transparent sky: the ground and what stands behind it; do not draw on it, it is shared."""
    width, height = size
    pixels = np.zeros((height, width, 4), np.float32)
    pixels[..., :3] = HAZE
    _add_ridges(pixels, horizon, place=place, backdrop=backdrop, scale=scale)
    layer = Image.fromarray(pixels.astype(np.uint8))
    if place in ROWS:
        share, step = ROWS[place]
        for index, left in enumerate(range(0, width + step, step)):
            _stand(layer, left, horizon + 3, place, share * scale * (1, 0.8, 1.12)[index % 3], haze=0.42)
    _lay_ground(layer, horizon, place)
    for x, share in STANDS[backdrop]:
        depth = (share - 0.5) * 14
        _stand(layer, round(x * width), horizon + 4 + round(depth), place, share * scale, haze=max(0, 0.34 - share / 4))
    return layer


def _add_ridges(pixels: Pixels, horizon: int, *, place: str, backdrop: str, scale: float) -> None:
    """Soft hills, one behind the other and ever paler."""
    heights = {'open': (16,), 'layered': (66, 44, 24), 'tall': (34, 20), 'framed': (24, 12)}[backdrop]
    if place == 'sea':
        heights = heights[:-1]
    width = pixels.shape[1]
    x = np.arange(width, dtype=np.float32)[None]
    y = np.arange(len(pixels), dtype=np.float32)[:, None]
    for depth, high in enumerate(heights):
        wave = np.sin(x / 52 + 2.1 * depth) * 0.3 + np.sin(x / 23 + 1.3 * depth) * 0.12 + 0.7
        top = horizon - high * scale * wave
        share = np.clip(y - top, 0, 1)[..., None]
        haze = 0.55 - 0.4 * (depth + 1) / len(heights)
        colour = np.array(RIDGES[place], np.float32) * (1 - haze) + HAZE * haze
        shade = 1.08 - 0.2 * np.clip((y - top) / 60, 0, 1)[..., None]
        pixels[..., :3] = pixels[..., :3] * (1 - share) + np.clip(colour * shade, 0, 255) * share
        pixels[..., 3:] = np.maximum(pixels[..., 3:], share * 255)


def _lay_ground(layer: Image.Image, horizon: int, place: str) -> None:
    width, height = layer.size
    if height > horizon:
        layer.paste(Image.fromarray(_ground(width, height - horizon, place)), (0, horizon))


def _ground(width: int, height: int, place: str) -> NDArray[np.uint8]:
    """The ground in perspective, RGB."""
    far, near = (np.array(colour, np.float32) for colour in GROUNDS[place])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    share = (y / max(140, height))[..., None] ** 0.75
    pixels = far * (1 - share) + near * share
    light = _waves_of(place, x - width / 2, y)
    pixels = pixels * (1 + light[..., None])
    if place == 'beach':
        pixels = _with_water(pixels, x, y)
    if place == 'city':
        _add_street(pixels, x - width / 2, y)
    ground: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return ground


def _waves_of(place: str, x: Pixels, y: Pixels) -> Pixels:
    """How much lighter the ground is: swells that grow towards the viewer."""
    near = y + 22
    strength, pace = {
        'sea': (0.13, 26), 'desert': (0.06, 13), 'snow': (0.03, 9), 'meadow': (0.05, 12), 'beach': (0.025, 12),
        'forest': (0.07, 12), 'mountains': (0.06, 12),
    }.get(place, (0.0, 1))  # fmt: skip
    phase = np.log(near) * pace * 0.6 + np.sin(x / near * 0.9) * 1.3
    light: Pixels = strength * np.sin(phase).astype(np.float32)
    return light


def _with_water(pixels: Pixels, x: Pixels, y: Pixels) -> Pixels:
    edge = 26 + 3 * np.sin(x / 30)
    water = np.clip((edge - y) / 2, 0, 1)[..., None]
    foam = np.exp(-(((y - edge) / 3.2) ** 2))[..., None]
    sea = np.array((40, 150, 206), np.float32) + (y / 26)[..., None] * np.array((50, 56, 30), np.float32)
    wet: Pixels = (pixels * (1 - water) + sea * water) * (1 - foam) + 252 * foam
    return wet


def _add_street(pixels: Pixels, x: Pixels, y: Pixels) -> None:
    """A pavement along the houses, and a street with a dashed line that runs across."""
    pavement = np.clip((22 - y) / 2, 0, 1)[..., None]
    pixels[:] = pixels * (1 - pavement) + np.array((196, 196, 204), np.float32) * pavement
    dash = (np.abs(y - 66) < 3.5) & (np.floor((x + 24) / 48) % 2 == 0)
    pixels[dash] = (244, 236, 200)


def _stand(layer: Image.Image, x: int, y: int, place: str, share: float, *, haze: float) -> None:
    name, height = LANDMARKS[place]
    if place == 'city' and (x // 16) % 2:
        name = 'shop'
    drawing = _hazy(name, max(8, round(height * share)), round(haze, 2), place == 'snow')
    layer.alpha_composite(_within(drawing, layer, x - drawing.width // 2, y - drawing.height + 2), (0, 0))


@lru_cache(maxsize=300)
def _hazy(name: str, side: int, haze: float, is_snowy: bool) -> Image.Image:
    drawing = sprite(name, side=side)
    pixels = np.asarray(drawing, np.float32).copy()
    if is_snowy:
        haze = min(1, haze + 0.45)
    pixels[..., :3] = pixels[..., :3] * (1 - haze) + HAZE * haze
    if name == 'mountain':
        pixels = pixels[: round(side * 0.84)]
    return Image.fromarray(pixels.astype(np.uint8))


def _within(drawing: Image.Image, layer: Image.Image, left: int, top: int) -> Image.Image:
    """The drawing on a clear layer; what lies outside is cut off."""
    clear = Image.new('RGBA', layer.size)
    clear.paste(drawing, (left, top))
    return clear
