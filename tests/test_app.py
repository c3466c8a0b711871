"""The app as its owner starts it: one process that answers quickly and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.running import PATIENCE, ROOT, RunningApp, app_environment


@pytest.mark.parametrize('ending', [signal.SIGTERM, signal.SIGINT])
def test_the_app_opens_without_torch_and_ends_when_told(ending: signal.Signals, tmp_path: Path) -> None:
    with RunningApp(tmp_path, ending=ending) as app:
        assert app.process is not None
        assert app.api.get('/api/health').json()['status'] == 'ok'
        assert 'OurVidz' in app.api.get('/').text
        assert app.api.get('/openapi.json').json()['paths']['/api/health']
        libraries = [Path(mapped.path).name for mapped in psutil.Process(app.process.pid).memory_maps()]
        assert any('pydantic' in name for name in libraries)
        assert not any('torch' in name for name in libraries)
    assert not psutil.pid_exists(app.process.pid)
    with socket.socket() as sock:
        assert sock.connect_ex(('127.0.0.1', app.port)) != 0
    assert 'Traceback' not in app.log()


def test_a_wrong_setting_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / 'app.py')],
        cwd=tmp_path,
        env=app_environment(OURVIDZ_PORT='99999'),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 1
    assert 'port' in ended.stderr
    assert 'Traceback' not in ended.stderr
