"""The eight places seen from above, for overhead and bird's eye views."""

from PIL import Image, ImageDraw

from .places import GROUNDS
from .scene import CELL


def paint_ground(image: Image.Image, place: str, *, top: int) -> None:
    """Covers the picture from `top` down with the place seen from above."""
    draw = ImageDraw.Draw(image)
    width, height = image.size
    draw.rectangle((0, top, width, height), fill=GROUNDS[place])
    if place == 'city':
        _blocks(draw, width, height, top=top)
        return
    if place == 'beach':
        _coast(draw, width, height, top=top)
    if place in ('desert', 'sea'):
        _ripples(draw, width, height, top=top, place=place)
        return
    for row, y in enumerate(range(top, height, CELL)):
        for x in range((row * CELL) % (2 * CELL), width, 2 * CELL):
            _spot(draw, x, y, place)


def _spot(draw: ImageDraw.ImageDraw, x: int, y: int, place: str) -> None:
    match place:
        case 'meadow':
            draw.ellipse((x + 10, y + 10, x + 22, y + 22), fill=(255, 255, 255))
            draw.ellipse((x + 14, y + 14, x + 18, y + 18), fill=(255, 200, 60))
        case 'forest':
            draw.ellipse((x - 12, y - 12, x + 40, y + 40), fill=(30, 96, 52))
            draw.ellipse((x, y - 4, x + 24, y + 20), fill=(48, 124, 64))
        case 'snow':
            draw.ellipse((x + 4, y + 4, x + 28, y + 28), fill=(96, 146, 134))
            draw.ellipse((x + 12, y + 10, x + 20, y + 18), fill=(226, 238, 246))
        case 'mountains':
            draw.polygon(((x - 4, y + 32), (x + 36, y + 32), (x + 16, y)), fill=(102, 106, 118))
            draw.polygon(((x + 8, y + 14), (x + 24, y + 14), (x + 16, y)), fill=(246, 248, 252))
        case _:
            draw.ellipse((x + 12, y + 12, x + 20, y + 20), fill=(226, 198, 132))


def _blocks(draw: ImageDraw.ImageDraw, width: int, height: int, *, top: int) -> None:
    for row, y in enumerate(range(top, height, 3 * CELL)):
        for column, x in enumerate(range(0, width, 3 * CELL)):
            roof = ((150, 150, 166), (172, 132, 116), (126, 136, 158))[(row + column) % 3]
            draw.rectangle((x + 2, y + 2, x + 2 * CELL - 3, y + 2 * CELL - 3), fill=roof)
            draw.rectangle((x + 18, y + 18, x + 46, y + 46), fill=tuple(channel - 26 for channel in roof))
        draw.line((0, y + 80, width, y + 80), fill=(240, 236, 220), width=3)


def _coast(draw: ImageDraw.ImageDraw, width: int, height: int, *, top: int) -> None:
    edge = round(width * 0.3 / CELL) * CELL
    for x, colour in ((width - edge - 8, (232, 248, 252)), (width - edge, (40, 160, 210))):
        draw.rectangle((x, top, width, height), fill=colour)


def _ripples(draw: ImageDraw.ImageDraw, width: int, height: int, *, top: int, place: str) -> None:
    colour = (150, 214, 240) if place == 'sea' else (206, 126, 54)
    for y in range(top, height, CELL):
        for x in range(0, width, 2 * CELL):
            draw.arc((x, y + 6, x + CELL, y + 26), 190, 350, fill=colour, width=4)
            draw.arc((x + CELL, y + 6, x + 2 * CELL, y + 26), 10, 170, fill=colour, width=4)
