"""A kill at any moment costs no asset and no queued job."""

import io
import random
import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.running import RunningApp, eventually, has_ended


@pytest.fixture
def app_to_kill(tmp_path: Path, tiny_models: Path) -> RunningApp:
    return RunningApp(tmp_path / 'data', OURVIDZ_MODELS_DIR=str(tiny_models))


def check_that_nothing_is_lost(app: RunningApp, job_ids: list[str]) -> None:
    for job_id in job_ids:
        job = app.finished(job_id)
        assert job['status'] == 'completed', job['error']
        assert [asset['position'] for asset in job['assets']] == [0, 1, 2]
    assert not [path for path in (app.data_dir / 'staging').rglob('*') if path.is_file()]
    with sqlite3.connect(app.data_dir / 'ourvidz.sqlite') as database:
        sizes = dict(database.execute('select path, file_size from assets').fetchall())
    for path in (app.data_dir / 'library' / name for name in sizes):
        for rendition in ('preview', 'thumbnail'):
            assert Image.open(path.with_name(f'{path.stem}.{rendition}.webp')).format == 'WEBP'
    originals = {
        path.relative_to(app.data_dir / 'library').as_posix(): path.stat().st_size
        for path in (app.data_dir / 'library').rglob('*.png')
        if path.suffixes == ['.png']
    }
    assert sizes == originals
    check_that_it_is_what_an_undisturbed_run_makes(app, app.job(job_ids[0]))


def check_that_it_is_what_an_undisturbed_run_makes(app: RunningApp, job: dict[str, Any]) -> None:
    again = app.make(
        job['prompt'], **{name: job['request'][name] for name in ('model', 'num_inference_steps')}, seed=job['seed']
    )
    for one, other in zip(job['assets'], again['assets'], strict=True):
        assert pixels(app, one) == pixels(app, other)


def pixels(app: RunningApp, asset: dict[str, Any]) -> bytes:
    return Image.open(io.BytesIO(app.api.get(asset['url']).content)).tobytes()


def kill_the_web_process_at_random(app: RunningApp, moments: int, rng: random.Random) -> None:
    app.start()
    jobs = [app.submit(f'picture {number}', model='tiny', num_inference_steps=6) for number in range(2)]
    eventually(lambda: app.job(jobs[0])['status'] == 'processing')
    for _ in range(moments):
        time.sleep(rng.uniform(0, 1.5))
        engine = app.engine()
        app.kill()
        if engine is not None:
            eventually(partial(has_ended, engine))
        with sqlite3.connect(app.data_dir / 'ourvidz.sqlite') as database:
            database.execute("update jobs set attempts = 0 where status in ('queued', 'processing')")
        app.start()
        jobs.append(app.submit('one more', model='tiny', num_inference_steps=6))
    check_that_nothing_is_lost(app, jobs)


def kill_the_engine_at_random(app: RunningApp, moments: int, rng: random.Random) -> None:
    app.start()
    jobs = []
    for _ in range(moments):
        jobs.append(app.submit('a fox', model='tiny', num_inference_steps=12))
        eventually(lambda: app.job(jobs[-1])['status'] == 'processing')
        engine = eventually(lambda: app.engine())
        time.sleep(rng.uniform(0, 1.5))
        if engine.is_running():
            engine.kill()
        app.finished(jobs[-1])
    check_that_nothing_is_lost(app, jobs)


@pytest.mark.timeout(400)
def test_a_killed_web_process_loses_nothing(app_to_kill: RunningApp) -> None:
    try:
        kill_the_web_process_at_random(app_to_kill, 2, random.Random(1))
    finally:
        app_to_kill.stop()


@pytest.mark.timeout(400)
def test_a_killed_engine_loses_nothing(app_to_kill: RunningApp) -> None:
    try:
        kill_the_engine_at_random(app_to_kill, 1, random.Random(2))
    finally:
        app_to_kill.stop()


@pytest.mark.long
def test_twenty_kills_lose_nothing(app_to_kill: RunningApp, tmp_path: Path, tiny_models: Path) -> None:
    other = RunningApp(tmp_path / 'other', OURVIDZ_MODELS_DIR=str(tiny_models))
    try:
        kill_the_web_process_at_random(app_to_kill, 12, random.Random(3))
        kill_the_engine_at_random(other, 8, random.Random(4))
    finally:
        app_to_kill.stop()
        other.stop()


def test_a_job_that_was_interrupted_twice_is_set_aside_and_the_queue_goes_on(app_to_kill: RunningApp) -> None:
    app = app_to_kill.start()
    try:
        poison = app.submit('poison', model='tiny', num_inference_steps=100, variations=6)
        for _ in range(2):
            eventually(lambda: app.job(poison)['status'] == 'processing')
            app.kill()
            app.start()
        job = app.finished(poison)
        assert job['status'] == 'failed'
        assert 'interrupted' in job['error']
        assert app.make('next', model='tiny', variations=1)['assets']
    finally:
        app.stop()
