"""Keeps the states of a workspace's jobs in step with the library, the queue and the engine's reports."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nicegui import Event
from pydantic import ValidationError

from ourvidz.engine.messages import LoadProgressed, Noted, PreviewMade, Report, StepProgressed, TextGrew
from ourvidz.errors import NotFound
from ourvidz.generation.request import GenerationRequest
from ourvidz.library.tables import Asset, AssetStatus, Job, JobStatus, now
from ourvidz.workspace.job_state import JobState

if TYPE_CHECKING:
    from ourvidz.workspace.workspace import Workspace

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(hours=50)
"""How far back jobs are held: any browser's today, in whichever zone."""
SECONDS_APART = 0.25
"""Between two reports of progress that are shown."""


class JobFollower:
    """The job states of one workspace, newest first."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.jobs: tuple[JobState, ...] = ()
        self._by_id: dict[str, JobState] = {}
        self._reading = asyncio.Lock()
        self._stale = set[str]()
        self._told_at, self._phase = 0.0, ''

    async def start(self, *, since: datetime) -> None:
        """Read the jobs since then and follow them from now on."""
        library, loop = self.workspace.library, self.workspace.loop
        self._subscriptions: list[tuple[Event[Any], Callable[..., Any]]] = [
            (library.ASSETS_READY, self._on_assets_ready),
            (library.ASSETS_CHANGED, self._on_assets_changed),
            (loop.JOB_CHANGED, self._on_job_changed),
            (loop.RUN_REPORTED, self._on_report),
            (loop.queue.QUEUE_CHANGED, self._on_queue_changed),
        ]
        for event, handler in self._subscriptions:
            event.subscribe(handler)
        jobs = await library.jobs_since(self.workspace.id, since)
        assets = await library.assets_of([job.id for job in jobs], with_hidden=True)
        for job in jobs:
            self._take(job.id, job, assets.get(job.id, []))
        self._arrange()
        await self._on_queue_changed()

    def stop(self) -> None:
        for event, handler in self._subscriptions:
            event.unsubscribe(handler)

    def job(self, job_id: str) -> JobState:
        if job_id not in self._by_id:
            raise NotFound('This job is not on the page any more.', advice='Look for its pictures in the library.')
        return self._by_id[job_id]

    def add(self, job: Job) -> None:
        """Show a job that was just queued at once, before the queue has told of it."""
        if job.id in self._by_id:
            return
        self._take(job.id, job, [])
        place, is_paused = self.workspace.engine.waiting + 1, self.workspace.loop.queue.is_paused
        self._by_id[job.id].headline = _waiting_words(place, is_paused=is_paused)
        self._arrange()
        self.workspace.JOBS_CHANGED.emit()

    async def refresh(self, job_ids: Iterable[str]) -> None:
        """Read the jobs anew: show what is to be shown, drop what is not. What waits for that is read together."""
        self._stale.update(job_ids)
        async with self._reading:
            stale, self._stale = list(self._stale), set()
            if stale:
                await self._refresh(stale)
        if any(self._is_wordless(job_id) for job_id in stale):
            await self._on_queue_changed()

    def _is_wordless(self, job_id: str) -> bool:
        """Whether a job waits again of which it is not yet said how long."""
        state = self._by_id.get(job_id)
        return state is not None and state.status is JobStatus.QUEUED and not state.headline

    async def _refresh(self, ids: list[str]) -> None:
        jobs = await self.workspace.library.jobs(ids)
        assets = await self.workspace.library.assets_of(ids, with_hidden=True)
        is_rearranged = False
        for job_id in ids:
            is_rearranged |= self._take(job_id, jobs.get(job_id), assets.get(job_id, []))
        if is_rearranged:
            self._arrange()
            self.workspace.JOBS_CHANGED.emit()
        self.workspace.show_engine(self.workspace.engine.waiting)

    def _take(self, job_id: str, job: Job | None, assets: Sequence[Asset]) -> bool:
        """Show or drop one job; True if the list changed, or one that was over runs once more."""
        if job is None or not _is_shown(job, assets):
            return self._by_id.pop(job_id, None) is not None
        is_new = job_id not in self._by_id
        try:
            state = self._by_id.setdefault(job_id, self._state_of(job))
        except ValidationError:
            log.warning('Job %s asks for what this version does not know, so it is not shown', job_id)
            return False
        was_over = not is_new and state.is_over
        self._show(state, job, assets)
        if not is_new:
            self.workspace.JOB_CHANGED.emit(state)
        if not is_new and not was_over and state.status is JobStatus.COMPLETED:
            self._announce(state)
        return is_new or (was_over and not state.is_over)

    def _announce(self, state: JobState) -> None:
        number = sum(asset.created_at >= state.started_at for asset in state.assets)
        if number:
            kind = 'video' if state.kind == 'video' else 'image'
            text = f'{number} new {kind}{"" if number == 1 else "s"} generated'
            self.workspace.ASSETS_READY.emit(f'New content ready: {text}')

    def _arrange(self) -> None:
        oldest = now() - KEPT_FOR
        self._by_id = {
            job_id: state
            for job_id, state in self._by_id.items()
            if not state.is_over or state.last_active_at >= oldest
        }
        self.jobs = tuple(sorted(self._by_id.values(), key=lambda job: (job.created_at, job.id), reverse=True))

    def _state_of(self, job: Job) -> JobState:
        request = GenerationRequest.model_validate(job.request)
        return JobState(id=job.id, prompt=job.prompt, request=request, created_at=job.created_at, seed=job.seed)

    def _show(self, state: JobState, job: Job, assets: Sequence[Asset]) -> None:
        spec = self.workspace.submission.known_spec(job.model or state.request.model, state.request)
        if spec is not None:
            state.model_title = spec.title
            state.width, state.height = spec.sizes.get(state.request.aspect_ratio.value, (state.width, state.height))
        shown = [asset for asset in assets if asset.dismissed_at is None and asset.deleted_at is None]
        state.assets = tuple(asset for asset in shown if job.status.is_over or asset.status is not AssetStatus.FAILED)
        state.made_positions = _made_positions(state, job, assets)
        if assets:
            state.width, state.height = assets[0].width, assets[0].height
        state.started_at = job.started_at or job.created_at
        state.finished_at = job.finished_at or job.created_at
        state.note, state.error, state.advice = job.note, job.error, job.advice
        state.final_prompt, state.enhanced_prompt = job.final_prompt, job.enhanced_prompt
        if job.status is not state.status or job.status.is_over:
            state.headline = {JobStatus.PROCESSING: 'starting', JobStatus.CANCELLED: 'cancelled'}.get(job.status, '')
            state.progress = 1.0 if job.status is JobStatus.COMPLETED else 0.0
            state.step, state.previews = 0, None
        state.status = job.status

    async def _on_assets_ready(self, assets: list[Asset]) -> None:
        mine = [asset for asset in assets if asset.workspace_id == self.workspace.id]
        await self.refresh({asset.job_id for asset in mine})

    async def _on_assets_changed(self, assets: list[Asset]) -> None:
        await self.refresh({asset.job_id for asset in assets if asset.workspace_id == self.workspace.id})

    async def _on_job_changed(self, job_id: str) -> None:
        await self.refresh([job_id])

    async def _on_queue_changed(self) -> None:
        waiting = await self.workspace.loop.queue.waiting()
        unknown = [job_id for job_id in waiting if job_id not in self._by_id]
        if unknown:
            await self.refresh(unknown)
        for place, job_id in enumerate(waiting, start=1):
            if (state := self._by_id.get(job_id)) is not None and state.status is JobStatus.QUEUED:
                state.place = place
                state.headline = _waiting_words(place, is_paused=self.workspace.loop.queue.is_paused)
        self.workspace.show_engine(len(waiting))

    def _is_due(self, report: StepProgressed) -> bool:
        """Progress is told a few times a second, and each phase: every open page has to draw each message."""
        now = asyncio.get_running_loop().time()
        is_due = report.phase != self._phase or now - self._told_at >= SECONDS_APART
        if is_due:
            self._told_at, self._phase = now, report.phase
        return is_due

    def _on_report(self, job_id: str, report: Report) -> None:
        state = self._by_id.get(job_id)
        if state is None:
            return
        match report:
            case LoadProgressed():
                state.headline = f'loading {state.model_title or "the model"} · {report.share:.0%}'
            case StepProgressed() if self._is_due(report):
                state.step, state.steps, state.progress = report.step, report.steps, report.share
                state.headline = _step_words(report)
            case PreviewMade():
                state.previews = self.workspace.loop.previews.urls(job_id)
            case Noted():
                state.note = report.text
            case TextGrew():
                state.headline = 'writing the prompt'
                state.enhanced_prompt += report.text


def _made_positions(state: JobState, job: Job, assets: Sequence[Asset]) -> frozenset[int]:
    """What is made; what was deleted while the job runs is not made again."""
    earlier = state.made_positions if job.status is JobStatus.PROCESSING else frozenset()
    return earlier | {asset.position for asset in assets if asset.status is AssetStatus.COMPLETED}


def _is_shown(job: Job, assets: Sequence[Asset]) -> bool:
    if job.dismissed_at is not None or job.deleted_at is not None:
        return False
    hidden = [asset for asset in assets if asset.dismissed_at is not None or asset.deleted_at is not None]
    return len(hidden) < len(assets) or job.status is not JobStatus.COMPLETED


def _waiting_words(place: int, *, is_paused: bool) -> str:
    if is_paused:
        return 'waiting · the queue is paused'
    return 'next in the queue' if place == 1 else f'waiting · {place - 1} before it'


def _step_words(report: StepProgressed) -> str:
    left = '' if report.seconds_left is None else f' · {_seconds_words(report.seconds_left)} left'
    match report.phase:
        case 'generating' if not report.step:
            return f'preparing{left}'
        case 'generating':
            return f'step {report.step} of {report.steps}{left}'
        case 'decoding':
            return f'decoding · {report.share:.0%}{left}'
        case _:
            return f'saving · {report.share:.0%}'


def _seconds_words(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f'{whole} s' if whole < 90 else f'{round(whole / 60)} min'
