"""The queue: durable, fair, orderly, and honest about how runs end."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from ourvidz.errors import InvalidInput, NotFound, Refused
from ourvidz.generation.queue import JobQueue
from ourvidz.generation.request import GenerationRequest
from ourvidz.library.library import Library
from ourvidz.library.tables import OWNER_ID, WORKSPACE_ID, Job, JobStatus, User
from tests.library.making import add_asset, opened

ANNA, BEN = 'a' * 32, 'b' * 32


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with opened(tmp_path) as library:
        async with library.database.writing() as session:
            session.add_all([User(id=ANNA, name='Anna'), User(id=BEN, name='Ben')])
        yield library


@pytest.fixture
def queue(library: Library) -> JobQueue:
    return JobQueue(library)


async def test_a_request_becomes_a_job_with_all_that_was_asked_for(queue: JobQueue) -> None:
    request = GenerationRequest(prompt='a red fox', variations=6, model='spark')
    job = await queue.job((await queue.enqueue(request, user_id=ANNA, workspace_id=WORKSPACE_ID, seed=42)).id)
    assert (job.prompt, job.mode, job.seed, job.model, job.status) == ('a red fox', 'image', 42, 'spark', 'queued')
    assert GenerationRequest.model_validate(job.request) == request


async def test_jobs_of_one_person_run_in_the_order_of_asking(queue: JobQueue) -> None:
    ids = [(await enqueue(queue, name)).id for name in 'abc']
    assert await queue.waiting() == ids
    started = [await started_job(queue) for _ in ids]
    assert [job.id for job in started] == ids
    assert all(job.status is JobStatus.PROCESSING and job.attempts == 1 and job.started_at for job in started)
    assert await queue.next() is None


async def test_people_take_turns_however_much_one_of_them_asks_for(queue: JobQueue) -> None:
    for name in ('anna 1', 'anna 2', 'anna 3', 'anna 4'):
        await enqueue(queue, name, ANNA)
    assert (await started_job(queue)).prompt == 'anna 1'
    await enqueue(queue, 'ben 1', BEN)
    await enqueue(queue, 'ben 2', BEN)
    promised = [(await queue.job(job_id)).prompt for job_id in await queue.waiting()]
    assert promised == ['ben 1', 'anna 2', 'ben 2', 'anna 3', 'anna 4']
    assert [(await started_job(queue)).prompt for _ in promised] == promised


async def test_what_is_recorded_first_about_the_end_of_a_run_stays(queue: JobQueue) -> None:
    job = await enqueue(queue, 'a')
    await queue.next()
    await queue.finish(
        job.id, JobStatus.FAILED, error='No memory.', advice='Close other programs.', note='Tried twice.'
    )
    ended = await queue.finish(job.id, JobStatus.COMPLETED)
    assert (ended.status, ended.error, ended.advice) == ('failed', 'No memory.', 'Close other programs.')
    assert ended.note == 'Tried twice.'
    assert ended.finished_at is not None


async def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_by_who_runs_it(queue: JobQueue) -> None:
    running, waiting = await enqueue(queue, 'a'), await enqueue(queue, 'b')
    await queue.next()
    assert await queue.cancel(running.id) is True
    assert (await queue.job(running.id)).status is JobStatus.PROCESSING
    assert await queue.cancel(waiting.id) is False
    assert (await queue.job(waiting.id)).status is JobStatus.CANCELLED
    await queue.finish(running.id, JobStatus.COMPLETED)
    assert await queue.cancel(running.id) is False
    assert (await queue.job(running.id)).status is JobStatus.COMPLETED
    assert await queue.next() is None


async def test_a_failed_job_is_tried_anew_and_keeps_what_it_made(queue: JobQueue, library: Library) -> None:
    job = await enqueue(queue, 'a')
    await queue.next()
    asset = await add_asset(library, job)
    await queue.finish(job.id, JobStatus.FAILED, error='No memory.', advice='x', note='y')
    other = await enqueue(queue, 'b')
    await library.dismiss_jobs([job.id])
    again = await queue.retry(job.id)
    assert (again.status, again.attempts, again.error + again.advice + again.note) == ('queued', 0, '')
    assert (again.dismissed_at, again.finished_at) == (None, None)
    assert await queue.waiting() == [other.id, job.id]
    assert (await library.assets_of([job.id]))[job.id][0].id == asset.id


async def test_only_what_failed_or_was_cancelled_can_be_tried_anew(queue: JobQueue, library: Library) -> None:
    job = await enqueue(queue, 'a')
    assert (await queue.retry(job.id)).status is JobStatus.QUEUED
    await queue.next()
    assert (await queue.retry(job.id)).status is JobStatus.PROCESSING
    await queue.finish(job.id, JobStatus.COMPLETED)
    with pytest.raises(Refused, match='Regenerate'):
        await queue.retry(job.id)
    await library.delete_jobs([job.id])
    for job_id in (job.id, 'f' * 32):
        with pytest.raises(NotFound):
            await queue.retry(job_id)


async def test_a_deleted_job_never_runs_unless_it_is_brought_back(queue: JobQueue, library: Library) -> None:
    job = await enqueue(queue, 'a')
    await library.delete_jobs([job.id])
    assert await queue.next() is None
    assert await queue.waiting() == []
    await library.undelete_jobs([job.id])
    assert (await started_job(queue)).id == job.id


async def test_own_jobs_can_be_reordered(queue: JobQueue) -> None:
    first, second, third = [await enqueue(queue, name, ANNA) for name in ('a', 'b', 'c')]
    other = await enqueue(queue, 'd', BEN)
    await queue.move(third.id, before=first.id)
    await queue.move(first.id, before=None)
    assert [job_id for job_id in await queue.waiting() if job_id != other.id] == [third.id, second.id, first.id]
    for before in (other.id, third.id, 'f' * 32):
        with pytest.raises(InvalidInput):
            await queue.move(third.id, before=before)
    started = await started_job(queue)
    with pytest.raises(InvalidInput, match='not waiting'):
        await queue.move(started.id, before=None)


async def test_a_pause_outlives_a_restart(queue: JobQueue, library: Library) -> None:
    job = await enqueue(queue, 'a')
    await queue.pause()
    assert await queue.next() is None
    restarted = JobQueue(library)
    await restarted.recover()
    assert restarted.is_paused
    assert await restarted.next() is None
    await restarted.resume()
    assert (await started_job(restarted)).id == job.id


async def test_an_interrupted_job_runs_again_once_then_is_set_aside(queue: JobQueue, library: Library) -> None:
    poison, other = await enqueue(queue, 'poison'), await enqueue(queue, 'b')
    assert (await started_job(queue)).id == poison.id
    await JobQueue(library).recover()
    assert await queue.waiting() == [poison.id, other.id]
    assert (await started_job(queue)).attempts == 2
    await JobQueue(library).recover()
    failed = await queue.job(poison.id)
    assert (failed.status, failed.error) == ('failed', 'The job was interrupted twice.')
    assert 'Retry' in failed.advice
    assert await queue.waiting() == [other.id]


async def test_a_job_whose_engine_died_keeps_its_place(queue: JobQueue) -> None:
    job, other = await enqueue(queue, 'a'), await enqueue(queue, 'b')
    await queue.next()
    await queue.run_again(job.id)
    assert await queue.waiting() == [job.id, other.id]
    assert (await started_job(queue)).attempts == 2
    await queue.run_again(job.id, is_excused=True)
    assert (await started_job(queue)).attempts == 2


async def test_what_becomes_known_during_a_run_is_kept(queue: JobQueue) -> None:
    job = await enqueue(queue, 'a')
    await queue.set_enhanced(job.id, 'a in fog')
    await queue.set_note(job.id, 'Made one by one to save memory.')
    await queue.set_final_prompt(job.id, 'a in fog, wide', model='spark', note='Two words were cut.')
    await queue.set_note(job.id, 'Two words were cut.')
    kept = await queue.job(job.id)
    assert (kept.enhanced_prompt, kept.final_prompt, kept.model) == ('a in fog', 'a in fog, wide', 'spark')
    assert kept.note == 'Made one by one to save memory. Two words were cut.'


async def test_every_change_of_the_queue_is_told(queue: JobQueue) -> None:
    told: list[str] = []
    queue.QUEUE_CHANGED.subscribe(lambda: told.append('changed'))
    job = await enqueue(queue, 'a')
    await queue.next()
    await queue.finish(job.id, JobStatus.FAILED)
    await queue.retry(job.id)
    await queue.pause()
    await queue.resume()
    await queue.move(job.id, before=None)
    await queue.cancel(job.id)
    assert len(told) == 8


async def test_whatever_the_queue_reads_is_found_by_index(queue: JobQueue, library: Library) -> None:
    with statements() as read:
        job = await enqueue(queue, 'a')
        await enqueue(queue, 'b')
        await queue.put_first(job.id)
        await queue.waiting()
        await queue.next()
        await queue.finish(job.id, JobStatus.FAILED)
        await queue.retry(job.id)
        await queue.cancel(job.id)
        await queue.recover()
    of_jobs = {sql: values for sql, values in read if 'FROM jobs' in sql or 'UPDATE jobs' in sql}
    assert len(of_jobs) >= 5
    async with library.database.session() as session:
        connection = await session.connection()
        for sql, values in of_jobs.items():
            rows = await connection.exec_driver_sql(f'EXPLAIN QUERY PLAN {sql}', values)
            plan = [str(row.detail) for row in rows]
            assert not any('SCAN jobs' in line and 'USING' not in line for line in plan), (sql, plan)


@contextmanager
def statements() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """What is asked of the database meanwhile, with its values."""
    told: list[tuple[str, tuple[Any, ...]]] = []

    def tell(_: object, __: object, sql: str, values: Any, *___: object) -> None:
        if not isinstance(values, list):
            told.append((sql, tuple(values)))

    event.listen(Engine, 'before_cursor_execute', tell)
    try:
        yield told
    finally:
        event.remove(Engine, 'before_cursor_execute', tell)


async def enqueue(queue: JobQueue, prompt: str, user_id: str = OWNER_ID) -> Job:
    return await queue.enqueue(GenerationRequest(prompt=prompt), user_id=user_id, workspace_id=WORKSPACE_ID, seed=1)


async def started_job(queue: JobQueue) -> Job:
    job = await queue.next()
    assert job is not None
    assert isinstance(job.started_at, datetime)
    return job
