"""kill -9 at any moment of recording: rows and files agree after the next start, and nothing told is lost."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from ourvidz.library.tables import AssetStatus
from tests.library.making import files_in, opened

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize('seed', [1, 2, 3])
async def test_a_kill_while_recording_loses_nothing(tmp_path: Path, seed: int) -> None:
    await _survives_kills(tmp_path, seed, kills=1)


@pytest.mark.long
async def test_twenty_kills_while_recording_lose_nothing(tmp_path: Path) -> None:
    await _survives_kills(tmp_path, seed=4, kills=10)


async def _survives_kills(data_dir: Path, seed: int, *, kills: int) -> None:
    chance = random.Random(seed)
    told: set[str] = set()
    for _ in range(kills):
        told |= _record_until_killed(data_dir, number=chance.randint(1, 30), delay=chance.random() / 50)
        async with opened(data_dir) as library:
            page = await library.page(limit=500)
            assert told <= {asset.id for asset in page.items}
            assert all(asset.status is AssetStatus.COMPLETED for asset in page.items)
            expected = {
                library.files.path(asset, rendition).relative_to(library.files.library_dir).as_posix()
                for asset in page.items
                for rendition in ('original', 'preview', 'thumbnail')
            }
            assert files_in(library.files.library_dir) == expected
            assert files_in(library.files.staging_dir) == set()


def _record_until_killed(data_dir: Path, *, number: int, delay: float) -> set[str]:
    """Let pictures be recorded, kill within one of the next; gives the ids that were told to be recorded."""
    with subprocess.Popen(
        [sys.executable, '-m', 'tests.library.recorder', str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as recorder:
        assert recorder.stdout is not None
        lines = [recorder.stdout.readline() for _ in range(number)]
        try:
            recorder.wait(delay)
        except subprocess.TimeoutExpired:
            recorder.kill()
        lines += recorder.stdout.readlines()
    told = {line.strip() for line in lines if line.endswith('\n')}
    assert len(told) >= number, 'the recorder ended by itself'
    return told
