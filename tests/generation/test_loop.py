"""What the engine says about a run is kept with the job, and an idle engine gives its memory back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from ourvidz.engine.messages import EngineReady, Noted, Report, Run, RunFinished
from ourvidz.errors import EngineDied
from ourvidz.generation.enhancer import Enhancer
from ourvidz.generation.loop import GenerationLoop
from ourvidz.generation.planning import Planner
from ourvidz.generation.queue import JobQueue
from ourvidz.generation.references import References
from ourvidz.generation.request import GenerationRequest
from ourvidz.library.library import Library
from ourvidz.library.tables import OWNER_ID, WORKSPACE_ID, Job, JobStatus
from ourvidz.models.catalog import Catalog
from ourvidz.settings import Settings
from tests.library.making import opened
from tests.models.weights import write_diffusers


class SmallEngine:
    """An engine with too little memory, which makes nothing but says what it does about it."""

    info: EngineReady | None = None

    def __init__(self) -> None:
        self.unloaded = asyncio.Event()

    async def start(self) -> None:
        """There is nothing to start."""

    async def stop(self) -> None:
        """There is nothing to stop."""

    async def run(self, run: Run) -> AsyncIterator[Report]:
        yield Noted(run_id=run.run_id, text='3 at once do not fit into memory, so 1 at a time are made.')
        yield Noted(run_id=run.run_id, text='To save memory, pictures are decoded in tiles.')
        yield RunFinished(run_id=run.run_id, peak_memory=1, seconds=1)

    async def cancel(self, run_id: str) -> None:
        """Nothing runs long enough."""

    async def unload(self) -> None:
        self.unloaded.set()


class DyingEngine(SmallEngine):
    """An engine that dies of being told to cancel."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.cancelled = asyncio.Event(), asyncio.Event()

    async def run(self, run: Run) -> AsyncIterator[Report]:
        self.started.set()
        await self.cancelled.wait()
        raise EngineDied('The engine process ended.')
        yield  # makes it a generator

    async def cancel(self, run_id: str) -> None:
        self.cancelled.set()


class Bench:
    """A loop in a folder, with one tiny model."""

    def __init__(
        self, folder: Path, library: Library, *, engine: SmallEngine | None = None, idle_unload_minutes: float = 30
    ) -> None:
        settings = Settings(data_dir=folder)
        write_diffusers(settings.models_path / 'tiny')
        self.catalog, self.engine, self.queue = Catalog(settings), engine or SmallEngine(), JobQueue(library)
        self.loop = GenerationLoop(
            queue=self.queue,
            engine=self.engine,
            library=library,
            planner=Planner(
                catalog=self.catalog, references=References(settings.references_dir), staging_dir=settings.staging_dir
            ),
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
        changed = asyncio.Event()
        self.loop.JOB_CHANGED.subscribe(lambda _: changed.set())
        async with asyncio.timeout(60):
            while not (job := await self.queue.job(job_id)).status.is_over:
                await changed.wait()
                changed.clear()
        return job

    async def make(self) -> Job:
        """A job that is over; the loop runs on."""
        job = await self.submit()
        self.loop.start()
        return await self.finished(job.id)


async def test_steps_down_the_ladder_are_told_on_the_job_for_good(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        bench = Bench(tmp_path, library)
        job = await bench.make()
        await bench.loop.stop()
    assert job.status is JobStatus.COMPLETED
    assert 'so 1 at a time are made. To save memory, pictures are decoded in tiles.' in job.note


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
        job = await bench.submit()
        bench.loop.start()
        async with asyncio.timeout(60):
            await engine.started.wait()
        await bench.loop.cancel(job.id)
        assert (await bench.finished(job.id)).status is JobStatus.CANCELLED
        await bench.loop.stop()
