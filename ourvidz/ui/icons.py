"""The icons: one family of own drawings, 24 px grid, 1.5 px strokes in the colour of the text around them."""

from functools import cache

from ourvidz.settings import ASSETS_DIR

ICONS_DIR = ASSETS_DIR / 'ui' / 'icons'


@cache
def svg(name: str, *, size: int = 20) -> str:
    """The icon as inline svg, hidden from screen readers: whatever bears it has a name of its own."""
    drawing = (ICONS_DIR / f'{name}.svg').read_text(encoding='utf-8').strip()
    head = f'<svg class="icon" width="{size}" height="{size}" aria-hidden="true" focusable="false" '
    return drawing.replace('<svg xmlns="http://www.w3.org/2000/svg" ', head, 1)
