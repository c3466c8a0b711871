"""A library in a folder, jobs in it and finished files as the engine leaves them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ourvidz.engine.messages import FileMade
from ourvidz.library.database import Database
from ourvidz.library.files import Files
from ourvidz.library.library import Library
from ourvidz.library.tables import WORKSPACE_ID, Asset, Job, JobStatus, new_id

DATABASE = 'ourvidz.sqlite'


@asynccontextmanager
async def opened(data_dir: Path, *, patience_seconds: float = 10) -> AsyncIterator[Library]:
    """The library of a data folder, put right after whatever happened to it."""
    database = Database(data_dir / DATABASE, patience_seconds=patience_seconds)
    library = Library(database, Files(data_dir / 'library', data_dir / 'staging'))
    await database.open()
    try:
        await library.reconcile()
        yield library
    finally:
        await database.close()


async def add_job(library: Library, prompt: str = 'a red fox', **fields: Any) -> Job:
    """A running job."""
    values: dict[str, Any] = {
        'mode': 'image',
        'request': {'quality': 'high', 'variations': 9},
        'seed': 7,
        'rank': 1,
        'prompt': prompt,
    }
    job = Job(**(values | {'status': JobStatus.PROCESSING} | fields))
    async with library.database.writing() as session:
        session.add(job)
    return job


def made(library: Library, job: Job, position: int = 0, *, kind: str = 'image') -> FileMade:
    """Finished files in staging."""
    asset_id = new_id()
    is_video = kind == 'video'

    def staged(name: str) -> Path:
        path = library.files.staging_dir / f'{asset_id}.{name}'
        path.write_bytes(f'{name} of {asset_id}'.encode())
        return path

    return FileMade(
        run_id=job.id,
        position=position,
        asset_id=asset_id,
        seed=job.seed + position,
        kind='video' if is_video else 'image',
        original_path=staged('mp4' if is_video else 'png'),
        preview_path=staged('preview.webp'),
        thumbnail_path=staged('thumbnail.webp'),
        poster_path=staged('poster.webp') if is_video else None,
        width=64,
        height=32,
        duration=1.5 if is_video else None,
        fps=8 if is_video else None,
        placeholder='abc',
        content_score=0.1,
    )


async def add_asset(library: Library, job: Job, position: int = 0, **details: Any) -> Asset:
    """A recorded asset with its files."""
    return await library.record(job, made(library, job, position), details=details)


async def add_rows(library: Library, number: int, *, created_at: datetime, **fields: Any) -> None:
    """Many assets without files, all of one time and one job."""
    job = await add_job(library)
    async with library.database.writing() as session:
        session.add_all(row(job, position, created_at=created_at, **fields) for position in range(number))


def row(job: Job, position: int, **fields: Any) -> Asset:
    """An asset without files, not yet in the library."""
    values: dict[str, Any] = {
        'kind': 'image', 'job_id': job.id, 'workspace_id': WORKSPACE_ID, 'prompt': 'a red fox', 'seed': 1, 'width': 64,
        'height': 64, 'path': 'none.png', 'position': position,
    }  # fmt: skip
    return Asset(**(values | fields))


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()}
