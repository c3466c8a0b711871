"""The real app as a process, for tests and benchmarks that use it from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
import psutil

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0
"""Seconds that anything may take on a busy machine before a test gives up."""
T = TypeVar('T')


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return int(sock.getsockname()[1])


def eventually(look: Callable[[], T | Literal[False] | None], *, patience: float = PATIENCE) -> T:
    """What `look` gives as soon as it is true; fails after `patience` seconds."""
    end = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f'waited {patience} s in vain'
        time.sleep(0.05)


def has_ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or at least does nothing any more."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def app_environment(**settings: str) -> dict[str, str]:
    """An environment for the app with these settings alone, whatever whoever runs the tests has set."""
    foreign = ('PYTEST', 'NICEGUI', 'OURVIDZ')
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return own | {'OURVIDZ_SHOW': 'false', 'OURVIDZ_DEVICE': 'cpu'} | settings


class RunningApp:
    """`python app.py` on a data folder and a port of its own; `start` waits until it answers, `stop` until it ended.

    As a context it has started, and has ended afterwards by the signal `ending`.
    """

    def __init__(self, data_dir: Path, *, ending: signal.Signals = signal.SIGINT, **settings: str) -> None:
        self.data_dir = data_dir
        self.ending = ending
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.api = httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False)
        self.environment = app_environment(OURVIDZ_DATA_DIR=str(data_dir), OURVIDZ_PORT=str(self.port), **settings)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> 'RunningApp':
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.api.close()

    def start(self) -> 'RunningApp':
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / 'app.log').open('ab') as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / 'app.py')],
                cwd=self.data_dir,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(self.is_up)
        except BaseException:
            self.stop()
            raise
        return self

    def is_up(self) -> bool:
        assert self.process is not None and self.process.poll() is None, f'the app ended:\n{self.log()}'
        try:
            return bool(self.api.get('/api/health').json()['status'] == 'ok')
        except (httpx.HTTPError, ValueError, KeyError):
            return False

    def log(self) -> str:
        path = self.data_dir / 'app.log'
        return path.read_text(errors='replace') if path.exists() else ''

    def engine(self) -> psutil.Process | None:
        """The engine process, None while there is none."""
        assert self.process is not None
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
            return next((child for child in children if 'ourvidz.engine.worker' in child.cmdline()), None)
        except psutil.NoSuchProcess:
            return None

    def kill(self) -> None:
        """kill -9 of the web process; its engine must end by itself."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.ending)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def submit(self, prompt: str, **fields: Any) -> str:
        answer = self.api.post('/api/jobs', json={'prompt': prompt, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()['id'])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.api.get(f'/api/jobs/{job_id}').json())

    def finished(self, job_id: str, *, patience: float = PATIENCE) -> dict[str, Any]:
        """The job once it is over, however it ended."""
        is_over = ('completed', 'failed', 'cancelled')
        return eventually(lambda: (job := self.job(job_id))['status'] in is_over and job, patience=patience)

    def make(self, prompt: str, **fields: Any) -> dict[str, Any]:
        """The job of a request, completed."""
        job = self.finished(self.submit(prompt, **fields))
        assert job['status'] == 'completed', job['error']
        return job
