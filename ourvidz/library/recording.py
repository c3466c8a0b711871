"""How finished files become an asset: taken in first, recorded after, once for each place of a job."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ourvidz.engine.messages import FileMade
from ourvidz.errors import LibraryLocked, NotFound
from ourvidz.library import queries
from ourvidz.library.database import Database
from ourvidz.library.files import Files, original_path
from ourvidz.library.tables import Asset, AssetStatus, Job, JobStatus, now


async def record(
    database: Database, files: Files, job: Job, made: FileMade, details: Mapping[str, Any]
) -> tuple[Asset, bool, Asset | None]:
    """Take finished files in and record them.

    Gives the asset at that place of the job, whether it is new, and the one that it replaced. The last one ends the
    job. While the library is locked the files stay in staging, so that one can try again.
    """
    asset: Asset | None = None
    try:
        async with database.writing() as session:
            before = await _at(session, job.id, made.position)
            if before is not None and before.deleted_at is None and before.status is AssetStatus.COMPLETED:
                await files.discard(made)
                return before, False, None
            row = await _job(session, job.id)
            asset = _asset(row, made, now(), details)
            await files.take_in(made, asset.created_at)
            asset.file_size = files.size(asset)
            if before is not None:
                asset.is_favourite = before.is_favourite
                await session.delete(before)
                await session.flush()
            session.add(asset)
            if row.status is JobStatus.PROCESSING and await _is_complete(session, row):
                row.end(JobStatus.COMPLETED)
    except LibraryLocked:
        raise
    except BaseException:
        if asset is not None:
            await files.remove(asset)
        await files.discard(made)
        raise
    await files.discard(made)
    if before is not None:
        await files.remove(before)
    return asset, True, before


async def _at(session: AsyncSession, job_id: str, position: int) -> Asset | None:
    query = select(Asset).where(col(Asset.job_id) == job_id, col(Asset.position) == position)
    return (await session.scalars(query)).one_or_none()


async def _is_complete(session: AsyncSession, job: Job) -> bool:
    made = set(await session.scalars(queries.made_positions(job.id)))
    return made >= set(range(job.request['variations']))


async def _job(session: AsyncSession, job_id: str) -> Job:
    job = await session.get(Job, job_id)
    if job is None:
        raise NotFound('There is no such job.')
    return job


def _asset(job: Job, made: FileMade, created_at: datetime, details: Mapping[str, Any]) -> Asset:
    """A row that says all that is known, and shares the fate of a job that was dismissed or deleted meanwhile."""
    unknown = set(details) - set(Asset.model_fields)
    if unknown:
        raise ValueError(f'An asset has no {", ".join(sorted(unknown))}')
    known: dict[str, Any] = {
        'id': made.asset_id,
        'kind': made.kind,
        'job_id': job.id,
        'workspace_id': job.workspace_id,
        'user_id': job.user_id,
        'position': made.position,
        'prompt': job.prompt,
        'enhanced_prompt': job.enhanced_prompt,
        'final_prompt': job.final_prompt,
        'negative_prompt': job.request.get('negative_prompt', ''),
        'seed': made.seed,
        'width': made.width,
        'height': made.height,
        'duration': made.duration,
        'fps': made.fps,
        'model': job.model or '',
        'quality': job.request.get('quality', ''),
        'content': job.request.get('content', 'sfw'),
        'content_score': made.content_score,
        'placeholder': made.placeholder,
        'path': original_path(made, created_at),
        'created_at': created_at,
        'dismissed_at': job.dismissed_at,
        'deleted_at': job.deleted_at,
    }
    return Asset(**(known | dict(details)))
