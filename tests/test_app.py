"""The app as its owner starts it: one process that answers quickly and leaves nothing behind."""

import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.running import PATIENCE, ROOT, RunningApp, app_environment, eventually, free_port


@pytest.mark.parametrize('ending', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
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


def test_an_upload_that_stalls_does_not_keep_the_app_from_ending(tmp_path: Path) -> None:
    with RunningApp(tmp_path) as app, socket.create_connection(('127.0.0.1', app.port)) as stalled:
        head = f'POST /api/references HTTP/1.1\r\nHost: 127.0.0.1:{app.port}\r\nContent-Length: 1000\r\n'
        stalled.sendall(f'{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n'.encode())
        assert app.api.get('/api/health').json()['status'] == 'ok'
        app.stop()
    assert 'Traceback' not in app.log()


def last_words(folder: Path, **settings: str) -> str:
    """What an app that cannot start says."""
    ended = subprocess.run(
        [sys.executable, str(ROOT / 'app.py')],
        cwd=folder,
        env=app_environment(**({'OURVIDZ_PORT': str(free_port())} | settings)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 1
    assert 'Traceback' not in ended.stderr
    return ended.stderr


def test_a_wrong_setting_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    assert 'port' in last_words(tmp_path, OURVIDZ_PORT='99999')


def test_a_port_in_use_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        words = last_words(tmp_path, OURVIDZ_PORT=str(port))
    assert f'port {port} cannot be listened on' in words
    assert 'OURVIDZ_PORT' in words


def test_a_second_app_on_the_same_data_is_refused_and_the_first_works_on(tmp_path: Path) -> None:
    with RunningApp(tmp_path / 'data') as app:
        words = last_words(tmp_path, OURVIDZ_DATA_DIR=str(app.data_dir))
        assert 'Another OurVidz already works' in words
        assert eventually(app.is_up)
        app.kill()
        app.start()


def test_a_data_folder_that_cannot_be_used_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    assert 'cannot be used' in last_words(tmp_path, OURVIDZ_DATA_DIR=str(tmp_path / 'file' / 'data'))


def test_a_damaged_library_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'ourvidz.sqlite').write_bytes(b'This is no database. ' * 400)
    words = last_words(tmp_path, OURVIDZ_DATA_DIR=str(tmp_path / 'data'))
    assert 'OurVidz cannot start' in words
    assert (tmp_path / 'data' / 'ourvidz.sqlite').read_bytes().startswith(b'This is no database.')


def test_a_job_of_another_version_fails_with_words_and_the_app_starts(tmp_path: Path) -> None:
    with RunningApp(tmp_path) as app:
        job_id = app.submit('a fox')
        app.kill()
        with closing(sqlite3.connect(tmp_path / 'ourvidz.sqlite')) as library, library:
            library.execute("UPDATE jobs SET status = 'queued', request = json_set(request, '$.halo', 3)")
        app.start()
        job = app.finished(job_id)
        assert job['status'] == 'failed'
        assert 'halo' in job['error']
