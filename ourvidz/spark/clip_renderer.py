"""Draws a clip frame by frame: sky, drifting clouds, place and what moves across it."""

import random
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .clip_places import Canvas, paint_lights, paint_place
from .clip_scene import CELL, FLYING, FRAMES, ClipScene
from .clip_sky import CLOUDS, LIGHTS, paint_sky
from .clip_sprites import sprite

Frames = NDArray[np.uint8]
Boxes = NDArray[np.int16]

SIDES = {'medium': 64, 'close': 96}
"""Side of the subject's square in pixels, by shot."""

PAN = 64
"""Pixels that a panning camera crosses in a clip."""

DRIFT = 2
"""Pixels a frame that clouds and waves move."""

HOPS = (0, -8, -16, -8)
LIFTED = 24
"""Pixels that flying things are above those that stand."""


def render_clip(scene: ClipScene) -> tuple[Frames, Boxes]:
    """The frames (FRAMES, height, width, 3) and the subject's square in each (FRAMES, 3): left, top, side (0: none)."""
    view = {'fixed': PAN // 2, 'pan_right': 0, 'pan_left': PAN}[scene.camera]
    step = {'fixed': 0, 'pan_right': PAN // 16, 'pan_left': -(PAN // 16)}[scene.camera]
    path = _path(scene, random.Random(scene.seed))
    width, height = scene.size
    sky, clouds, place = _layers(scene.size, scene.place, scene.time, scene.weather)
    frames = np.empty((FRAMES, height, width, 3), np.uint8)
    boxes = np.zeros((FRAMES, 3), np.int16)
    for index in range(FRAMES):
        left = view + step * index
        picture = sky.crop((left // 4, 0, left // 4 + width, height))
        if clouds:
            _lay(picture, clouds.crop((start := PAN + left // 2 - DRIFT * index, 0, start + width, clouds.height)))
        ahead = left + (DRIFT * index if scene.place == 'sea' else 0)
        _lay(picture, place.crop((ahead, 0, ahead + width, height)))
        if scene.subject != 'none':
            x, y = path[index]
            if scene.subject not in FLYING:
                _lay(picture, _shadow(SIDES[scene.shot]), (x, ground_of(scene) + SIDES[scene.shot] - 6))
            _lay(
                picture,
                _drawing(scene.subject, scene.colour, SIDES[scene.shot], scene.time, _is_flipped(scene)),
                (x, y),
            )
            boxes[index] = x, y, SIDES[scene.shot]
        frames[index] = np.asarray(picture)
    return frames, boxes


def ground_of(scene: ClipScene) -> int:
    """The top of a standing subject's square, in pixels."""
    return _horizon(scene.size[1]) - SIDES[scene.shot] + 2 * CELL


def _horizon(height: int) -> int:
    return round(height * 0.62 / CELL) * CELL


def _path(scene: ClipScene, rng: random.Random) -> list[tuple[int, int]]:
    """Where the subject's square is in each frame, as the camera sees it."""
    width, height, side = *scene.size, SIDES[scene.shot]
    span, ground = width - side, ground_of(scene)
    pan = {'fixed': 0, 'pan_right': -4, 'pan_left': 4}[scene.camera] if span >= 64 else 0
    across = 8 if span >= 128 else 4 if span >= 64 else 2
    rise = 4 if height - side >= 64 else 2
    low = min(height - side, ground + CELL)
    x = round(span * rng.choice((0.2, 0.5, 0.8)) / CELL) * CELL
    y = max(0, ground - (LIFTED if scene.subject in FLYING else 0)) // 8 * 8
    dx, dy = 0, 0
    match scene.motion:
        case 'right':
            x, dx = (span - 16 * across) // 2 // CELL * CELL, across
        case 'left':
            x, dx = (span + 16 * across) // 2 // CELL * CELL, -across
        case 'up':
            y, dy = low, -rise
        case 'down':
            y, dy = low - 16 * rise, rise
    if dx:
        pan = pan if across > 4 else 0
    elif pan:
        x = max(0, min(span, span // 2 // CELL * CELL - 8 * pan))
    hops = HOPS if scene.motion == 'jump' else (0,)
    return [(x + (dx + pan) * index, y + dy * index + hops[index % len(hops)]) for index in range(FRAMES)]


@lru_cache(maxsize=500)
def _layers(
    size: tuple[int, int], place: str, time: str, weather: str
) -> tuple[Image.Image, Image.Image | None, Image.Image]:
    """Sky, clouds and place, wider than the clip; drawn at twice the size and halved."""
    width, height = size[0] + 2 * PAN, size[1]
    horizon = _horizon(height)
    sky = Image.new('RGB', (2 * width, 2 * height))
    sky.paste(paint_sky(2 * width, 2 * horizon, time=time, weather='clear', rng=random.Random(0)))
    layer = Image.new('RGBA', (2 * width, 2 * height), (0, 0, 0, 0))
    paint_place(Canvas(layer, 2 * horizon, 1.0, random.Random(0)), place)
    layer = lit(layer, time)
    if time == 'night':
        paint_lights(Canvas(layer, 2 * horizon, 1.0, random.Random(0)), place)
    clouds = None if weather == 'clear' else _clouds(width, horizon, time=time)
    return _halved(sky), clouds, _halved(layer)


@lru_cache(maxsize=2000)
def _drawing(subject: str, colour: str, side: int, time: str, is_flipped: bool) -> Image.Image:
    drawing = sprite(subject, colour=colour, side=side)
    if is_flipped:
        drawing = drawing.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return lit(drawing, time, strength=0.4)


def _is_flipped(scene: ClipScene) -> bool:
    """Drawings look to the right, cars and boats to the left; what moves looks ahead."""
    return scene.motion == ('right' if scene.subject in ('car', 'boat') else 'left')


def lit(layer: Image.Image, time: str, *, strength: float = 1.0) -> Image.Image:
    """The RGBA layer in the light of the time of day."""
    light = np.append(1 - strength + strength * np.array(LIGHTS[time]), 1).astype(np.float32)
    return Image.fromarray((np.asarray(layer, np.float32) * light).astype(np.uint8))


def _lay(picture: Image.Image, layer: Image.Image, at: tuple[int, int] = (0, 0)) -> None:
    picture.paste(layer, at, layer)


def _halved(layer: Image.Image) -> Image.Image:
    return layer.resize((layer.width // 2, layer.height // 2), Image.Resampling.BOX)


@lru_cache(maxsize=4)
def _shadow(side: int) -> Image.Image:
    layer = Image.new('RGBA', (side, 10), (10, 16, 30, 0))
    ImageDraw.Draw(layer).ellipse((side * 0.12, 0, side * 0.88, 9), fill=(10, 16, 30, 80))
    return layer


def _clouds(width: int, horizon: int, *, time: str) -> Image.Image:
    layer = Image.new('RGBA', (2 * (width + 2 * PAN), 2 * horizon), (0, 0, 0, 0))
    draw, colour = ImageDraw.Draw(layer), CLOUDS[time]
    for index, x in enumerate(range(0, layer.width, 160)):
        y = (20, 48)[index % 2]
        draw.rounded_rectangle((x, y, x + 104, y + 26), 13, fill=colour)
        draw.ellipse((x + 14, y - 16, x + 56, y + 24), fill=colour)
        draw.ellipse((x + 44, y - 10, x + 86, y + 24), fill=colour)
    return _halved(layer)
