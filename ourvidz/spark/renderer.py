"""Composes a scene as a picture: sky, place, subject, foreground, light, weather and style."""

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .filters import styled
from .grounds import paint_ground
from .places import Canvas, paint_lights, paint_place
from .scene import CELL, Scene
from .sky import paint_sky
from .sprites import sprite

SIDES = {'wide': 2, 'medium': 4, 'close': 7}
"""Side of the subject's square in cells, by shot."""

SCALES = {'wide': 0.75, 'medium': 1.0, 'close': 1.5}
HORIZONS = {'eye_level': 0.6, 'low_angle': 0.86, 'over_shoulder': 0.5, 'overhead': 0.0, 'bird_eye': 0.2}
LIGHTS = {'day': (1.0, 1.0, 1.0), 'morning': (1.0, 0.9, 0.86), 'sunset': (1.0, 0.7, 0.52), 'night': (0.34, 0.4, 0.66)}


@dataclass(frozen=True)
class Render:
    """A picture and the subject's square in cells: left, top, side (side 0 without subject)."""

    picture: Image.Image
    box: tuple[int, int, int]


def render(scene: Scene) -> Render:
    """Draws the scene; its seed chooses one of three sceneries, how bright and how warm the light is."""
    seed = random.Random(scene.seed)
    rng = random.Random(seed.randrange(3))
    width, height = scene.size
    horizon = round(height * HORIZONS[scene.angle] / CELL) * CELL
    box = _subject_box(scene, horizon // CELL)
    picture = Image.new('RGB', scene.size)
    if horizon:
        picture.paste(paint_sky(width, horizon, time=scene.time, weather=scene.weather, rng=rng))
    picture = _with_place(picture, scene, horizon=horizon, rng=rng)
    picture = _warmed(picture, bright=seed.uniform(0.86, 1.12), warm=seed.uniform(-0.14, 0.14))
    if scene.subject != 'none':
        _lay_subject(picture, scene, box=box)
    if scene.angle == 'over_shoulder':
        _lay_shoulder(picture)
    if scene.weather == 'rainy':
        picture = _rained(picture)
    return Render(styled(picture, scene.style), box if scene.subject != 'none' else (0, 0, 0))


def _subject_box(scene: Scene, horizon: int) -> tuple[int, int, int]:
    columns, rows = scene.size[0] // CELL, scene.size[1] // CELL
    side = SIDES[scene.shot]
    left = (columns - side) // 4
    match scene.angle:
        case 'overhead':
            top = (rows - side) // 2
        case 'bird_eye':
            top = horizon + (rows - horizon - side) // 2
        case 'low_angle':
            top = horizon - side + 1
        case _:
            top = horizon - side + {2: 2, 4: 2, 7: 3}[side]
    return left, min(rows - side, max(0, top)), side


def _with_place(picture: Image.Image, scene: Scene, *, horizon: int, rng: random.Random) -> Image.Image:
    layer = Image.new('RGBA', scene.size, (0, 0, 0, 0))
    scale = SCALES[scene.shot] * {'low_angle': 1.3, 'bird_eye': 0.5}.get(scene.angle, 1.0)
    canvas = Canvas(layer, horizon, scale, random.Random(rng.random()))
    if scene.angle != 'overhead':
        paint_place(canvas, scene.place)
    if scene.angle in ('overhead', 'bird_eye'):
        paint_ground(layer, scene.place, top=horizon)
    layer = _lit(layer, scene.time, weather=scene.weather)
    if scene.time == 'night' and horizon:
        lights = Canvas(layer, horizon, scale, random.Random(0))
        paint_lights(lights, scene.place)
    if scene.angle == 'overhead' and scene.weather == 'cloudy':
        _lay_cloud_shadows(layer)
    picture.paste(layer, (0, 0), layer)
    return picture


def _lit(layer: Image.Image, time: str, *, weather: str, strength: float = 1.0) -> Image.Image:
    light = np.array(LIGHTS[time], np.float32) * (0.82 if weather == 'rainy' else 1.0)
    light = np.append(1 - strength + strength * light, 1).astype(np.float32)
    pixels = np.asarray(layer, dtype=np.float32) * light
    if time == 'morning':
        pixels[..., :3] = pixels[..., :3] * (1 - 0.16 * strength) + np.array((255, 236, 214)) * 0.16 * strength
    return Image.fromarray(pixels.astype(np.uint8))


def _warmed(picture: Image.Image, *, bright: float, warm: float) -> Image.Image:
    light = np.array((1 + warm, 1, 1 - warm), np.float32) * np.float32(bright)
    return Image.fromarray(np.clip(np.asarray(picture) * light, 0, 255).astype(np.uint8))


def _lay_subject(picture: Image.Image, scene: Scene, *, box: tuple[int, int, int]) -> None:
    left, top, side = (CELL * cells for cells in box)
    drawing = sprite(scene.subject, colour=scene.colour, side=side)
    drawing = _lit(drawing, scene.time, weather=scene.weather, strength=0.4)
    ground = (left + side * 0.1, top + side * 0.9, left + side * 0.9, top + side * 1.02)
    if scene.angle == 'overhead':
        ground = (left + side * 0.02, top + side * 0.04, left + side * 1.04, top + side * 1.06)
    shade = Image.new('L', picture.size)
    ImageDraw.Draw(shade).ellipse(ground, fill=90)
    picture.paste((10, 16, 30), (0, 0), shade)
    picture.paste(drawing, (left, top), drawing)


def _lay_shoulder(picture: Image.Image) -> None:
    width, height = picture.size
    draw, x = ImageDraw.Draw(picture), width - 40
    draw.ellipse((x - 96, height - 66, x + 96, height + 130), fill=(40, 30, 52))
    draw.ellipse((x - 38, height - 134, x + 38, height - 44), fill=(58, 40, 46))


def _lay_cloud_shadows(layer: Image.Image) -> None:
    shade = Image.new('L', layer.size)
    draw = ImageDraw.Draw(shade)
    for x in range(0, layer.width, 6 * CELL):
        draw.ellipse((x + 8, 8, x + 120, 72), fill=90)
        draw.ellipse((x - 40, layer.height - 84, x + 80, layer.height - 12), fill=90)
    layer.paste((10, 16, 40), (0, 0), shade)


def _rained(picture: Image.Image) -> Image.Image:
    streaks = Image.new('L', picture.size)
    draw = ImageDraw.Draw(streaks)
    for x in range(0, picture.width, CELL):
        for y in range(CELL * (x // CELL % 2), picture.height, 2 * CELL):
            draw.line((x + 20, y + 2, x + 12, y + 28), fill=130, width=3)
    wet = Image.blend(picture, picture.convert('L').convert('RGB'), 0.2)
    wet.paste((206, 222, 240), (0, 0), streaks)
    return wet


def contact_sheet(pictures: list[Image.Image], *, columns: int, gap: int = 6) -> Image.Image:
    """All pictures of one size on a white sheet."""
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    sheet = Image.new('RGB', (columns * (width + gap), rows * (height + gap)), 'white')
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % columns * (width + gap), index // columns * (height + gap)))
    return sheet
