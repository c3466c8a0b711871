"""The subjects of clips: drawings of Fluent Emoji Flat (MIT, see sprites.LICENSE), in the colour asked for."""

import io
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

PACKAGE = '@iconify-json/fluent-emoji-flat'
SPRITES_PATH = Path(__file__).with_name('clip_sprites.json')

ICONS = {
    'car': 'automobile', 'bus': 'bus', 'train': 'locomotive', 'boat': 'sailboat', 'airplane': 'airplane',
    'rocket': 'rocket', 'balloon': 'balloon', 'robot': 'robot', 'house': 'house', 'castle': 'castle',
    'tree': 'deciduous-tree', 'flower': 'tulip', 'mushroom': 'mushroom', 'cat': 'cat-face', 'dog': 'dog-face',
    'panda': 'panda', 'lion': 'lion', 'owl': 'owl', 'bird': 'baby-chick', 'fish': 'fish', 'horse': 'horse',
    'elephant': 'elephant', 'dragon': 'dragon', 'turtle': 'turtle',
}  # fmt: skip

PAINTED = {
    'car': '#f8312f #ca0b4a-', 'bus': '#ffb02e', 'train': '#636363 #f92f60-', 'boat': '#fcd53f #ff9f2e-',
    'airplane': '#cdc4d6 #9b9b9b-', 'rocket': '#f4f4f4', 'balloon': '#f8312f #ff8687+', 'robot': '#cdc4d6',
    'house': '#f3c07b', 'castle': '#b4acbc #998ea4-', 'tree': '#44911b', 'flower': '#ff6dc6 #f70a8d-',
    'mushroom': '#f8312f #fbb8ab+', 'cat': '#ffb02e #ff822d-', 'dog': '#f3c07b #ffdea7+', 'panda': '#f4f4f4',
    'lion': '#ffb02e', 'owl': '#6d4534', 'bird': '#fcd53f #f9c23c-', 'fish': '#00a6ed #0074ba-',
    'horse': '#a56953 #6d4534-', 'elephant': '#9b9b9b #636363- #d3d3d3+', 'dragon': '#00d26a',
    'turtle': '#008463 #00d26a+',
}  # fmt: skip
"""The fills of a drawing that take the colour asked for: as it is, darker (-) or lighter (+)."""

PAINTS = {
    'red': (226, 38, 38), 'orange': (255, 136, 20), 'yellow': (255, 216, 44), 'green': (40, 176, 70),
    'blue': (38, 112, 236), 'purple': (146, 72, 214), 'pink': (255, 120, 190), 'white': (250, 250, 250),
}  # fmt: skip


def import_sprites(package: Path) -> None:
    """Writes `clip_sprites.json` from an unpacked npm package `@iconify-json/fluent-emoji-flat`."""
    icons: dict[str, Any] = json.loads((package / 'icons.json').read_text(encoding='utf-8'))['icons']
    bodies = {subject: icons[name]['body'] for subject, name in ICONS.items()}
    SPRITES_PATH.write_text(json.dumps(bodies, indent=1), encoding='utf-8')


@lru_cache(maxsize=4096)
def sprite(subject: str, *, colour: str, side: int) -> Image.Image:
    """The subject as an RGBA picture of `side` x `side` pixels; do not draw on it, it is shared."""
    import resvg_py

    body = _repainted(_bodies()[subject], subject=subject, colour=colour)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="1 1 30 30" width="{side}" height="{side}">{body}</svg>'
    png = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side)
    return Image.open(io.BytesIO(bytes(png))).convert('RGBA')


def _repainted(body: str, *, subject: str, colour: str) -> str:
    if colour == 'natural':
        return body
    for fill in PAINTED[subject].split():
        body = body.replace(fill[:7], _shade(PAINTS[colour], fill[7:]))
    return body


def _shade(paint: tuple[int, int, int], tone: str) -> str:
    towards, share = {'': (0, 0.0), '-': (0, 0.22), '+': (255, 0.45)}[tone]
    return '#' + ''.join(f'{round(channel + (towards - channel) * share):02x}' for channel in paint)


@lru_cache(maxsize=1)
def _bodies() -> dict[str, str]:
    bodies: dict[str, str] = json.loads(SPRITES_PATH.read_text(encoding='utf-8'))
    return bodies
