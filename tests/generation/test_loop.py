"""What the engine says about a run is kept with the job, and an idle engine gives its memory back."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from ourvidz.engine.messages import Noted, Report
from ourvidz.generation.enhancer import Enhancer
from ourvidz.generation.loop import GenerationLoop
from ourvidz.generation.planning import Planner
from ourvidz.generation.queue import JobQueue
from ourvidz.generation.references import References
from ourvidz.generation.request import Content, GenerationRequest
from ourvidz.generation.submission import Submission
from ourvidz.library.library import Library
from ourvidz.library.tables import OWNER_ID, WORKSPACE_ID, AssetStatus, Job, JobStatus
from ourvidz.models.catalog import Catalog
from ourvidz.settings import Settings
from tests.generation.engines import DyingEngine, MakingEngine, SilentEngine, SmallEngine, StartingEngine
from tests.library.making import opened
from tests.models.weights import write_diffusers


class Bench:
    """A loop in a folder, with one tiny model."""

    def __init__(
        self, folder: Path, library: Library, *, engine: SmallEngine | None = None, idle_unload_minutes: float = 30
    ) -> None:
        settings = Settings(data_dir=folder)
        write_diffusers(settings.models_path / 'tiny')
        self.catalog, self.engine, self.queue = Catalog(settings), engine or SmallEngine(), JobQueue(library)
        references = References(settings.references_dir)
        planner = Planner(catalog=self.catalog, references=references, staging_dir=settings.staging_dir)
        self.submission = Submission(
            queue=self.queue, planner=planner, references=references, library=library, is_nsfw_allowed=False
        )
        self.loop = GenerationLoop(
            queue=self.queue,
            engine=self.engine,
            library=library,
            planner=planner,
            enhancer=Enhancer(catalog=self.catalog, engine=self.engine),
            idle_unload_minutes=idle_unload_minutes,
        )

    async def submit(self) -> Job:
        """A job that waits."""
        await self.catalog.rescan()
        request = GenerationRequest(prompt='a fox', model='tiny')
        return await self.queue.enqueue(request, user_id=OWNER_ID, workspace_id=WORKSPACE_ID, seed=1)

    async def finished(self, job_id: str) -> Job:
        """The job once it is over."""
        async with asyncio.timeout(60):
            return await self.loop.over(job_id)

    async def at_work(self, engine: DyingEngine) -> Job:
        """A job that the engine has begun; the loop runs on."""
        job = await self.submit()
        self.loop.start()
        async with asyncio.timeout(60):
            await engine.started.wait()
        return job

    async def make(self) -> Job:
        """A job that is over; the loop runs on."""
        job = await self.submit()
        self.loop.start()
        return await self.finished(job.id)


def told(event: asyncio.Event, words: str) -> Callable[[str, Report], None]:
    """A listener to reports, which sets the event once a note says so."""

    def listen(_: str, report: Report) -> None:
        if isinstance(report, Noted) and words in report.text:
            event.set()

    return listen


async def test_steps_down_the_ladder_are_told_on_the_job_for_good(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library)
        job = await bench.make()
        await bench.loop.stop()
    assert job.status is JobStatus.COMPLETED
    assert 'so 1 at a time are made. To save memory, pictures are decoded in tiles.' in job.note


async def test_which_model_is_best_is_decided_once_it_is_known_what_the_device_can_do(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        engine = StartingEngine()
        bench = Bench(tmp_path, library, engine=engine)
        write_diffusers(bench.catalog.settings.models_path / 'sdxl-base')
        await bench.catalog.rescan()
        engine.catalog = bench.catalog
        job = await bench.submission.submit(
            GenerationRequest(prompt='a fox'), user_id=OWNER_ID, workspace_id=WORKSPACE_ID
        )
        assert job.model is None
        bench.loop.start()
        made = await bench.finished(job.id)
        later = await bench.submission.submit(
            GenerationRequest(prompt='a fox'), user_id=OWNER_ID, workspace_id=WORKSPACE_ID
        )
        await bench.loop.stop()
    assert [made.status, made.model, later.model] == [JobStatus.COMPLETED, 'sdxl-base', 'sdxl-base']


async def test_a_job_that_waits_for_the_engine_to_start_can_be_cancelled(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library, engine=SilentEngine())
        await bench.catalog.rescan()
        request = GenerationRequest(prompt='a fox')
        job = await bench.queue.enqueue(request, user_id=OWNER_ID, workspace_id=WORKSPACE_ID, seed=1)
        begun = asyncio.Event()
        bench.loop.JOB_CHANGED.subscribe(lambda _: begun.set())
        bench.loop.start()
        async with asyncio.timeout(60):
            await begun.wait()
        await bench.loop.cancel(job.id)
        job = await bench.finished(job.id)
        await bench.loop.stop()
    assert job.status is JobStatus.CANCELLED


async def test_what_was_allowed_when_it_was_queued_and_is_no_more_is_not_made(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library)
        await bench.catalog.rescan()
        request = GenerationRequest(prompt='a fox', model='tiny', content=Content.NSFW)
        job = await bench.queue.enqueue(request, user_id=OWNER_ID, workspace_id=WORKSPACE_ID, seed=1)
        bench.loop.start()
        job = await bench.finished(job.id)
        await bench.loop.stop()
    assert job.status is JobStatus.FAILED and 'NSFW' in job.error


async def test_memory_is_given_back_after_a_long_time_without_work(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library, idle_unload_minutes=0.001)
        await bench.make()
        async with asyncio.timeout(60):
            await bench.engine.unloaded.wait()
        await bench.loop.stop()


async def test_a_cancelled_job_stays_cancelled_even_if_the_engine_dies_of_it(tmp_path: Path) -> None:
    engine = DyingEngine()
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library, engine=engine)
        job = await bench.at_work(engine)
        await bench.loop.cancel(job.id)
        assert (await bench.finished(job.id)).status is JobStatus.CANCELLED
        assert not list(library.files.staging_dir.iterdir()), 'what a dead engine leaves is removed'
        await bench.loop.stop()


async def test_a_job_at_which_the_engine_dies_twice_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    engine = DyingEngine()
    engine.cancelled.set()
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library, engine=engine)
        job = await bench.make()
        await bench.loop.stop()
    assert (job.status, job.attempts, job.error) == (JobStatus.FAILED, 2, 'The engine process ended.')


@asynccontextmanager
async def locked_out(folder: Path) -> AsyncIterator[tuple[Bench, Job, sqlite3.Connection]]:
    """A job that is made but whose end cannot be recorded, as the other connection keeps the library locked."""
    said = asyncio.Event()
    async with opened(folder, patience_seconds=0.05) as library:
        with closing(sqlite3.connect(library.database.path, isolation_level=None)) as other:
            bench = Bench(folder, library, engine=SmallEngine(lambda: other.execute('BEGIN IMMEDIATE')))
            bench.loop.RUN_REPORTED.subscribe(told(said, 'cannot be recorded yet'))
            job = await bench.submit()
            bench.loop.start()
            async with asyncio.timeout(60):
                await said.wait()
            yield bench, job, other


async def test_the_end_of_a_job_is_recorded_as_soon_as_the_library_can_be_written(tmp_path: Path) -> None:
    async with locked_out(tmp_path) as (bench, job, other):
        assert (await bench.queue.job(job.id)).status is JobStatus.PROCESSING
        other.execute('COMMIT')
        assert (await bench.finished(job.id)).status is JobStatus.COMPLETED
        await bench.loop.stop()


async def test_a_library_that_is_locked_while_a_job_is_planned_only_delays_it(tmp_path: Path) -> None:
    async with opened(tmp_path, patience_seconds=0.05) as library:
        with closing(sqlite3.connect(library.database.path, isolation_level=None)) as other:
            bench = Bench(tmp_path, library, engine=MakingEngine())
            locking, waited = iter(['BEGIN IMMEDIATE']), list[str]()

            def unlock(_: str, report: Report) -> None:
                if isinstance(report, Noted) and 'cannot be recorded yet' in report.text and other.in_transaction:
                    waited.append(report.text)
                    other.execute('COMMIT')

            bench.loop.JOB_CHANGED.subscribe(lambda _: other.execute(next(locking, 'SELECT 1')))
            bench.loop.RUN_REPORTED.subscribe(unlock)
            job = await bench.make()
            assert waited and (await bench.finished(job.id)).status is JobStatus.COMPLETED
            assert len((await library.assets_of([job.id]))[job.id]) == 3
            await bench.loop.stop()


async def test_who_stops_the_app_does_not_wait_for_a_library_that_cannot_be_written(tmp_path: Path) -> None:
    async with locked_out(tmp_path) as (bench, job, other):
        async with asyncio.timeout(60):
            await bench.loop.stop()
        other.execute('COMMIT')
        assert (await bench.queue.job(job.id)).status is JobStatus.PROCESSING, 'the next start makes it again'


async def test_a_note_that_cannot_be_kept_does_not_end_the_run(tmp_path: Path) -> None:
    async with opened(tmp_path, patience_seconds=0.05) as library:
        with closing(sqlite3.connect(library.database.path, isolation_level=None)) as other:
            bench = Bench(tmp_path, library, engine=SmallEngine(lambda: other.execute('COMMIT')))
            changes = iter(['SELECT 1', 'BEGIN IMMEDIATE'])
            bench.loop.JOB_CHANGED.subscribe(lambda _: other.execute(next(changes, 'SELECT 1')))
            job = await bench.make()
            await bench.loop.stop()
    assert (job.status, job.attempts, job.note) == (JobStatus.COMPLETED, 1, '')


async def test_a_loop_ends_though_work_comes_at_that_moment(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library)
        bench.loop.start()
        await asyncio.sleep(0)
        async with library.database.writing():
            """By now the loop has found no work and waits for some."""
        bench.queue.QUEUE_CHANGED.emit()
        async with asyncio.timeout(60):
            await bench.loop.stop()


async def test_a_job_at_work_waits_for_the_next_start_which_counts_as_the_first(tmp_path: Path) -> None:
    engine = DyingEngine()
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library, engine=engine)
        job = await bench.at_work(engine)
        await bench.loop.stop()
        job = await bench.queue.job(job.id)
    assert (job.status, job.attempts) == (JobStatus.QUEUED, 0)


async def test_a_lost_picture_is_made_again_with_its_seed(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library, engine=MakingEngine())
        job = await bench.make()
        before = (await library.assets_of([job.id]))[job.id]
        await library.set_favourite([before[1].id], is_favourite=True)
        library.files.path(before[1], 'original').unlink()
        await library.reconcile()
        await bench.queue.retry(job.id)
        assert (await bench.finished(job.id)).status is JobStatus.COMPLETED
        after = (await library.assets_of([job.id]))[job.id]
        await bench.loop.stop()
    assert [asset.id == again.id for asset, again in zip(before, after, strict=True)] == [True, False, True]
    assert (after[1].seed, after[1].status, after[1].is_favourite) == (before[1].seed, AssetStatus.COMPLETED, True)
