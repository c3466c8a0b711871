"""The eight places: what stands at the horizon, and what the ground looks like from the side."""

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from .clip_scene import BLOCK as CELL

Colour = tuple[int, int, int]

GROUNDS: dict[str, Colour] = {
    'meadow': (112, 200, 72), 'beach': (246, 224, 164), 'forest': (58, 98, 50), 'city': (96, 98, 108),
    'desert': (236, 160, 76), 'mountains': (134, 138, 112), 'snow': (240, 246, 252), 'sea': (24, 112, 178),
}  # fmt: skip


@dataclass
class Canvas:
    """An RGBA layer with transparent sky, its horizon (pixels from the top) and the size of what stands there."""

    image: Image.Image
    horizon: int
    scale: float
    rng: random.Random

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.image)
        self.width, self.height = self.image.size

    def steps(self, cells: int) -> range:
        """Places along the horizon, `cells` latent cells (times the scale) apart."""
        return range(0, self.width + CELL, max(16, round(cells * CELL * self.scale)))

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A box standing on (x, y), scaled."""
        width, height = width * self.scale, height * self.scale
        self.draw.rectangle((x - width / 2, y - height, x + width / 2, y), fill=colour)

    def bump(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """An ellipse around (x, y), scaled."""
        width, height = width * self.scale / 2, height * self.scale / 2
        self.draw.ellipse((x - width, y - height, x + width, y + height), fill=colour)

    def peak(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A triangle standing on (x, y), scaled."""
        width, height = width * self.scale / 2, height * self.scale
        self.draw.polygon(((x - width, y), (x + width, y), (x, y - height)), fill=colour)


def paint_place(canvas: Canvas, place: str) -> None:
    """Draws the ground below the horizon and what stands at it."""
    ground = (0, canvas.horizon, canvas.width, canvas.height)
    match place:
        case 'meadow':
            _hills(canvas, (92, 176, 64), height=70)
            canvas.draw.rectangle(ground, fill=GROUNDS[place])
            _flowers(canvas)
        case 'beach':
            canvas.draw.rectangle(ground, fill=GROUNDS[place])
            _sea_strip(canvas)
            _palms(canvas)
        case 'forest':
            _firs(canvas, (26, 84, 48), (36, 108, 58), snow=False)
            canvas.draw.rectangle(ground, fill=GROUNDS[place])
        case 'city':
            _skyline(canvas)
            canvas.draw.rectangle(ground, fill=GROUNDS[place])
            _road(canvas)
        case 'desert':
            _hills(canvas, (222, 138, 62), height=90)
            canvas.draw.rectangle(ground, fill=GROUNDS[place])
            _cacti(canvas)
        case 'mountains':
            _mountains(canvas)
            canvas.draw.rectangle(ground, fill=GROUNDS[place])
            _stones(canvas)
        case 'snow':
            _hills(canvas, (214, 228, 244), height=60)
            _firs(canvas, (60, 110, 104), (78, 128, 118), snow=True)
            canvas.draw.rectangle(ground, fill=GROUNDS[place])
        case _:
            canvas.draw.rectangle(ground, fill=GROUNDS['sea'])
            _waves(canvas)


def paint_lights(canvas: Canvas, place: str) -> None:
    """Draws the windows that shine at night."""
    if place == 'city':
        _skyline(canvas, windows=(255, 216, 110), only_windows=True)


def _hills(canvas: Canvas, colour: Colour, *, height: int) -> None:
    for x in canvas.steps(6):
        canvas.bump(x + CELL * canvas.rng.choice((0, 1)), canvas.horizon + 4, 300, height, colour)


