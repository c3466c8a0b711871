"""The library: every image and video ever made, and the jobs that they came from. The only source of truth."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from nicegui import Event
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ourvidz.engine.messages import FileMade
from ourvidz.errors import NotFound
from ourvidz.library import hiding, queries
from ourvidz.library.database import Database
from ourvidz.library.files import Files
from ourvidz.library.purging import purge
from ourvidz.library.queries import Filters, Page
from ourvidz.library.reconciling import Reconciled, reconcile
from ourvidz.library.recording import record
from ourvidz.library.tables import Asset, Job, User, now

JSON = dict[str, Any]
MOST_KEPT = 20
"""Assets that are kept at hand after they were recorded."""


class Library:
    """All assets and jobs. A deleted one is NotFound for every verb but its undelete, until it is purged."""

    def __init__(self, database: Database, files: Files) -> None:
        self.database = database
        self.files = files
        self.ASSETS_READY = Event[list[Asset]]()
        """New assets are recorded and their files are in place."""
        self.ASSETS_CHANGED = Event[list[Asset]]()
        """Assets were dismissed, restored, deleted, undeleted, made favourites or the like; carries the new rows."""
        self.JOBS_CHANGED = Event[list[Job]]()
        """Jobs were dismissed, restored, deleted or undeleted; carries the new rows."""
        self._latest: dict[str, Asset] = {}
        """What was recorded last, for every open page asks for it at once. Forgotten at any change."""

    # what comes in

    async def record(self, job: Job, made: FileMade, *, details: Mapping[str, Any]) -> Asset:
        """Take finished files in and record them; `details` are further fields of Asset.

        The last one ends its job. A second call for the same place of the job gives what is there. What has begun is
        finished even if the caller is cancelled. Raises StorageFull, LibraryLocked (the finished files then stay
        staged), and NotFound without the job.
        """
        latest = self._latest
        asset, is_new, replaced = await asyncio.shield(record(self.database, self.files, job, made, details))
        if replaced is not None:
            replaced.deleted_at = now()
            self._changed([replaced])
        latest[asset.id] = asset  # into what is already forgotten, if anything changed meanwhile
        if len(latest) > MOST_KEPT:
            del latest[next(iter(latest))]
        if is_new and asset.deleted_at is None:
            self.ASSETS_READY.emit([asset])
        return asset

    # what there is

    async def asset(self, asset_id: str) -> Asset:
        """Raises NotFound."""
        asset = self._latest.get(asset_id)
        if asset is None:
            async with self.database.session() as session:
                asset = await session.get(Asset, asset_id)
        if asset is None or asset.deleted_at is not None:
            raise NotFound('There is no such item in the library.')
        return asset

    async def assets_of(self, job_ids: Collection[str], *, with_hidden: bool = True) -> dict[str, list[Asset]]:
        """The assets of jobs by their position, for every id a list; dismissed ones only `with_hidden`."""
        found: dict[str, list[Asset]] = {job_id: [] for job_id in job_ids}
        async with self.database.session() as session:
            assets = await session.scalars(queries.assets_of(job_ids, with_hidden=with_hidden))
            for asset in assets:
                found[asset.job_id].append(asset)
        return found

    async def made_positions(self, job_id: str) -> frozenset[int]:
        """The places of a job that need not be made: their picture is there, or a person deleted it."""
        async with self.database.session() as session:
            return frozenset(await session.scalars(queries.made_positions(job_id)))

    async def page(self, *, before: str | None = None, limit: int = 50, **filters: Unpack[Filters]) -> Page[Asset]:
        """Assets newest first, from a cursor on. Raises InvalidInput for a bad cursor or limit."""
        near = queries.assets_found_near(before=before, limit=limit, **filters)
        async with self.database.session() as session:
            found = list(await session.scalars(near)) if near is not None else []
            if len(found) > limit:
                return queries.page_of(found, limit)
            query = queries.assets_page(before=before, limit=limit, are_few=not found, **filters)
            return queries.page_of(await session.scalars(query), limit)

    async def job(self, job_id: str) -> Job:
        """Raises NotFound."""
        async with self.database.session() as session:
            job = await session.get(Job, job_id)
        if job is None or job.deleted_at is not None:
            raise NotFound('There is no such job.')
        return job

    async def jobs(self, job_ids: Collection[str]) -> dict[str, Job]:
        """Those of these jobs that are there."""
        query = select(Job).where(queries.is_one_of(Job.id, job_ids), col(Job.deleted_at).is_(None))
        async with self.database.session() as session:
            return {job.id: job for job in await session.scalars(query)}

    async def jobs_since(self, workspace_id: str, since: datetime) -> list[Job]:
        """The jobs of a workspace's page, newest first: made since then (UTC) or still queued or running.

        Dismissed and deleted ones are not among them, nor completed ones of which every asset is.
        """
        async with self.database.session() as session:
            return list(await session.scalars(queries.jobs_since(workspace_id, since)))

    async def jobs_page(
        self, *, limit: int = 50, cursor: str | None = None, workspace_id: str | None = None
    ) -> Page[Job]:
        """Jobs newest first, from a cursor on. Raises InvalidInput for a bad cursor or limit."""
        query = queries.jobs_page(before=cursor, limit=limit, workspace_id=workspace_id)
        async with self.database.session() as session:
            return queries.page_of(await session.scalars(query), limit)

    # hiding, deleting and bringing back; each gives the assets that changed

    async def dismiss(self, asset_ids: Collection[str]) -> list[Asset]:
        """Hide assets from the workspace; they stay in the library."""
        async with self.database.writing() as session:
            assets = await hiding.hide_assets(session, asset_ids, 'dismissed_at')
        return self._changed(assets)

    async def restore(self, asset_ids: Collection[str]) -> list[Asset]:
        """Show dismissed assets in the workspace again."""
        async with self.database.writing() as session:
            assets = await hiding.show_assets(session, asset_ids, 'dismissed_at')
        return self._changed(assets)

    async def delete(self, asset_ids: Collection[str]) -> list[Asset]:
        """Delete assets; until the purge their files are kept and `undelete` brings them back."""
        async with self.database.writing() as session:
            assets = await hiding.hide_assets(session, asset_ids, 'deleted_at')
        return self._changed(assets)

    async def undelete(self, asset_ids: Collection[str]) -> list[Asset]:
        """Bring deleted assets back. Raises NotFound if one of them is gone for good."""
        async with self.database.writing() as session:
            await _check_kept(session, Asset, asset_ids)
            assets = await hiding.show_assets(session, asset_ids, 'deleted_at')
        return self._changed(assets)

    async def dismiss_jobs(self, job_ids: Collection[str]) -> list[Asset]:
        """Hide jobs and all their assets from the workspace."""
        async with self.database.writing() as session:
            jobs, assets = await hiding.hide_jobs(session, job_ids, 'dismissed_at')
        return self._changed(assets, jobs)

    async def restore_jobs(self, job_ids: Collection[str], *, assets: Collection[str] | None = None) -> list[Asset]:
        """Show dismissed jobs again, with the assets that were dismissed with them (and those named)."""
        async with self.database.writing() as session:
            jobs, shown = await hiding.show_jobs(session, job_ids, 'dismissed_at', only=assets)
        return self._changed(shown, jobs)

    async def delete_jobs(self, job_ids: Collection[str]) -> list[Asset]:
        """Delete jobs and all their assets; the queue runs none of them. Cancel a running one first."""
        async with self.database.writing() as session:
            jobs, assets = await hiding.hide_jobs(session, job_ids, 'deleted_at')
        return self._changed(assets, jobs)

    async def undelete_jobs(self, job_ids: Collection[str], *, assets: Collection[str] | None = None) -> list[Asset]:
        """Bring deleted jobs back, with the assets deleted with them (and those named).

        Raises NotFound if one of them is gone for good.
        """
        async with self.database.writing() as session:
            await _check_kept(session, Job, job_ids)
            jobs, shown = await hiding.show_jobs(session, job_ids, 'deleted_at', only=assets)
        return self._changed(shown, jobs)

    async def set_favourite(self, asset_ids: Collection[str], *, is_favourite: bool) -> list[Asset]:
        return await self._set(asset_ids, is_favourite=is_favourite)

    async def set_blurred(self, asset_ids: Collection[str], *, is_blurred: bool) -> list[Asset]:
        return await self._set(asset_ids, is_blurred=is_blurred)

    # people

    async def users(self) -> list[User]:
        async with self.database.session() as session:
            return list(await session.scalars(select(User).order_by(col(User.created_at), col(User.id))))

    async def form(self, user_id: str) -> JSON:
        """The controls as the person left them. Raises NotFound."""
        async with self.database.session() as session:
            return _found(await session.get(User, user_id)).form

    async def save_form(self, user_id: str, form: JSON) -> None:
        """Keep a person's controls. Raises NotFound."""
        async with self.database.writing() as session:
            _found(await session.get(User, user_id)).form = dict(form)

    # upkeep

    async def purge(self, older_than: datetime) -> int:
        """Remove for good what was deleted before then (UTC), files first; gives the number of assets."""
        return await purge(self.database, self.files, older_than)

    async def references_in_use(self) -> set[str]:
        """The ids of the reference pictures that a job or a person's form names."""
        async with self.database.session() as session:
            return {str(id_) for id_ in await session.scalars(queries.REFERENCES_IN_USE)}

    async def reconcile(self) -> Reconciled:
        """Make rows and files agree after a crash. To be called at the start, before anything is made."""
        self._latest = {}
        return await reconcile(self.database, self.files)

    async def _set(self, asset_ids: Collection[str], **values: bool) -> list[Asset]:
        query = select(Asset).where(queries.is_one_of(Asset.id, asset_ids), col(Asset.deleted_at).is_(None))
        async with self.database.writing() as session:
            assets = list(await session.scalars(query))
            for asset in assets:
                for name, value in values.items():
                    setattr(asset, name, value)
        return self._changed(assets)

    def _changed(self, assets: list[Asset], jobs: Sequence[Job] = ()) -> list[Asset]:
        self._latest = {}
        if jobs:
            self.JOBS_CHANGED.emit(list(jobs))
        if assets:
            self.ASSETS_CHANGED.emit(assets)
        return assets


async def _check_kept(session: AsyncSession, table: type[Asset] | type[Job], ids: Collection[str]) -> None:
    kept = await session.scalar(select(func.count()).select_from(table).where(queries.is_one_of(table.id, ids)))
    if kept != len(set(ids)):
        raise NotFound('What was deleted is gone for good.')


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound('There is no such person.')
    return user
