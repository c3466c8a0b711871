"""The sky of a scene: colours of the time of day, sun or moon, stars and clouds."""

import random

import numpy as np
from PIL import Image, ImageDraw

from .clip_scene import BLOCK as CELL

SKIES = {
    'day': ((70, 150, 240), (190, 228, 255)),
    'morning': ((150, 205, 225), (255, 226, 190)),
    'sunset': ((92, 52, 130), (255, 130, 50)),
    'night': ((8, 12, 42), (38, 46, 104)),
}
"""The sky's colour at the top and at the horizon."""

LIGHTS = {'day': (1.0, 1.0, 1.0), 'morning': (1.0, 0.9, 0.86), 'sunset': (1.0, 0.7, 0.52), 'night': (0.34, 0.4, 0.66)}
SUNS = {'day': (255, 244, 170), 'morning': (255, 250, 220), 'sunset': (255, 214, 90), 'night': (240, 240, 250)}
CLOUDS = {'day': (255, 255, 255), 'morning': (255, 244, 236), 'sunset': (255, 170, 130), 'night': (78, 88, 140)}
RAIN_CLOUDS = {'day': (112, 122, 138), 'morning': (140, 138, 146), 'sunset': (110, 78, 96), 'night': (44, 50, 78)}


def paint_sky(width: int, horizon: int, *, time: str, weather: str, rng: random.Random) -> Image.Image:
    """The sky above the horizon as an RGB picture of `width` x `horizon` pixels."""
    sky = _gradient(width, horizon, time=time, weather=weather)
    draw = ImageDraw.Draw(sky)
    if time == 'night' and weather == 'clear':
        _stars(draw, width, horizon)
    if weather != 'rainy':
        _sun(draw, round(width * 0.8), horizon, time=time)
    if weather == 'clear':
        return sky
    colour = (RAIN_CLOUDS if weather == 'rainy' else CLOUDS)[time]
    for x in range(-CELL, width + CELL, 3 * CELL if weather == 'rainy' else 5 * CELL):
        _cloud(draw, x + CELL * rng.choice((0, 1)), 20 + CELL * (x // CELL % 2), colour=colour)
    return sky


def _gradient(width: int, height: int, *, time: str, weather: str) -> Image.Image:
    top, bottom = (np.array(colour, np.float32) for colour in SKIES[time])
    if weather == 'rainy':
        grey = np.array(RAIN_CLOUDS[time], np.float32)
        top, bottom = top * 0.25 + grey * 0.75, bottom * 0.4 + grey * 0.6
    share = np.linspace(0, 1, max(height, 1), dtype=np.float32)[:, None] ** 0.8
    column = top * (1 - share) + bottom * share
    return Image.fromarray(np.repeat(column[:, None], width, 1).astype(np.uint8))


def _sun(draw: ImageDraw.ImageDraw, x: int, horizon: int, *, time: str) -> None:
    low = time in ('sunset', 'morning')
    radius = 30 if low else 20
    y = horizon - 18 if low else min(44, horizon // 2)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=SUNS[time])
    if time == 'night':
        draw.ellipse((x - radius + 12, y - radius - 4, x + radius + 12, y + radius - 8), fill=SKIES['night'][0])


def _stars(draw: ImageDraw.ImageDraw, width: int, horizon: int) -> None:
    for x in range(0, width, CELL):
        for y in range(0, horizon, CELL):
            dx, dy = ((6, 8), (20, 14))[(x + y) // CELL % 2]
            draw.ellipse((x + dx, y + dy, x + dx + 2, y + dy + 2), fill=(255, 250, 220))


def _cloud(draw: ImageDraw.ImageDraw, x: int, y: int, *, colour: tuple[int, int, int]) -> None:
    draw.rounded_rectangle((x, y, x + 96, y + 24), 12, fill=colour)
    draw.ellipse((x + 14, y - 16, x + 52, y + 22), fill=colour)
    draw.ellipse((x + 42, y - 10, x + 78, y + 22), fill=colour)