def _flowers(canvas: Canvas) -> None:
    for y in range(canvas.horizon + 20, canvas.height, CELL):
        for x in range(CELL * (y // CELL % 2), canvas.width, 2 * CELL):
            petal = ((255, 255, 255), (255, 224, 80))[(x + y) // CELL % 3 % 2]
            canvas.draw.ellipse((x + 12, y - 4, x + 20, y + 4), fill=petal)


def _sea_strip(canvas: Canvas) -> None:
    edge = canvas.horizon + round(26 * canvas.scale)
    canvas.draw.rectangle((0, canvas.horizon, canvas.width, edge), fill=(40, 160, 210))
    canvas.draw.rectangle((0, edge - 5, canvas.width, edge), fill=(230, 248, 252))


def _palms(canvas: Canvas) -> None:
    x = canvas.width * 0.88
    y, scale = canvas.horizon + round(34 * canvas.scale), canvas.scale
    canvas.box(x, y, 10, 90, (140, 98, 58))
    for dx, dy in ((-30, -84), (30, -84), (-20, -102), (20, -102)):
        canvas.bump(x + dx * scale, y + dy * scale, 62, 20, (44, 150, 70))


def _firs(canvas: Canvas, back: Colour, front: Colour, *, snow: bool) -> None:
    rows = ((0, 2, 84, front),) if snow else ((0, 1, 128, back), (CELL // 2, 2, 96, front))
    for offset, cells, height, colour in rows:
        for x in canvas.steps(cells * (2 if snow else 1)):
            canvas.peak(x + offset, canvas.horizon + 8, 60, height, colour)
            if snow:
                canvas.peak(x + offset, canvas.horizon + 8 - height * 0.6 * canvas.scale, 24, 34, (250, 252, 255))


def _skyline(canvas: Canvas, *, windows: Colour = (168, 208, 232), only_windows: bool = False) -> None:
    heights = random.Random(canvas.width).choices((64, 96, 128), k=40)
    for index, x in enumerate(canvas.steps(2)):
        height = heights[(index) % len(heights)]
        if not only_windows:
            canvas.box(x, canvas.horizon, 58, height, ((104, 116, 146), (130, 124, 140), (84, 98, 132))[index % 3])
        for row in range(16, height - 8, 24):
            for column in (-16, 0, 16):
                place = x + column * canvas.scale, canvas.horizon - (height - row - 12) * canvas.scale
                canvas.box(*place, 8, 12, windows)


def _road(canvas: Canvas) -> None:
    canvas.draw.rectangle((0, canvas.horizon, canvas.width, canvas.horizon + 8), fill=(190, 190, 190))
    for y in range(canvas.horizon + CELL, canvas.height, 2 * CELL):
        for x in range(0, canvas.width, 2 * CELL):
            canvas.draw.rectangle((x + 16, y - 3, x + 48, y + 3), fill=(240, 236, 220))


def _cacti(canvas: Canvas) -> None:
    x, y, green = canvas.width * 0.86, canvas.horizon + 14, (58, 140, 72)
    canvas.box(x, y, 16, 76, green)
    for side in (-1, 1):
        canvas.box(x + side * 14 * canvas.scale, y - 30 * canvas.scale, 28, 10, green)
        canvas.box(x + side * 24 * canvas.scale, y - 30 * canvas.scale, 10, 30, green)


def _mountains(canvas: Canvas) -> None:
    for index, x in enumerate(canvas.steps(4)):
        height = 150 if (index + canvas.rng.choice((0, 1))) % 2 else 110
        canvas.peak(x, canvas.horizon, 240, height, ((104, 108, 128), (124, 128, 146))[index % 2])
        canvas.peak(x, canvas.horizon - height * 0.68 * canvas.scale, 76, height * 0.32, (248, 250, 255))


def _stones(canvas: Canvas) -> None:
    for y in range(canvas.horizon + 24, canvas.height, CELL):
        for x in range(CELL * (y // CELL % 2), canvas.width, 2 * CELL):
            canvas.draw.ellipse((x + 6, y - 6, x + 26, y + 6), fill=(108, 110, 96))


def _waves(canvas: Canvas) -> None:
    for y in range(canvas.horizon + 16, canvas.height, CELL):
        for x in range(CELL * (y // CELL % 2), canvas.width, 2 * CELL):
            canvas.draw.arc((x, y - 8, x + 32, y + 10), 200, 340, fill=(150, 214, 240), width=4)
