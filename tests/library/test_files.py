"""Where files lie, how they come there and which urls they have."""

import errno
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from ourvidz.errors import NotFound, StorageFull
from ourvidz.library.files import RENDITIONS, Files, room
from ourvidz.library.library import Library
from ourvidz.library.urls import media_url, rendition_path
from tests.library.making import add_job, files_in, made

DAY = datetime(2026, 3, 9, 23, 59)


async def test_the_renditions_of_a_clip_lie_side_by_side_in_the_folder_of_the_day(library: Library) -> None:
    clip = made(library, await add_job(library), kind='video')
    assert await library.files.take_in(clip, DAY) == f'2026/03/09/{clip.asset_id}.mp4'
    assert files_in(library.files.library_dir) == {
        f'2026/03/09/{clip.asset_id}{suffix}' for suffix in ('.mp4', '.preview.webp', '.thumbnail.webp', '.poster.webp')
    }
    assert files_in(library.files.staging_dir) == set()


async def test_a_clip_in_another_container_keeps_the_end_of_its_name(library: Library) -> None:
    clip = made(library, await add_job(library), kind='video')
    other = replace(clip, original_path=clip.original_path.rename(clip.original_path.with_suffix('.webm')))
    assert await library.files.take_in(other, DAY) == f'2026/03/09/{clip.asset_id}.webm'
    assert f'2026/03/09/{clip.asset_id}.webm' in files_in(library.files.library_dir)


async def test_an_incomplete_set_of_files_is_not_taken_in(library: Library) -> None:
    picture = made(library, await add_job(library))
    picture.original_path.unlink()
    with pytest.raises(FileNotFoundError):
        await library.files.take_in(picture, DAY)
    assert files_in(library.files.library_dir) == set()


async def test_staging_may_lie_on_another_disk(library: Library) -> None:
    memory = Path('/dev/shm')
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as staging:
        library.files = Files(library.files.library_dir, Path(staging))
        picture = made(library, await add_job(library))
        asset = await library.record(await add_job(library), picture, details={})
        assert files_in(Path(staging)) == set()
    assert library.files.path(asset, 'original').read_bytes() == f'png of {asset.id}'.encode()


async def test_every_rendition_has_one_url_and_one_path(library: Library) -> None:
    job = await add_job(library)
    clip = await library.record(job, made(library, job, kind='video'), details={})
    assert len({media_url(clip, rendition) for rendition in RENDITIONS}) == 4
    assert all(rendition_path(library.files, clip, rendition).is_file() for rendition in RENDITIONS)
    picture = await library.record(job, made(library, job, 1), details={})
    assert media_url(picture, 'preview').startswith(f'/media/{picture.id}/preview?v=')
    with pytest.raises(NotFound, match='no poster'):
        media_url(picture, 'poster')


@pytest.mark.parametrize('reason', [errno.ENOSPC, errno.EDQUOT])
def test_too_little_room_is_told_in_words(reason: int) -> None:
    with pytest.raises(StorageFull, match='Free some space'), room():
        raise OSError(reason, 'no room')


def test_free_space_is_known_before_anything_is_made(tmp_path: Path) -> None:
    assert Files(tmp_path / 'not' / 'yet', tmp_path).free_space > 0
