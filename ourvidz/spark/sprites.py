"""Drawings of subjects and scenery: Fluent Emoji 3D (MIT, see sprites.LICENSE), repainted in the colour asked for."""

import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PACKAGE = '@lobehub/fluent-emoji-3d'
SPRITES_PATH = Path(__file__).with_name('sprites')

FILES = {
    'car': '1f697', 'bus': '1f68c', 'train': '1f682', 'boat': '26f5', 'airplane': '2708-fe0f', 'rocket': '1f680',
    'balloon': '1f388', 'robot': '1f916', 'house': '1f3e0', 'castle': '1f3f0', 'tree': '1f333', 'flower': '1f337',
    'mushroom': '1f344', 'cat': '1f408', 'dog': '1f415', 'panda': '1f43c', 'lion': '1f981', 'owl': '1f989',
    'bird': '1f426', 'fish': '1f41f', 'horse': '1f40e', 'elephant': '1f418', 'dragon': '1f409', 'turtle': '1f422',
    'palm': '1f334', 'fir': '1f332', 'cactus': '1f335', 'mountain': '1f3d4-fe0f', 'office': '1f3e2', 'shop': '1f3ec',
    'cloud': '2601-fe0f', 'rock': '1faa8', 'daisy': '1f33c', 'moon': '1f319', 'island': '1f3dd-fe0f',
    'umbrella': '26f1-fe0f',
}  # fmt: skip
"""The package's file of each drawing: subjects, then scenery."""

FLYING = ('airplane', 'rocket', 'balloon')

HUES = {
    'car': (290, 380), 'bus': (15, 55), 'train': (215, 380), 'boat': (0, 56), 'airplane': (0, 360), 'rocket': None,
    'balloon': (0, 360), 'robot': None, 'house': (15, 48), 'castle': None, 'tree': (70, 165), 'flower': (285, 350),
    'mushroom': (330, 385), 'cat': (0, 60), 'dog': (0, 60), 'panda': None, 'lion': (0, 60), 'owl': (-30, 36),
    'bird': (310, 375), 'fish': (180, 250), 'horse': (-40, 40), 'elephant': (0, 360), 'dragon': (130, 200),
    'turtle': (60, 200),
}  # fmt: skip
"""The hues, in degrees, of what takes the colour asked for; None: what is light and grey."""

PAINTS = {
    'red': (222, 36, 40), 'orange': (255, 134, 20), 'yellow': (255, 214, 40), 'green': (44, 176, 72),
    'blue': (36, 104, 236), 'purple': (140, 66, 214), 'pink': (255, 112, 186), 'white': (240, 240, 244),
}  # fmt: skip


def import_sprites(package: Path) -> None:
    """Copies the drawings from an unpacked npm package `@lobehub/fluent-emoji-3d`."""
    SPRITES_PATH.mkdir(exist_ok=True)
    for name, file in FILES.items():
        shutil.copy(package / 'assets' / f'{file}.webp', SPRITES_PATH / f'{name}.webp')


@lru_cache(maxsize=2048)
def sprite(name: str, *, colour: str = 'natural', side: int, is_flipped: bool = False) -> Image.Image:
    """An RGBA picture of `side` x `side` pixels, standing on its lower edge; do not draw on it, it is shared."""
    whole = _painted(name, colour)
    scale = side / max(whole.size)
    size = max(1, round(whole.width * scale)), max(1, round(whole.height * scale))
    small = whole.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if is_flipped:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    square = Image.new('RGBA', (side, side))
    top = (side - size[1]) // 2 if name in FLYING else side - size[1]
    square.paste(small, ((side - size[0]) // 2, top))
    return square


@lru_cache(maxsize=256)
def _painted(name: str, colour: str) -> Image.Image:
    with Image.open(SPRITES_PATH / f'{name}.webp') as file:
        picture = file.convert('RGBA')
    picture = picture.crop(picture.getchannel('A').point([0] * 24 + [255] * 232).getbbox())
    if colour == 'natural':
        return picture
    pixels = np.asarray(picture, np.float32)
    share = _paintable(pixels[..., :3] / np.float32(255), HUES[name])[..., None]
    pixels[..., :3] = pixels[..., :3] * (1 - share) + _paint(pixels, share, PAINTS[colour]) * share
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _paintable(rgb: NDArray[np.float32], hues: tuple[int, int] | None) -> NDArray[np.float32]:
    """How much of the paint every pixel takes, 0 to 1."""
    value, low = rgb.max(2), rgb.min(2)
    saturation = (value - low) / np.maximum(value, 1e-3)
    if hues is None:
        return _ramp(value, 0.5, 0.62) * _ramp(-saturation, -0.36, -0.26)
    if hues == (0, 360):
        return _ramp(value, 0.2, 0.34)
    hue = np.asarray(Image.fromarray((rgb * 255).astype(np.uint8)).convert('HSV'), np.float32)[..., 0] * (360 / 255)
    within = (hue - hues[0]) % 360 <= hues[1] - hues[0]
    return within * _ramp(saturation, 0.14, 0.26) * _ramp(value, 0.2, 0.3)


def _ramp(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    ramp: NDArray[np.float32] = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return ramp


def _paint(pixels: NDArray[np.float32], share: NDArray[np.float32], paint: tuple[int, int, int]) -> NDArray[np.float32]:
    """The paint in the light and shade of the pixels."""
    light = pixels[..., :3] @ np.array((0.3, 0.5, 0.2), np.float32)
    light = light[..., None] / np.average(light, weights=share[..., 0] * pixels[..., 3] + 1e-3)
    colour = np.array(paint, np.float32)
    shaded = colour * np.clip(0.35 + 0.65 * light, 0, 1)
    painted: NDArray[np.float32] = shaded + (255 - colour) * np.clip(light - 1, 0, 1) * 0.7
    return painted
