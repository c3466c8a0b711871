"""The eight places seen from above, for overhead and bird's eye views."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .places import GROUNDS
from .sprites import sprite

Colour = tuple[int, int, int]

SPOTS = {
    'open': ((0.08, 0.16, 0.8), (0.92, 0.84, 0.8), (0.88, 0.14, 0.6)),
    'layered': (
        (0.06, 0.12, 0.8), (0.26, 0.1, 0.7), (0.48, 0.14, 0.8), (0.7, 0.1, 0.7), (0.94, 0.12, 0.8),
        (0.06, 0.88, 0.8), (0.3, 0.9, 0.7), (0.54, 0.88, 0.8), (0.76, 0.9, 0.7), (0.94, 0.88, 0.8),
    ),
    'tall': ((0.1, 0.2, 1.6), (0.9, 0.24, 1.9), (0.12, 0.8, 1.4)),
    'framed': (
        (0.05, 0.1, 1.2), (0.04, 0.5, 1.0), (0.06, 0.9, 1.2), (0.95, 0.1, 1.2), (0.96, 0.5, 1.0), (0.94, 0.9, 1.2),
    ),
}  # fmt: skip
"""By backdrop, where things lie (shares of width and height) and how large they are."""


@lru_cache(maxsize=200)
def paint_ground(size: tuple[int, int], *, place: str, backdrop: str) -> Image.Image:
    """The place seen from above as an RGBA picture; do not draw on it, it is shared."""
    width, height = size
    far, near = (np.array(colour, np.float32) for colour in GROUNDS[place])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    share = np.hypot(x / width - 0.5, y / height - 0.5)[..., None] * 1.2
    pixels = (far * 0.6 + near * 0.4) * (1 - share) + near * share
    if place in ('sea', 'desert', 'snow'):
        swell = np.sin((y + 5 * np.sin(x / 26)) / {'sea': 5.2, 'desert': 7, 'snow': 12}[place])
        pixels = pixels * (1 + {'sea': 0.1, 'desert': 0.06, 'snow': 0.02}[place] * swell[..., None])
    if place == 'beach':
        edge = height * 0.72 + 8 * np.sin(x / 34)
        water = np.clip((y - edge) / 2, 0, 1)[..., None]
        foam = np.exp(-(((y - edge) / 5) ** 2))[..., None]
        pixels = (pixels * (1 - water) + np.array((44, 160, 212), np.float32) * water) * (1 - foam) + 250 * foam
    layer = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).convert('RGBA')
    if place == 'city':
        _draw_street(layer)
    for left, top, scale in SPOTS[backdrop]:
        _lay_thing(layer, round(left * width), round(top * height), scale, place)
    return layer


def _draw_street(layer: Image.Image) -> None:
    draw, (width, height) = ImageDraw.Draw(layer), layer.size
    draw.rectangle((0, height * 0.36, width, height * 0.64), fill=(76, 78, 92))
    for x in range(8, width, 48):
        draw.rectangle((x, height // 2 - 3, x + 26, height // 2 + 3), fill=(244, 236, 200))


def _lay_thing(layer: Image.Image, x: int, y: int, scale: float, place: str) -> None:
    match place:
        case 'city':
            _lay_roof(layer, x, y, round(58 * scale))
        case 'forest' | 'snow':
            _lay_crown(layer, x, y, round(56 * scale), (44, 116, 62) if place == 'forest' else (118, 160, 156))
        case 'meadow' | 'beach' | 'mountains' | 'desert' | _:
            name = {'meadow': 'daisy', 'beach': 'umbrella', 'sea': 'island', 'desert': 'cactus'}.get(place, 'rock')
            side = round(48 * scale)
            layer.alpha_composite(_shade(side), (max(0, x - side // 2), max(0, y - side // 4)))
            drawing = sprite(name, side=side)
            clear = Image.new('RGBA', layer.size)
            clear.paste(drawing, (x - side // 2, y - side // 2))
            layer.alpha_composite(clear)


@lru_cache(maxsize=64)
def _shade(side: int) -> Image.Image:
    shade = Image.new('RGBA', (side, side), (12, 20, 34, 0))
    ImageDraw.Draw(shade).ellipse((side * 0.14, side * 0.3, side * 0.86, side * 0.86), fill=(12, 20, 34, 90))
    return shade.filter(ImageFilter.GaussianBlur(side / 12))


def _lay_crown(layer: Image.Image, x: int, y: int, side: int, colour: Colour) -> None:
    """A tree from above: rounds that grow lighter towards the light."""
    draw = ImageDraw.Draw(layer)
    for step in range(6):
        radius, offset = side * (0.5 - 0.075 * step), side * 0.02 * step
        tone = tuple(min(255, round(channel * (0.72 + 0.13 * step))) for channel in colour)
        draw.ellipse((x - radius - offset, y - radius - offset, x + radius - offset, y + radius - offset), fill=tone)


def _lay_roof(layer: Image.Image, x: int, y: int, side: int) -> None:
    draw, half = ImageDraw.Draw(layer), side // 2
    draw.rectangle((x - half + 6, y - half + 6, x + half + 6, y + half + 6), fill=(62, 64, 78))
    draw.rectangle((x - half, y - half, x + half, y + half), fill=(176, 178, 192))
    draw.rectangle((x - half + 7, y - half + 7, x + half - 7, y + half - 7), fill=(150, 154, 172))
    draw.rectangle((x - 8, y - 8, x + 8, y + 8), fill=(116, 176, 226))
