"""The one loop that takes queued jobs, has the engine make them and writes what is made to the library."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from nicegui import Event

from ourvidz.engine import Engine
from ourvidz.engine.messages import FileMade, Noted, PreviewMade, Report, Run, RunCancelled
from ourvidz.errors import EngineDied, LibraryLocked, OurVidzError
from ourvidz.generation.enhancer import Enhancer
from ourvidz.generation.planning import Plan, Planner
from ourvidz.generation.previews import LivePreviews
from ourvidz.generation.queue import JobQueue
from ourvidz.generation.request import GenerationRequest
from ourvidz.library.library import Library
from ourvidz.library.tables import Asset, Job, JobStatus

log = logging.getLogger(__name__)

SECONDS_TO_NEXT_TRY = 2
"""After the end of a job could not be recorded: the disk is full, say."""


class GenerationLoop:
    """Makes one job after the other, for as long as the app runs.

    While what a job made is still being recorded, the engine already has the next one.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        engine: Engine,
        library: Library,
        planner: Planner,
        enhancer: Enhancer,
        idle_unload_minutes: float = 30,
    ) -> None:
        self.queue = queue
        self.engine = engine
        self.library = library
        self.planner = planner
        self.enhancer = enhancer
        self.idle_seconds = idle_unload_minutes * 60
        self.previews = LivePreviews()
        self.JOB_CHANGED = Event[str]()
        """A job's row changed; carries its id."""
        self.RUN_REPORTED = Event[str, Report]()
        """The engine reported on a job; carries the job's id and the report."""
        self._running: str | None = None
        self._cancelled = set[str]()
        self._stop = asyncio.Event()
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._recordings: list[asyncio.Task[Asset]] = []
        self._ending: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Start making jobs; what an earlier process left unfinished is expected to be queued again."""
        self.queue.QUEUE_CHANGED.subscribe(self._work.set)
        self._work.set()
        self._task = asyncio.create_task(self._run(), name='generation loop')

    async def stop(self) -> None:
        """Stop at once; the job at work waits for the next start, what it has made so far is recorded."""
        running = self._running
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._stopping.set()
        await asyncio.gather(*self._recordings, return_exceptions=True)
        await self._ended()
        if running is not None:
            with contextlib.suppress(OurVidzError):
                await self.queue.run_again(running, is_excused=True)

    async def cancel(self, job_id: str) -> None:
        """Cancel a job, waiting or at work; one that is over stays as it is."""
        if job_id == self._running or await self.queue.cancel(job_id):
            self._cancelled.add(job_id)
            self._stop.set()
            await self.engine.cancel(job_id)
        else:
            self.JOB_CHANGED.emit(job_id)

    async def over(self, job_id: str) -> Job:
        """The job, as soon as it is over."""
        changed = asyncio.Event()

        def look(_: str) -> None:
            changed.set()

        self.JOB_CHANGED.subscribe(look)
        try:
            while not (job := await self.queue.job(job_id)).status.is_over:
                await changed.wait()
                changed.clear()
            return job
        finally:
            self.JOB_CHANGED.unsubscribe(look)

    async def _run(self) -> None:
        while True:
            self._work.clear()
            try:
                while (job := await self.queue.next()) is not None:
                    await self._make(job)
            except Exception as error:
                known = isinstance(error, OurVidzError)
                log.warning('The generation loop waits and goes on: %s', error, exc_info=None if known else error)
                await asyncio.sleep(1)
                continue
            await self._rest()

    async def _rest(self) -> None:
        """Wait for work; after a long time without, the device's memory is given back.

        Not by `wait_for`, which until Python 3.12 takes no notice of a cancellation at the moment at which work comes.
        """
        try:
            async with asyncio.timeout(self.idle_seconds):
                await self._work.wait()
        except TimeoutError:
            await self.engine.unload()
            await self._work.wait()

    async def _make(self, job: Job) -> None:
        self._running, self._recordings = job.id, []
        self._stop.clear()
        self.JOB_CHANGED.emit(job.id)
        try:
            status, error = await self._outcome(job)
        finally:
            self._running = None
        await self._ended()
        self._ending = asyncio.create_task(self._end(job, status, error, self._recordings), name=f'end of {job.id}')
        if status is not JobStatus.COMPLETED:
            await self._ended()

    async def _ended(self) -> None:
        """Wait until the job before is ended in every respect."""
        if self._ending is not None:
            await asyncio.shield(self._ending)

    async def _end(
        self, job: Job, status: JobStatus, error: OurVidzError | None, recordings: list[asyncio.Task[Asset]]
    ) -> None:
        for recorded in await asyncio.gather(*recordings, return_exceptions=True):
            if isinstance(recorded, BaseException):
                status, error = JobStatus.FAILED, _in_words(job, recorded)
        await self._finish(job, status, error)
        self._cancelled.discard(job.id)
        self.previews.forget(job.id)
        self.JOB_CHANGED.emit(job.id)

    async def _outcome(self, job: Job) -> tuple[JobStatus, OurVidzError | None]:
        try:
            is_done = await self._fulfil(job)
        except EngineDied as error:
            await self._clean_up()
            if job.id in self._cancelled:
                return JobStatus.CANCELLED, None
            if job.attempts < 2:
                log.warning('The engine died at job %s, which runs again', job.id)
                return JobStatus.QUEUED, error
            return JobStatus.FAILED, error
        except LibraryLocked as error:
            log.warning('The library is locked at job %s, which runs again', job.id)
            return JobStatus.QUEUED, error
        except Exception as error:
            return JobStatus.FAILED, _in_words(job, error)
        return (JobStatus.COMPLETED if is_done else JobStatus.CANCELLED), None

    async def _clean_up(self) -> None:
        """Once all that a dead engine finished is recorded, what it left unfinished goes."""
        await asyncio.gather(*self._recordings, return_exceptions=True)
        await self._ended()
        try:
            await self.library.files.empty_staging()
        except OSError:
            log.exception('Staging cannot be emptied; the next start tries again')

    async def _finish(self, job: Job, status: JobStatus, error: OurVidzError | None) -> None:
        """Record how a job ended, as soon as the library can be written again if it cannot now."""
        while True:
            try:
                await self._record_end(job, status, error)
                return
            except OurVidzError as problem:
                log.warning('The end of job %s cannot be recorded yet: %s', job.id, problem)
                text = f'The end of this job cannot be recorded yet. {problem}'
                self.RUN_REPORTED.emit(job.id, Noted(run_id=job.id, text=text))
            except Exception:
                log.exception('The end of job %s cannot be recorded', job.id)
                return
            if await self._is_stopping(within=SECONDS_TO_NEXT_TRY):
                return

    async def _record_end(self, job: Job, status: JobStatus, error: OurVidzError | None) -> None:
        if status is JobStatus.QUEUED and job.id in self._cancelled:
            await self.queue.finish(job.id, JobStatus.CANCELLED)
        elif status is JobStatus.QUEUED:
            await self.queue.run_again(job.id, is_excused=isinstance(error, LibraryLocked))
            if job.id in self._cancelled:
                await self.queue.cancel(job.id)
        elif error is None:
            await self.queue.finish(job.id, status)
        else:
            await self.queue.finish(job.id, status, error=error.message, advice=error.advice)

    async def _fulfil(self, job: Job) -> bool:
        """Make what is still missing of the job; False if it was cancelled."""
        request = GenerationRequest.model_validate(job.request)
        if request.model is None and not await self._is_device_known(job.id):
            return False
        spec = self.planner.best_for(request)
        request = request.model_copy(update={'model': spec.id})
        if self.enhancer.is_wanted(request) and not job.enhanced_prompt:
            enhanced = await self.enhancer.enhance(request, spec, run_id=job.id, on_report=self._reporter(job.id))
            if enhanced.text:
                await self.queue.set_enhanced(job.id, enhanced.text)
            if enhanced.because:
                await self.queue.set_note(job.id, enhanced.because)
            job = await self.queue.job(job.id)
        made = await self.library.made_positions(job.id)
        plan = await self.planner.plan(job, request, spec, made=made)
        await self.queue.set_final_prompt(job.id, plan.prompt.text, model=spec.id, note=plan.note)
        self.JOB_CHANGED.emit(job.id)
        return job.id not in self._cancelled and (plan.run is None or await self._carry_out(plan.run, job, plan))

    async def _is_device_known(self, job_id: str) -> bool:
        """Wait for the engine's start, by which the best model is chosen; False if the job is cancelled before."""
        ready, stop = asyncio.ensure_future(self.engine.ready()), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((ready, stop), return_when=asyncio.FIRST_COMPLETED)
            if job_id in self._cancelled:
                return False
            await ready
            return True
        finally:
            ready.cancel()
            stop.cancel()

    async def _carry_out(self, run: Run, job: Job, plan: Plan) -> bool:
        async for report in self.engine.run(run):
            match report:
                case RunCancelled():
                    return False
                case PreviewMade():
                    self.previews.keep(job.id, report.position, report.webp)
                case FileMade():
                    recording = self._record(job, report, plan.details(report))
                    self._recordings.append(asyncio.create_task(recording, name=f'recording of {report.asset_id}'))
                case Noted():
                    with contextlib.suppress(OurVidzError):  # it is told below in any case, and the run goes on
                        await self.queue.set_note(job.id, report.text)
            self.RUN_REPORTED.emit(job.id, report)
        return True

    async def _record(self, job: Job, made: FileMade, details: dict[str, Any]) -> Asset:
        """Record what is made; while another program keeps the library locked, the finished files wait in staging."""
        while True:
            try:
                return await self.library.record(job, made, details=details)
            except LibraryLocked as error:
                self.RUN_REPORTED.emit(job.id, Noted(run_id=job.id, text=str(error)))
                if await self._is_stopping(within=SECONDS_TO_NEXT_TRY):
                    raise

    async def _is_stopping(self, *, within: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._stopping.wait()
        return self._stopping.is_set()

    def _reporter(self, job_id: str) -> Callable[[Report], None]:
        return lambda report: self.RUN_REPORTED.emit(job_id, report)


def _in_words(job: Job, error: BaseException) -> OurVidzError:
    if isinstance(error, OurVidzError):
        return error
    log.error('Job %s failed', job.id, exc_info=error)
    return OurVidzError(f'Something unexpected went wrong: {error}', advice='Try again.')
