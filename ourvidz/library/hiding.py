"""Dismissing and deleting: both are a time in the row, set for assets or for whole jobs, and taken back.

A job and the assets that are hidden with it bear the same time, so what was hidden before stays hidden after an undo.
"""

from collections.abc import Collection, Sequence
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ourvidz.library.queries import is_one_of
from ourvidz.library.tables import Asset, Job, now

Mark = Literal['dismissed_at', 'deleted_at']


async def hide_assets(session: AsyncSession, asset_ids: Collection[str], mark: Mark) -> list[Asset]:
    """Mark assets; gives those that were not marked before."""
    query = select(Asset).where(is_one_of(Asset.id, asset_ids), col(Asset.deleted_at).is_(None))
    assets = (await session.scalars(query.where(col(getattr(Asset, mark)).is_(None)))).all()
    at = now()
    for asset in assets:
        setattr(asset, mark, at)
    return list(assets)


async def show_assets(session: AsyncSession, asset_ids: Collection[str], mark: Mark) -> list[Asset]:
    """Take the mark of assets back, and that of their jobs; gives those that were marked."""
    query = select(Asset).where(is_one_of(Asset.id, asset_ids), col(getattr(Asset, mark)).is_not(None))
    if mark == 'dismissed_at':
        query = query.where(col(Asset.deleted_at).is_(None))
    assets = (await session.scalars(query)).all()
    for asset in assets:
        setattr(asset, mark, None)
    for job in await _jobs(session, {asset.job_id for asset in assets}):
        setattr(job, mark, None)
    return list(assets)


async def hide_jobs(session: AsyncSession, job_ids: Collection[str], mark: Mark) -> tuple[list[Job], list[Asset]]:
    """Mark jobs and all their assets; gives those that were not marked before."""
    at = now()
    jobs = [job for job in await _jobs(session, job_ids) if job.deleted_at is None and getattr(job, mark) is None]
    for job in jobs:
        setattr(job, mark, at)
    assets = [asset for asset in await _assets(session, job_ids) if _is_shown(asset, mark)]
    for asset in assets:
        setattr(asset, mark, at)
    return jobs, assets


async def show_jobs(
    session: AsyncSession, job_ids: Collection[str], mark: Mark, *, only: Collection[str] | None
) -> tuple[list[Job], list[Asset]]:
    """Take the mark of jobs back, and that of the assets marked with them (and of those in `only`)."""
    jobs = await _jobs(session, job_ids)
    times = {job.id: getattr(job, mark) for job in jobs}
    assets = []
    for asset in await _assets(session, job_ids):
        marked = getattr(asset, mark)
        was_with_it = marked == times[asset.job_id] or (
            times[asset.job_id] is None if only is None else asset.id in only
        )
        if marked is not None and was_with_it:
            setattr(asset, mark, None)
            assets.append(asset)
    for job in jobs:
        setattr(job, mark, None)
    return list(jobs), assets


def _is_shown(asset: Asset, mark: Mark) -> bool:
    return asset.deleted_at is None and getattr(asset, mark) is None


async def _jobs(session: AsyncSession, job_ids: Collection[str]) -> Sequence[Job]:
    return (await session.scalars(select(Job).where(is_one_of(Job.id, job_ids)))).all()


async def _assets(session: AsyncSession, job_ids: Collection[str]) -> Sequence[Asset]:
    query = select(Asset).where(is_one_of(Asset.job_id, job_ids))
    return (await session.scalars(query.order_by(col(Asset.job_id), col(Asset.position)))).all()
