"""A part of the page that changes often, and is drawn by itself when it does."""

from nicegui import ui


class Island(ui.element, component='island.js'):
    """No element of the page, only its content. Without islands NiceGUI draws the whole page at each change."""
