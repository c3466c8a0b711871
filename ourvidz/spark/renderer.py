"""Composes a scene as a picture: sky, place, subject, foreground, light, weather and style."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .filters import styled
from .grounds import paint_ground
from .places import paint_place
from .scene import CELL, GRID, Scene
from .sky import paint_sky
from .sprites import FLYING, sprite

SIDES = {'wide': 6, 'medium': 10, 'close': 14}
"""Side of the subject's square in squares of the grid, by shot."""

HORIZONS = {'eye_level': 0.6, 'low_angle': 0.84, 'over_shoulder': 0.6, 'overhead': 0.0, 'bird_eye': 0.26}
SCALES = {'low_angle': 1.35, 'bird_eye': 0.55}
MARGINS = {6: 2, 10: 2, 14: 0}
"""Squares between a subject of that side and the picture's edge, where there is room."""

LIGHTS = {'day': (1.0, 1.0, 1.0), 'morning': (1.0, 0.93, 0.86), 'sunset': (1.0, 0.72, 0.58), 'night': (0.4, 0.47, 0.78)}
SHADE = (10, 16, 30)
BLURS = {'wide': 0, 'medium': 0, 'close': 3}
"""How far what lies behind the subject is out of focus, in pixels."""


@dataclass(frozen=True)
class Render:
    """A picture and the subject's square in cells: left, top, side (side 0 without subject)."""

    picture: Image.Image
    box: tuple[int, int, int]


