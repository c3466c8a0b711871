"""Removes for good what was deleted long enough ago."""

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlmodel import col

from ourvidz.library.database import Database
from ourvidz.library.files import Files
from ourvidz.library.queries import is_one_of
from ourvidz.library.tables import Asset, Job

BATCH = 100


async def purge(database: Database, files: Files, older_than: datetime) -> int:
    """Remove the files of assets deleted before then (UTC), then their rows, then empty jobs; gives their number."""
    count = 0
    while batch := await _purge_some(database, files, older_than):
        count += batch
    async with database.writing() as session:
        has_assets = exists().where(col(Asset.job_id) == col(Job.id))
        await session.execute(delete(Job).where(col(Job.deleted_at) < older_than, ~has_assets))
    return count


async def _purge_some(database: Database, files: Files, older_than: datetime) -> int:
    """One transaction, so that nobody brings back an asset whose files are on their way out."""
    async with database.writing() as session:
        assets = list(await session.scalars(select(Asset).where(col(Asset.deleted_at) < older_than).limit(BATCH)))
        for asset in assets:
            await files.remove(asset)
        await session.execute(delete(Asset).where(is_one_of(Asset.id, [asset.id for asset in assets])))
    return len(assets)
