"""Start OurVidz: read the settings, build the system, register the ways in, run."""

import gc
import logging
from contextlib import suppress

from nicegui import app, ui
from sqlalchemy.exc import OperationalError

from ourvidz import api
from ourvidz import ui as pages
from ourvidz.errors import OurVidzError
from ourvidz.library.claim import claim
from ourvidz.settings import Settings
from ourvidz.system import System

settings = Settings.read()
try:
    held = claim(settings.data_dir)
except OurVidzError as error:
    raise SystemExit(str(error)) from None
system = System(settings)
why_not: list[str] = []


async def start() -> None:
    """Start the system; what hinders it ends the app with a sentence."""
    try:
        await system.start()
        gc.freeze()  # or all that lives as long as the app is looked through again and again, 0.1 s each time
    except Exception as error:
        if not isinstance(error, OurVidzError | OSError | OperationalError):
            logging.exception('Something unexpected happened at the start')
        why_not.append(f'OurVidz cannot start: {error}')
        app.shutdown()


api.register(system)
pages.register(system)
app.on_startup(start)
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
        gzip_middleware_factory=None,
    )
if why_not:
    raise SystemExit(why_not[0])