def render(scene: Scene) -> Render:
    """Draws the scene."""
    has_subject = scene.subject != 'none'
    horizon = round(scene.size[1] * HORIZONS[scene.angle] / CELL) * CELL
    box = _box(scene, horizon // GRID) if has_subject else (0, 0, 0)
    picture = _background(scene, horizon)
    if has_subject:
        if blur := BLURS[scene.shot]:
            picture = picture.filter(ImageFilter.BoxBlur(blur))
        _lay_subject(picture, scene, box)
    if scene.angle == 'over_shoulder':
        _lay(picture, _shoulder(scene.size, scene.column == 'right', scene.time))
    if scene.weather == 'rainy':
        picture = _rained(picture)
    return Render(styled(picture, scene.style), box)


def _box(scene: Scene, horizon: int) -> tuple[int, int, int]:
    """Left, top and side in squares; it lies on whole latents, except in the middle of a picture it nearly fills."""
    columns, rows = scene.size[0] // GRID, scene.size[1] // GRID
    side = SIDES[scene.shot]
    free = columns - side
    margin = MARGINS[side] if free > 6 else 0
    left = {'left': margin, 'middle': _even(free // 2) or free // 2, 'right': free - margin}[scene.column]
    match scene.angle:
        case 'overhead':
            top = _even((rows - side) // 2)
        case 'bird_eye':
            top = horizon + _even((rows - horizon - side) // 2)
        case 'low_angle':
            top = horizon - side + 2
        case _:
            top = horizon - side + (2 if scene.shot == 'wide' else 4)
    lift = 2 if scene.subject in FLYING and scene.angle != 'overhead' else 0
    return left, min(rows - side, max(0, top - lift)), side


def _even(squares: int) -> int:
    return squares - squares % 2


def _background(scene: Scene, horizon: int) -> Image.Image:
    """Sky and place in the light of the time and the weather."""
    picture = Image.new('RGB', scene.size)
    if horizon:
        sky = paint_sky(scene.size[0], horizon + GRID, time=scene.time, weather=scene.weather, backdrop=scene.backdrop)
        picture.paste(sky, (0, 0))
    _lay(picture, _lit(_place(scene, horizon), scene))
    return picture


def _place(scene: Scene, horizon: int) -> Image.Image:
    if scene.angle == 'overhead':
        return paint_ground(scene.size, place=scene.place, backdrop=scene.backdrop)
    layer = paint_place(
        scene.size, horizon, place=scene.place, backdrop=scene.backdrop, scale=SCALES.get(scene.angle, 1.0)
    )
    if scene.angle == 'bird_eye':
        return _with_ground(layer, scene.size, horizon, scene.place, scene.backdrop)
    return layer


def _with_ground(layer: Image.Image, size: tuple[int, int], horizon: int, place: str, backdrop: str) -> Image.Image:
    below = size[1] - horizon
    ground = paint_ground((size[0], below), place=place, backdrop=backdrop)
    whole = layer.copy()
    whole.paste(ground.crop((0, 8, size[0], below)), (0, horizon + 8))
    return whole


def _lit(layer: Image.Image, scene: Scene, *, strength: float = 1.0) -> Image.Image:
    light = np.array(LIGHTS[scene.time], np.float32)
    light = light * {'clear': 1.0, 'cloudy': 0.93, 'rainy': 0.78}[scene.weather]
    light = 1 - strength + strength * light
    table = [round(level * channel) for channel in light for level in range(256)] + list(range(256))
    return layer.point(table)


def _lay_subject(picture: Image.Image, scene: Scene, box: tuple[int, int, int]) -> None:
    left, top, side = (GRID * cells for cells in box)
    is_flipped = (scene.direction == 'right') != (scene.subject in ('rocket', 'airplane'))
    drawing = sprite(scene.subject, colour=scene.colour, side=side, is_flipped=is_flipped)
    shadow = _shadow(side, scene.angle == 'overhead')
    picture.paste(SHADE, (left - side // 8, top), shadow)
    _lay(picture, _lit(drawing, scene, strength=0.42), (left, top))


@lru_cache(maxsize=8)
def _shadow(side: int, is_around: bool) -> Image.Image:
    """How dark the shadow of a subject is, on a square a little larger than its own."""
    large = side * 5 // 4
    shade = Image.new('L', (large, large))
    if is_around:
        ellipse = (side * 0.22, side * 0.26, side * 1.16, side * 1.14)
    else:
        ellipse = (side * 0.2, side * 0.92, side * 1.05, side * 1.03)
    ImageDraw.Draw(shade).ellipse(ellipse, fill=120)
    return shade.filter(ImageFilter.GaussianBlur(side / 32))


@lru_cache(maxsize=32)
def _shoulder(size: tuple[int, int], is_left: bool, time: str) -> Image.Image:
    """Somebody's head and shoulder, dark and out of focus, in a lower corner."""
    width, height = size
    layer = Image.new('RGBA', size, (44, 34, 54, 0))
    draw, x = ImageDraw.Draw(layer), 34 if is_left else width - 34
    dark = 0.55 if time == 'night' else 1.0
    draw.ellipse((x - 104, height - 62, x + 104, height + 150), fill=tuple(round(dark * c) for c in (52, 40, 66)))
    draw.ellipse((x - 42, height - 138, x + 42, height - 40), fill=tuple(round(dark * c) for c in (66, 46, 50)))
    return layer.filter(ImageFilter.GaussianBlur(2.5))


def _lay(picture: Image.Image, layer: Image.Image, at: tuple[int, int] = (0, 0)) -> None:
    picture.paste(layer, at, layer)


def _rained(picture: Image.Image) -> Image.Image:
    wet = Image.blend(picture, picture.convert('L').convert('RGB'), 0.25)
    wet.paste((214, 228, 244), (0, 0), _streaks(picture.size))
    return wet


@lru_cache(maxsize=4)
def _streaks(size: tuple[int, int]) -> Image.Image:
    streaks = Image.new('L', size)
    draw = ImageDraw.Draw(streaks)
    for x in range(0, size[0], 2 * GRID):
        for y in range(2 * GRID * (x // GRID % 4 // 2) - 2 * GRID, size[1], 4 * GRID):
            draw.line((x + 18, y + 2, x + 10, y + 30), fill=120, width=3)
    return streaks.filter(ImageFilter.GaussianBlur(0.7))


def contact_sheet(pictures: list[Image.Image], *, columns: int, gap: int = 6) -> Image.Image:
    """All pictures of one size on a white sheet."""
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    sheet = Image.new('RGB', (columns * (width + gap), rows * (height + gap)), 'white')
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % columns * (width + gap), index // columns * (height + gap)))
    return sheet
