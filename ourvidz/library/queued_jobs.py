"""The durable order of jobs: which runs next, and what became of each. Fair between people."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from nicegui import Event
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ourvidz.errors import InvalidInput, NotFound, Refused
from ourvidz.library.library import Library
from ourvidz.library.tables import Asset, AssetStatus, Job, JobStatus, Switch, User, now

PAUSED = 'queue_paused'
MAX_ATTEMPTS = 2


class QueuedJobs:
    """The jobs that wait or run. A deleted one never runs; the first outcome of a run is the one that stays."""

    def __init__(self, library: Library) -> None:
        self.database = library.database
        self.is_paused = False
        self.QUEUE_CHANGED = Event[[]]()
        """Jobs were added, taken or moved, a run has ended, or the queue was paused or resumed."""

    async def add(self, job: Job) -> Job:
        """Put a job behind its person's other jobs."""
        async with self.database.writing() as session:
            job.rank = await _last_rank(session)
            session.add(job)
        self.QUEUE_CHANGED.emit()
        return job

    async def next(self) -> Job | None:
        """Start the next job: of the person served least recently, the one of lowest rank. None if none may run."""
        async with self.database.writing() as session:
            order = [] if self.is_paused else await _order(session)
            if not order:
                return None
            job = await _job(session, order[0])
            job.status, job.attempts, job.started_at = JobStatus.PROCESSING, job.attempts + 1, now()
        self.QUEUE_CHANGED.emit()
        return job

    async def waiting(self) -> list[str]:
        """The ids of the waiting jobs in the order in which they will run."""
        async with self.database.session() as session:
            return await _order(session)

    async def job(self, job_id: str) -> Job:
        """A job, even if it was deleted meanwhile. Raises NotFound."""
        async with self.database.session() as session:
            return await _job(session, job_id)

    async def finish(self, job_id: str, status: JobStatus, *, error: str = '', advice: str = '', note: str = '') -> Job:
        """Record how a run ended. One that is not running keeps the outcome that it has."""
        async with self.database.writing() as session:
            job = await _job(session, job_id)
            if job.status is JobStatus.PROCESSING:
                job.end(status, error=error, advice=advice)
                _note(job, note)
        self.QUEUE_CHANGED.emit()
        return job

    async def cancel(self, job_id: str) -> bool:
        """Cancel a waiting job at once. True if the job runs, so that whoever runs it must stop it."""
        async with self.database.writing() as session:
            job = await _job(session, job_id)
            is_running = job.status is JobStatus.PROCESSING
            if job.status is JobStatus.QUEUED:
                job.end(JobStatus.CANCELLED)
        self.QUEUE_CHANGED.emit()
        return is_running

    async def retry(self, job_id: str) -> Job:
        """Queue a job anew that failed, was cancelled or lost a file, behind the others; what it made stays.

        Raises Refused if it is complete.
        """
        async with self.database.writing() as session:
            job = await _job(session, job_id)
            if job.deleted_at is not None:
                raise NotFound('There is no such job.')
            if job.status is JobStatus.COMPLETED and not await _has_lost(session, job_id):
                raise Refused('The job is complete.', advice='Regenerate it for new pictures.')
            if job.status.is_over:
                job.rank = await _last_rank(session)
                job.status, job.attempts, job.finished_at, job.dismissed_at = JobStatus.QUEUED, 0, None, None
                job.error = job.advice = job.note = ''
        self.QUEUE_CHANGED.emit()
        return job

    async def run_again(self, job_id: str, *, is_excused: bool = False) -> Job:
        """Queue a job again whose run was interrupted; it keeps its place. The attempt counts unless `is_excused`."""
        async with self.database.writing() as session:
            job = await _job(session, job_id)
            if job.status is JobStatus.PROCESSING:
                job.status, job.attempts = JobStatus.QUEUED, job.attempts - is_excused
        self.QUEUE_CHANGED.emit()
        return job

    async def recover(self) -> None:
        """Put the jobs that a crash interrupted back, or set them aside the second time. To be called at the start."""
        async with self.database.writing() as session:
            switch = await session.get(Switch, PAUSED)
            self.is_paused = switch is not None and switch.is_on
            for job in await session.scalars(select(Job).where(col(Job.status) == JobStatus.PROCESSING)):
                if job.attempts < MAX_ATTEMPTS:
                    job.status = JobStatus.QUEUED
                else:
                    job.end(JobStatus.FAILED, error='The job was interrupted twice.', advice=ADVICE)
        self.QUEUE_CHANGED.emit()

    async def move(self, job_id: str, *, before: str | None) -> None:
        """Put a waiting job before another of the same person, or behind all of them. Raises InvalidInput."""
        await self._rearrange(job_id, lambda others: _index(others, before))

    async def put_first(self, job_id: str) -> None:
        """Put a waiting job before all others of the same person. Raises InvalidInput."""
        await self._rearrange(job_id, lambda others: 0)

    async def _rearrange(self, job_id: str, place: Callable[[Sequence[Job]], int]) -> None:
        async with self.database.writing() as session:
            job = await _job(session, job_id)
            own = [other for other in await session.scalars(_queued(Job)) if other.user_id == job.user_id]
            ranks = [other.rank for other in own]
            if job not in own:
                raise InvalidInput('job_id', 'is not waiting')
            own.remove(job)
            own.insert(place(own), job)
            for other, rank in zip(own, ranks, strict=True):
                other.rank = rank
        self.QUEUE_CHANGED.emit()

    async def pause(self) -> None:
        """Start no more jobs until `resume`, even after a restart; the one at work goes on."""
        await self._switch(is_on=True)

    async def resume(self) -> None:
        await self._switch(is_on=False)

    async def set_note(self, job_id: str, note: str) -> None:
        """Add something that the person should know; said once, however often it is added."""
        async with self.database.writing() as session:
            _note(await _job(session, job_id), note)

    async def set_enhanced(self, job_id: str, enhanced_prompt: str) -> None:
        async with self.database.writing() as session:
            (await _job(session, job_id)).enhanced_prompt = enhanced_prompt

    async def set_final_prompt(
        self, job_id: str, final: str, enhanced: str | None = None, *, model: str | None = None, note: str = ''
    ) -> None:
        """Keep what the model reads, and which model it is."""
        async with self.database.writing() as session:
            job = await _job(session, job_id)
            job.final_prompt = final
            job.enhanced_prompt = job.enhanced_prompt if enhanced is None else enhanced
            if model is not None:
                job.model, job.request = model, job.request | {'model': model}
            _note(job, note)

    async def _switch(self, *, is_on: bool) -> None:
        async with self.database.writing() as session:
            await session.merge(Switch(name=PAUSED, is_on=is_on))
        self.is_paused = is_on
        self.QUEUE_CHANGED.emit()


