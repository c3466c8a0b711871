"""The sky of a scene: colours of the time of day, sun or moon with their glow, stars and clouds."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .sprites import sprite

Pixels = NDArray[np.float32]

SKIES = {
    'day': ((52, 134, 238), (118, 190, 252), (214, 240, 255)),
    'morning': ((112, 178, 226), (196, 214, 226), (255, 226, 186)),
    'sunset': ((74, 46, 122), (206, 88, 112), (255, 158, 66)),
    'night': ((8, 12, 44), (22, 30, 84), (56, 64, 132)),
}
"""The sky's colour at the top, in the middle and at the horizon."""

SUNS = {'day': (255, 250, 214), 'morning': (255, 244, 206), 'sunset': (255, 226, 130), 'night': (226, 230, 255)}
CLOUDS = {'day': (1.0, 1.0, 1.0), 'morning': (1.0, 0.94, 0.88), 'sunset': (1.0, 0.68, 0.6), 'night': (0.34, 0.38, 0.62)}
RAIN = {'day': (124, 136, 154), 'morning': (150, 148, 156), 'sunset': (122, 84, 108), 'night': (30, 36, 64)}
SUN_COLUMNS = {'open': 0.8, 'layered': 0.2, 'tall': 0.12, 'framed': 0.5}
"""Where the sun or the moon stands, as a share of the width, by backdrop."""

CLOUD_PLACES = {
    'open': ((0.1, 0.16, 0.2), (0.42, 0.34, 0.14), (0.62, 0.1, 0.16), (0.94, 0.44, 0.2)),
    'layered': ((0.02, 0.5, 0.24), (0.45, 0.14, 0.26), (0.6, 0.56, 0.18), (0.88, 0.26, 0.26)),
    'tall': ((0.3, 0.2, 0.3), (0.7, 0.36, 0.36), (0.98, 0.1, 0.24)),
    'framed': ((0.0, 0.26, 0.34), (0.24, 0.06, 0.2), (0.76, 0.08, 0.2), (1.0, 0.24, 0.34)),
}
"""Centres of clouds as shares of width and sky, and their width as a share of the picture's longer side."""


@lru_cache(maxsize=600)
def paint_sky(width: int, horizon: int, *, time: str, weather: str, backdrop: str) -> Image.Image:
    """The sky above the horizon as an RGB picture of `width` x `horizon` pixels; do not draw on it, it is shared."""
    pixels = _gradient(width, horizon, time=time, weather=weather)
    if time == 'night' and weather == 'clear':
        _add_stars(pixels)
    if weather != 'rainy':
        pixels = _with_sun(pixels, time=time, column=SUN_COLUMNS[backdrop], is_veiled=weather == 'cloudy')
    sky = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if weather != 'clear':
        _lay_clouds(sky, time=time, weather=weather, backdrop=backdrop)
    return sky


def _gradient(width: int, height: int, *, time: str, weather: str) -> Pixels:
    colours = np.array(SKIES[time], np.float32)
    if weather == 'rainy':
        colours = colours * 0.25 + np.array(RAIN[time], np.float32) * 0.75
    elif weather == 'cloudy':
        colours = colours * 0.8 + colours.mean(1, keepdims=True) * 0.2
    share = np.linspace(0, 2, height, dtype=np.float32)
    column = np.stack([np.interp(share, (0, 1, 2), colours[:, channel]) for channel in range(3)], 1)
    return np.repeat(column[:, None], width, 1).astype(np.float32)


def _with_sun(pixels: Pixels, *, time: str, column: float, is_veiled: bool) -> Pixels:
    height, width = pixels.shape[:2]
    is_low = time in ('morning', 'sunset')
    radius = 30 if is_low else 18
    centre = width * column, height - 14 if is_low else max(34, height * 0.26)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot(x - centre[0], y - centre[1])[..., None]
    glow = np.exp(-distance / (90 if is_low else 46)) * (0.4 if time == 'night' else 0.75)
    if is_veiled:
        glow = glow * 0.6
    disc = np.clip((radius - distance) / 2 + 0.5, 0, 1)
    if time == 'night':
        beside = np.hypot(x - centre[0] - 9, y - centre[1] + 5)[..., None]
        disc = disc * np.clip((beside - radius + 1) / 2 + 0.5, 0, 1)
    shine = np.maximum(glow, disc)
    lit: Pixels = pixels * (1 - shine) + np.array(SUNS[time], np.float32) * shine
    return lit


def _add_stars(pixels: Pixels) -> None:
    """Soft stars, always in the same places of a cell."""
    height, width = pixels.shape[:2]
    for row, y in enumerate(range(14, height - 10, 32)):
        for x in range(20 + 32 * (row % 2), width - 4, 64):
            pixels[y - 1 : y + 2, x] += 90
            pixels[y, x - 1 : x + 2] += 90


def _lay_clouds(sky: Image.Image, *, time: str, weather: str, backdrop: str) -> None:
    width, height = sky.size
    if weather == 'rainy':
        dark = tuple(channel / 255 * 0.9 for channel in RAIN[time])
        for left in range(0, width + 64, 64):
            _lay_cloud(sky, left, 14 + 12 * (left // 64 % 2), 140, tint=dark)
        return
    for x, y, share in CLOUD_PLACES[backdrop]:
        _lay_cloud(sky, round(x * width), round(y * height), round(share * max(width, 256)), tint=CLOUDS[time])


def _lay_cloud(sky: Image.Image, x: int, y: int, width: int, *, tint: tuple[float, ...]) -> None:
    cloud = tinted(sprite('cloud', side=width), tint)
    sky.paste(cloud, (x - width // 2, y - width + width // 3), cloud)


def tinted(picture: Image.Image, light: tuple[float, ...]) -> Image.Image:
    """The RGBA picture under a light, whose red, green and blue are 0 to 1."""
    pixels = np.asarray(picture, np.float32) * np.array((*light, 1), np.float32)
    return Image.fromarray(pixels.astype(np.uint8))
