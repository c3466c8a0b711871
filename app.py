"""Start OurVidz: read the settings, register the ways in, run."""

from contextlib import suppress
from pathlib import Path

from nicegui import ui

from ourvidz import api
from ourvidz import ui as pages
from ourvidz.settings import Settings

settings = Settings.read()
api.register()
pages.register(settings)
with suppress(KeyboardInterrupt):  # Ctrl+C is an ordinary end
    ui.run(
        host=settings.host,
        port=settings.port,
        title='OurVidz',
        favicon=Path(__file__).parent / 'assets' / 'ui' / 'icon.svg',
        show=settings.show,
        reload=False,
        dark=True,
        fastapi_docs=True,
    )
