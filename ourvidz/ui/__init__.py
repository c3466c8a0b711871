"""The pages."""

from nicegui import ui

from ourvidz import __version__
from ourvidz.settings import Settings


def register(settings: Settings) -> None:
    """Add all pages to the app."""

    @ui.page('/')
    def home() -> None:
        """Which OurVidz runs here, and the settings in force."""
        ui.label(f'OurVidz {__version__}').classes('text-h5')
        for name, value in settings:
            ui.label(f'{name} = {value}').mark(name)