ADVICE = 'Press Retry; if it happens again, choose fewer or smaller pictures.'


async def _order(session: AsyncSession) -> list[str]:
    """Round and round the people, beginning with the one served least recently; each one's jobs by rank."""
    jobs: dict[str, deque[str]] = {}
    for job_id, user_id in await session.execute(_queued(col(Job.id), col(Job.user_id))):
        jobs.setdefault(user_id, deque()).append(job_id)
    served = await _served(session) if len(jobs) > 1 else {}
    users = deque(sorted(jobs, key=lambda user_id: served.get(user_id) or datetime.min))
    order = []
    while users:
        user_id = users.popleft()
        order.append(jobs[user_id].popleft())
        if jobs[user_id]:
            users.append(user_id)
    return order


def _queued(*columns: Any) -> Select[Any]:
    query = select(*columns).where(col(Job.status) == JobStatus.QUEUED, col(Job.deleted_at).is_(None))
    return query.order_by(col(Job.rank), col(Job.id))


async def _served(session: AsyncSession) -> dict[str, datetime | None]:
    """When each person's last job was started."""
    started = select(func.max(Job.started_at)).where(col(Job.user_id) == col(User.id)).scalar_subquery()
    rows = await session.execute(select(col(User.id), started.label('at')))
    return {row.id: row.at for row in rows}


async def _last_rank(session: AsyncSession) -> float:
    """The rank behind every job that waits or runs."""
    unfinished = col(Job.status).in_([JobStatus.QUEUED, JobStatus.PROCESSING])
    return (await session.scalar(select(func.max(Job.rank)).where(unfinished)) or 0) + 1


async def _job(session: AsyncSession, job_id: str) -> Job:
    job = await session.get(Job, job_id)
    if job is None:
        raise NotFound('There is no such job.')
    return job


async def _has_lost(session: AsyncSession, job_id: str) -> bool:
    """Whether the file of a picture is gone that is still wanted."""
    query = select(col(Asset.id)).where(col(Asset.job_id) == job_id, col(Asset.deleted_at).is_(None))
    return await session.scalar(query.where(col(Asset.status) == AssetStatus.FAILED).limit(1)) is not None


def _note(job: Job, note: str) -> None:
    if note and note not in job.note:
        job.note = f'{job.note} {note}'.strip()


def _index(jobs: Sequence[Job], before: str | None) -> int:
    if before is None:
        return len(jobs)
    ids = [job.id for job in jobs]
    if before not in ids:
        raise InvalidInput('before', 'is not a waiting job of the same person')
    return ids.index(before)
