"""The real app as a process, for tests that use it from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
PATIENCE = 90.0
"""Seconds that anything may take on a busy machine before a test gives up."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return int(sock.getsockname()[1])


def eventually(is_so: Callable[[], bool]) -> None:
    """Return as soon as `is_so`; fails when patience ends."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, f'waited {PATIENCE} s in vain'
        time.sleep(0.05)


def app_environment(**settings: str) -> dict[str, str]:
    """An environment for the app with these settings alone, whatever whoever runs the tests has set."""
    foreign = ('PYTEST', 'NICEGUI', 'OURVIDZ')
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return own | {'OURVIDZ_SHOW': 'false', 'OURVIDZ_DEVICE': 'cpu'} | settings


class RunningApp:
    """`python app.py` with its own folder and port; as a context it answers, and has ended afterwards."""

    def __init__(self, folder: Path, *, ending: signal.Signals = signal.SIGTERM, **environment: str) -> None:
        self.folder = folder
        self.ending = ending
        self.port = free_port()
        self.api = httpx.Client(base_url=f'http://127.0.0.1:{self.port}', timeout=PATIENCE, trust_env=False)
        self.environment = app_environment(OURVIDZ_PORT=str(self.port), **environment)

    def __enter__(self) -> 'RunningApp':
        with (self.folder / 'app.log').open('ab') as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / 'app.py')],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(self._answers)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        self.api.close()
        self.process.send_signal(self.ending)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def _answers(self) -> bool:
        assert self.process.poll() is None, f'the app ended:\n{self.log()}'
        try:
            return self.api.get('/api/health').is_success
        except httpx.TransportError:
            return False

    def log(self) -> str:
        return (self.folder / 'app.log').read_text(errors='replace')
