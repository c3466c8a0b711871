"""Start OurVidz: read the settings, build the system, register the ways in, run."""

import asyncio
import gc
import logging
import signal
import socket
from contextlib import suppress

from nicegui import app, ui
from sqlalchemy.exc import OperationalError

from ourvidz import api
from ourvidz import ui as pages
from ourvidz.errors import OurVidzError, Refused
from ourvidz.library.claim import claim
from ourvidz.settings import Settings
from ourvidz.system import System

SECONDS_TO_END = 5
"""For requests that are under way when the app is told to end, a stalled upload among them."""


def ensure_port_is_free(host: str, port: int) -> None:
    """Said before anything is opened. Raises Refused."""
    try:
        for family, kind, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:1]:
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        advice = 'Close what uses it, or set OURVIDZ_PORT and OURVIDZ_HOST.'
        raise Refused(f'{host} port {port} cannot be listened on: {error.strerror}.', advice=advice) from error


def is_no_cut_off_request(record: logging.LogRecord) -> bool:
    """Whether a line of the log tells of anything but a request that the end of the app cut off."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)


settings = Settings.read()
try:
    held = claim(settings.data_dir)
    ensure_port_is_free(settings.host, settings.port)
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
if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # the terminal was closed: an end like any other
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
logging.getLogger('uvicorn.error').addFilter(is_no_cut_off_request)
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
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
if why_not:
    raise SystemExit(why_not[0])
