"""How quick a large library is, beside an empty one: `python -m tests.bench.bench_library [ASSETS]`.

Prints: start to first health answer, the first 100 assets by API, a search for a common and for a rare word, a page far
down, the workspace; memory of the web process.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import psutil
from sqlalchemy import insert

from ourvidz.generation.request import GenerationRequest
from ourvidz.library.library import Library
from ourvidz.library.tables import Asset, AssetStatus, Job, JobStatus, new_id, now
from tests.bench.bench_path import summary, timed
from tests.library.making import opened
from tests.running import RunningApp

SUBJECTS = ('a red car', 'a fox', 'a castle', 'an owl', 'a sailing boat', 'a rocket', 'a portrait', 'a lighthouse')
PLACES = ('on a beach', 'in the snow', 'in a neon city', 'under the stars', 'on a hill', 'in a forest')
LIGHTS = ('warm light', 'soft light', 'at night', 'at sunset')
APART = timedelta(minutes=15)
"""Between two jobs of three pictures: 100,000 pictures fill almost a year."""
LINKS = 10_000
"""How many names one file on the disk may have."""


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Path(folder) / 'empty', Path(folder) / 'full'
        asyncio.run(fill(full, number))
        for name, data in (('no assets', empty), (f'{number:,} assets', full)) * 2:
            measure(name, data)


async def fill(data: Path, number: int) -> None:
    """A library of three pictures a job, made in the course of a year."""
    chance = random.Random(0)
    async with opened(data) as library:
        files = _files(library, data)
        for first in range(0, number, 3_000):
            jobs, assets = [], []
            for at in range(first, min(first + 3_000, number), 3):
                job = _job(at // 3, chance)
                jobs.append(job)
                assets += [_asset(job, position, files) for position in range(3)]
            async with library.database.writing() as session:
                await session.execute(insert(Job), jobs)
                await session.execute(insert(Asset), assets)


def _job(at: int, chance: random.Random) -> dict[str, Any]:
    prompt = ' '.join(chance.choice(words) for words in (SUBJECTS, PLACES, LIGHTS)) + f' take{at}'
    moment = now() - timedelta(days=2) - at * APART
    request = GenerationRequest(prompt=prompt).model_dump(mode='json')
    times = {'created_at': moment, 'started_at': moment, 'finished_at': moment}
    values = {'mode': 'image', 'request': request, 'prompt': prompt, 'final_prompt': prompt, 'seed': at, 'rank': 0}
    return {'id': new_id(), 'model': 'spark-image', 'status': JobStatus.COMPLETED} | values | times


def _asset(job: dict[str, Any], position: int, files: Iterator[list[Path]]) -> dict[str, Any]:
    asset_id, folder = new_id(), f'{job["created_at"]:%Y/%m/%d}'
    library_dir, *sources = next(files)
    (library_dir / folder).mkdir(parents=True, exist_ok=True)
    for source in sources:
        os.link(source, library_dir / folder / f'{asset_id}{"".join(source.suffixes)}')
    shared = {name: job[name] for name in ('prompt', 'final_prompt', 'created_at', 'model')}
    size = {'width': 448, 'height': 256, 'file_size': sources[0].stat().st_size}
    parameters = {'num_inference_steps': 2, 'guidance_scale': 1.0, 'request': job['request']}
    return shared | size | {
        'id': asset_id, 'kind': 'image', 'status': AssetStatus.COMPLETED, 'job_id': job['id'], 'position': position,
        'seed': job['seed'] + position, 'parameters': parameters, 'path': f'{folder}/{asset_id}.png',
        'placeholder': 'abc',
    }  # fmt: skip


def _files(library: Library, data: Path) -> Iterator[list[Path]]:
    """For each asset the library's folder and three files outside to be linked into it."""
    count = 0
    while True:
        sources = [data / f'{count // LINKS}{end}' for end in ('.png', '.preview.webp', '.thumbnail.webp')]
        if count % LINKS == 0:
            for source in sources:
                source.write_bytes(b'a picture' * 100)
        yield [library.files.library_dir, *sources]
        count += 1


class Watch:
    """Seconds since it was made, and until the app answered for the first time."""

    def __init__(self, app: RunningApp) -> None:
        self.started, self.first, self._app = time.perf_counter(), 0.0, app
        Thread(target=self._wait, daemon=True).start()

    @property
    def passed(self) -> float:
        return time.perf_counter() - self.started

    def _wait(self) -> None:
        while not self.first:
            with suppress(httpx.HTTPError):
                httpx.get(f'{self._app.url}/api/health', timeout=60)
                self.first = self.passed


def measure(name: str, data: Path) -> None:
    app = RunningApp(data)
    watch = Watch(app)
    with app:
        print(f'{name}: start to first health answer {watch.first:.2f} s, to the open library {watch.passed:.2f} s')
        assert app.process is not None
        process = psutil.Process(app.process.pid)
        print(f'  memory of the web process: {process.memory_info().rss / 1e6:.0f} MB')
        for what, path in {
            'the first 100 assets': '/api/assets?limit=100',
            'a common word': '/api/assets?query=light',
            'a rare word': '/api/assets?query=take7',
            'the workspace': '/',
        }.items():
            app.api.get(path)
            print(f'  {what}: {summary([timed(partial(app.api.get, path)) for _ in range(40)])}')
        print(f'  memory after that: {process.memory_info().rss / 1e6:.0f} MB')


if __name__ == '__main__':
    main()
