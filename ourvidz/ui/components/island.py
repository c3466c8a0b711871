"""A part of the page that is drawn by itself."""

from nicegui import ui


class Island(ui.element, component='island.js'):
    """Holds one element for good, and is nothing on the page itself.

    NiceGUI draws a page anew at every change of any element; a change inside an island draws the island only.
    """
