"""What happens to a job is shown, and its end is announced once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ourvidz.generation.request import GenerationRequest
from ourvidz.library.tables import Job, JobStatus, now
from ourvidz.settings import Settings
from ourvidz.system import System
from ourvidz.workspace.follow import KEPT_FOR
from tests.library.making import add_job, made

REQUEST = GenerationRequest(prompt='a red fox').model_dump(mode='json')


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[System, Job, list[str]]]:
    """An open workspace with a running job, and what it announces; neither engine nor loop is at work."""
    system = System(Settings(data_dir=folder))
    await system.database.open()
    await system.library.reconcile()
    await system.catalog.open()
    job = await add_job(system.library, request=REQUEST)
    await system.workspace.open()
    told = list[str]()
    system.workspace.ASSETS_READY.subscribe(told.append)
    try:
        yield system, job, told
    finally:
        await system.workspace.close()
        await system.catalog.close()
        await system.database.close()


async def end(system: System, job: Job) -> None:
    """Two pictures, the job's end, and before the loop tells of it somebody likes a picture."""
    assets = [await system.library.record(job, made(system.library, job, at), details={}) for at in range(2)]
    await system.queue.finish(job.id, JobStatus.COMPLETED)
    await system.library.ASSETS_CHANGED.call(assets)


async def test_the_end_of_a_job_is_announced_once_whoever_tells_of_it_first(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, job, told):
        await end(system, job)
        assert told == ['New content ready: 2 new images generated']
        await system.loop.JOB_CHANGED.call(job.id)
        assert len(told) == 1


async def test_a_library_is_empty_until_something_is_made(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, job, _):
        assert system.workspace.is_library_empty
        await end(system, job)
        assert not system.workspace.is_library_empty
    async with watched(tmp_path) as (system, _, _):
        assert not system.workspace.is_library_empty


async def test_a_job_without_any_picture_left_goes(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, job, _):
        await end(system, job)
        undo = await system.workspace.delete([asset.id for asset in system.workspace.job(job.id).assets])
        await system.library.ASSETS_CHANGED.call(list((await system.library.page(limit=9)).items))
        await system.loop.JOB_CHANGED.call(job.id)
        assert not system.workspace.jobs
        await undo.take_back()
        await system.loop.JOB_CHANGED.call(job.id)
        assert len(system.workspace.job(job.id).assets) == 2


async def test_an_old_job_that_runs_once_more_is_told_to_every_page(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, job, _):
        await system.queue.finish(job.id, JobStatus.FAILED)
        await system.loop.JOB_CHANGED.call(job.id)
        told = list[str]()
        system.workspace.JOBS_CHANGED.subscribe(lambda: told.append('changed'))
        await system.queue.retry(job.id)
        await system.loop.JOB_CHANGED.call(job.id)
        assert told == ['changed']


async def test_a_job_that_waits_again_says_how_long(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, job, _):
        await system.queue.finish(job.id, JobStatus.FAILED)
        await system.loop.JOB_CHANGED.call(job.id)
        await system.queue.pause()
        await system.queue.retry(job.id)
        await system.loop.JOB_CHANGED.call(job.id)
        assert system.workspace.job(job.id).headline == 'waiting · the queue is paused'


async def test_a_workspace_lets_go_of_what_is_of_nobodys_today(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, job, _):
        await end(system, job)
        state, long_ago = system.workspace.job(job.id), now() - 2 * KEPT_FOR
        state.created_at = state.started_at = state.finished_at = long_ago
        state.assets = ()
        await system.workspace.submit(GenerationRequest(prompt='an owl'))
        assert [state.prompt for state in system.workspace.jobs] == ['an owl']


async def test_a_waiting_job_that_was_dismissed_waits_again_once_that_is_taken_back(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, _, _):
        waiting = await system.workspace.submit(GenerationRequest(prompt='an owl'))
        undo = await system.workspace.dismiss_jobs([waiting.id])
        assert undo.text == '1 job without pictures removed'
        assert await system.queue.waiting() == []
        await undo.take_back()
        assert await system.queue.waiting() == [waiting.id]
        assert not system.workspace.job(waiting.id).is_over


async def test_a_chosen_model_that_is_gone_is_named(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, _, _):
        form = system.workspace.form
        form.image_model = 'my-own'
        system.catalog.CHANGED.emit()
        assert 'my-own is not installed any more' in form.why_not('generate')
        form.image_model = ''
        system.catalog.CHANGED.emit()
        assert not form.why_not('generate')


async def test_what_was_over_before_is_not_announced(tmp_path: Path) -> None:
    async with watched(tmp_path) as (system, job, told):
        await end(system, job)
        told.clear()
        undo = await system.workspace.dismiss_jobs([job.id])
        assert undo.text == '2 pictures dismissed, still in the library'
        assert not system.workspace.jobs
        await undo.take_back()
        assert system.workspace.job(job.id).status is JobStatus.COMPLETED
        assert not told
