"""Start OurVidz: read the settings, build the system, register the ways in, run."""

from contextlib import suppress

from nicegui import app, ui

from ourvidz import api
from ourvidz import ui as pages
from ourvidz.settings import Settings
from ourvidz.system import System

settings = Settings.read()
system = System(settings)
api.register(system)
pages.register(system)
app.on_startup(system.start)
app.on_shutdown(system.stop)
with suppress(KeyboardInterrupt):  # Ctrl+C is an ordinary end
    ui.run(
        host=settings.host,
        port=settings.port,
        title='OurVidz',
        show=settings.show,
        reload=False,
        dark=True,
        tailwind=False,
        reconnect_timeout=30,
        favicon=settings.favicon_path,
        fastapi_docs=True,
        gzip_middleware_factory=None,
    )
