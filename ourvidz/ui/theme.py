"""The look of every page: dark, quiet, one warm accent; all of it served from here."""

from functools import cache
from hashlib import sha256

from nicegui import app, ui

from ourvidz.settings import ASSETS_DIR

UI_DIR = ASSETS_DIR / 'ui'
ACCENT = '#ff9345'
GROUND = '#0c0e12'
DANGER = '#ff6b6b'
VIEWPORT = 'width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content'
"""For `ui.run` or `ui.page`: the page reaches the edges of a phone, and its keyboard makes the page smaller."""


def serve_assets() -> None:
    """Serve icons, styles and the web app manifest under /assets/ui; once, at the start."""
    app.add_static_files('/assets/ui', UI_DIR, max_cache_age=31_536_000)


def use_theme(title: str = 'OurVidz') -> None:
    """Give the page that is being built the look of the app; that it is dark is said once, in `ui.run`.

    An element of `ui.dark_mode` would have the browser style the whole page anew at every change.
    """
    ui.page_title(title)
    ui.colors(
        primary=ACCENT, accent=ACCENT, secondary='#9aa4b2', dark='#151922', dark_page=GROUND, positive='#66d19e',
        negative=DANGER, info='#7fb4ff', warning=ACCENT,
    )  # fmt: skip
    ui.add_head_html('\n'.join(_head_lines()))


def asset_url(name: str) -> str:
    """The url of a file of assets/ui, with its version so that browsers keep it for good."""
    return f'/assets/ui/{name}?v={_version(name)}'


def _head_lines() -> list[str]:
    styles = sorted(path.name for path in UI_DIR.glob('*.css'))
    styles.sort(key=lambda name: name != 'theme.css')
    return [
        *(f'<link rel="stylesheet" href="{asset_url(name)}">' for name in styles),
        f'<link rel="icon" type="image/svg+xml" href="{asset_url("icon.svg")}">',
        f'<link rel="apple-touch-icon" href="{asset_url("icon-192.png")}">',
        f'<link rel="manifest" href="{asset_url("manifest.webmanifest")}">',
        f'<meta name="theme-color" content="{GROUND}">',
    ]


@cache
def _version(name: str) -> str:
    return sha256((UI_DIR / name).read_bytes()).hexdigest()[:10]
