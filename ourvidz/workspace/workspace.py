"""One workspace: its jobs as the page shows them, and everything that a person can do with them."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from nicegui import Event, background_tasks, binding

from ourvidz.errors import InvalidInput, NotFound, OurVidzError
from ourvidz.generation.loop import GenerationLoop
from ourvidz.generation.prompting import FinalPrompt
from ourvidz.generation.references import Reference, References, Source
from ourvidz.generation.request import AspectRatio, GenerationRequest, Mode, idle_fields
from ourvidz.generation.submission import Submission
from ourvidz.library.library import Library
from ourvidz.library.tables import OWNER_ID, WORKSPACE_ID, Asset, Job, JobStatus, now
from ourvidz.models.vocabulary import Vocabulary
from ourvidz.workspace.abilities import chosen_spec, hint, refusals
from ourvidz.workspace.enhancing import FormEnhancing
from ourvidz.workspace.follow import KEPT_FOR, JobFollower
from ourvidz.workspace.job_state import JobState
from ourvidz.workspace.prompt_form import SLOTS, SLOTS_BY_MODE, PromptForm, seed_text
from ourvidz.workspace.undo import Undo, deleted, dismissed, named

log = logging.getLogger(__name__)

EXAMPLES = (
    'A red car in a neon city at night',
    'A fox in the snow at sunset, warm light',
    'A rocket over the beach at dawn, watercolor',
    'A castle on a hill under the stars',
    'A sailing boat on a calm lake',
    'A portrait of an owl in a forest',
)


@binding.bindable_dataclass
class EngineState:
    """The device in the header: `text` is 'Spark image · on CPU', `work` is '1 running · 2 waiting' or ''."""

    text: str = 'starting'
    work: str = ''
    is_ready: bool = False
    is_paused: bool = False
    waiting: int = 0


class Workspace:
    """The jobs of one workspace and the form of its person, shared by all their tabs and devices."""

    def __init__(
        self, *, library: Library, loop: GenerationLoop, submission: Submission, references: References
    ) -> None:
        self.library = library
        self.loop = loop
        self.submission = submission
        self.references = references
        self.catalog = submission.catalog
        self.id = WORKSPACE_ID
        self.is_library_empty = True
        self.form = PromptForm()
        self.engine = EngineState()
        self.JOBS_CHANGED = Event[[]]()
        """Jobs came or went; `jobs` holds the new list."""
        self.JOB_CHANGED = Event[JobState]()
        """The assets, previews or status of a job changed."""
        self.ASSETS_READY = Event[str]()
        """New content is ready; carries the words of the notice."""
        self.FORM_CHANGED = Event[[]]()
        """A control was set by an action, in whichever tab."""
        self.enhancing = FormEnhancing(self)
        self._follower = JobFollower(self)
        self._saving: asyncio.Task[None] | None = None
        self._is_unsaved = False

    @property
    def jobs(self) -> tuple[JobState, ...]:
        """The jobs that are neither dismissed nor deleted, newest first; a page shows those of its own today."""
        return self._follower.jobs

    def jobs_of(self, since: datetime) -> tuple[JobState, ...]:
        """The jobs that were queued, made a picture or ended since then (UTC without zone), and those not over."""
        return tuple(job for job in self.jobs if not job.is_over or job.last_active_at >= since)

    def job(self, job_id: str) -> JobState:
        """Raises NotFound if it is not on the page."""
        return self._follower.job(job_id)

    async def open(self) -> None:
        """Read the form and the jobs, and follow what happens from now on."""
        self.library.ASSETS_READY.subscribe(self._on_assets_ready)
        self.is_library_empty = not (await self.library.page(limit=1)).items
        await self._restore_form()
        await self._follower.start(since=now() - KEPT_FOR)
        self.catalog.CHANGED.subscribe(self._derive)
        self._derive()

    async def close(self) -> None:
        """Save the form and follow no more."""
        self.library.ASSETS_READY.unsubscribe(self._on_assets_ready)
        self._follower.stop()
        with contextlib.suppress(OurVidzError):
            await self._save_form()

    def _on_assets_ready(self, _: Sequence[Asset]) -> None:
        self.is_library_empty = False

    # what the panel does

    def set(self, **values: Any) -> None:
        """Set controls of the form, derive what follows from them and keep them."""
        if 'seed' in values:
            values = {'seed_text': seed_text(values['seed'])} | values
        for name, value in values.items():
            setattr(self.form, name, value)
        self.touched()
        self.FORM_CHANGED.emit()

    def touched(self) -> None:
        """The form changed by typing: derive what follows from it and keep it."""
        self._derive()
        self._is_unsaved = True
        if self._saving is None or self._saving.done():
            self._saving = background_tasks.create(self._save_soon(), name='save form')

    async def generate(self) -> Job:
        """Queue what the form asks for. Raises InvalidInput, Refused or NotFound in words for the person."""
        return await self.submit(self.form.request())

    async def submit(self, request: GenerationRequest) -> Job:
        """Queue a request. Raises InvalidInput, Refused or NotFound in words for the person."""
        job = await self.submission.submit(request, user_id=OWNER_ID, workspace_id=self.id)
        self._follower.add(job)
        return job

    def final_prompt(self) -> FinalPrompt:
        """What the model will read. Raises InvalidInput while the prompt is empty."""
        return self.submission.final_prompt(self.form.request())

    def examples(self, mode: Mode) -> tuple[str, ...]:
        """Prompts for a newcomer, in words that the model knows which is used in this mode."""
        chosen = chosen_spec(self.form, self.catalog)
        spec = chosen if chosen is not None and chosen.kind == mode.value else self.catalog.default(mode.value)
        vocabulary = Vocabulary.of(spec) if spec is not None else None
        return vocabulary.examples if vocabulary is not None else EXAMPLES

    # references

    async def add_file(self, slot: str, data: bytes, *, source: Source = 'file') -> Reference:
        """Take an uploaded or pasted picture into a slot. Raises InvalidInput with the reason."""
        return self._put(slot, await self.references.add_bytes(data, source=source))

    async def add_url(self, slot: str, url: str) -> Reference:
        """Fetch a picture into a slot. Raises InvalidInput with the reason."""
        return self._put(slot, await self.references.add_url(url))

    async def add_asset(self, slot: str, asset_id: str, *, frame: float | None = None) -> Reference:
        """Take a picture of the library, or the frame of a clip at `frame` seconds (else its middle), into a slot."""
        asset = await self.library.asset(asset_id)
        return self._put(slot, await self.submission.reference_from(asset, frame=frame))

    async def add_job(self, slot: str, job_id: str) -> Reference:
        """Take a job's first picture into a slot."""
        assets = self.job(job_id).assets
        if not assets:
            raise NotFound('This job has no picture yet.', advice='Wait until its first picture is done.')
        return await self.add_asset(slot, assets[0].id)

    def slot_for(self, wanted: str = '') -> str:
        """The slot that is wanted, else the first that the model can use. Raises InvalidInput with the reason."""
        slots = (wanted,) if wanted in SLOTS else SLOTS_BY_MODE[self.form.mode]
        fitting = [slot for slot in slots if not self.form.why_not(slot)]
        if not fitting:
            raise InvalidInput(slots[0], self.form.why_not(slots[0]), advice='Choose another model.')
        return next((slot for slot in fitting if getattr(self.form, slot) is None), fitting[0])

    def remove_reference(self, slot: str) -> None:
        more = {'is_single': False} if slot == 'start_frame' else {}
        self.set(**{slot: None}, **more)

    def _put(self, slot: str, reference: Reference) -> Reference:
        if slot not in SLOTS:
            raise NotFound(f'There is no place for references named {slot}.')
        self.set(**{slot: reference})
        return reference

    def use_seed(self, asset: Asset) -> None:
        self.set(seed=asset.seed)

    async def create_video(self, asset_id: str) -> None:
        """Switch to video with the picture as beginning frame."""
        await self.add_asset('start_frame', asset_id)
        self.set(mode=Mode.VIDEO, is_single=False)

    async def continue_clip(self, asset_id: str) -> None:
        """Set up a clip that begins with the last frame of this one and keeps its colours and its shape."""
        clip = await self.library.asset(asset_id)
        frame = await self.add_asset('start_frame', asset_id, frame=clip.duration)
        shape = (clip.parameters.get('request') or {}).get('aspect_ratio', AspectRatio.WIDE)
        self.set(
            mode=Mode.VIDEO,
            prompt=self.form.prompt or clip.prompt,
            aspect_ratio=AspectRatio(shape),
            continued_id=frame.id,
            end_frame=None,
            is_single=False,
        )

    # what cards, job headers and the rail do

    async def cancel(self, job_id: str) -> None:
        await self.loop.cancel(job_id)

    async def run_next(self, job_id: str) -> None:
        """Put a waiting job before the person's others."""
        await self.loop.queue.put_first(job_id)

    async def retry(self, job_id: str) -> None:
        """Queue a job again that failed, was cancelled or lost a file; the pictures that it made stay."""
        await self.loop.queue.retry(job_id)
        self.loop.JOB_CHANGED.emit(job_id)

    async def regenerate(self, job_id: str) -> Job:
        """Queue the same request once more with a new seed; fields that had no effect are left out."""
        job = await self.library.job(job_id)
        request = GenerationRequest.model_validate(job.request | {'seed': None})
        idle = idle_fields(request)
        kept = {name: value for name, value in request.model_dump().items() if name not in idle}
        return await self.submit(GenerationRequest.model_validate(kept))

    async def dismiss(self, asset_ids: Sequence[str]) -> Undo:
        assets = await self.library.dismiss(asset_ids)

        async def take_back() -> None:
            await self.library.restore([asset.id for asset in assets])

        return Undo(f'{named(assets)} dismissed, still in the library' if assets else '', take_back)

    async def delete(self, asset_ids: Sequence[str]) -> Undo:
        assets = await self.library.delete(asset_ids)

        async def take_back() -> None:
            await self.library.undelete([asset.id for asset in assets])

        return Undo(f'{named(assets)} deleted' if assets else '', take_back)

    async def dismiss_jobs(self, job_ids: Sequence[str]) -> Undo:
        """Hide whole jobs; one that waits or runs is cancelled first."""
        shown = self._shown(job_ids)
        stopped = await self._stop(shown)
        hidden = await self.library.dismiss_jobs(job_ids)

        async def take_back() -> None:
            await self.library.restore_jobs(job_ids, assets=[asset.id for asset in hidden])
            await self._follower.refresh(job_ids)
            for job_id in stopped:
                await self._requeue(job_id)

        await self._follower.refresh(job_ids)
        return Undo(dismissed(shown), take_back)

    async def delete_jobs(self, job_ids: Sequence[str]) -> Undo:
        """Delete whole jobs with all they made; one that waits or runs is cancelled first."""
        shown = self._shown(job_ids)
        stopped = await self._stop(shown)
        gone = await self.library.delete_jobs(job_ids)

        async def take_back() -> None:
            await self.library.undelete_jobs(job_ids, assets=[asset.id for asset in gone])
            await self._follower.refresh(job_ids)
            for job_id in stopped:
                await self._requeue(job_id)

        await self._follower.refresh(job_ids)
        return Undo(deleted(shown), take_back)

    async def _stop(self, jobs: Iterable[JobState]) -> list[str]:
        """Cancel those that wait or run; gives their ids."""
        stopped = [job.id for job in jobs if not (await self.loop.queue.job(job.id)).status.is_over]
        for job_id in stopped:
            await self.cancel(job_id)
        return stopped

    async def _requeue(self, job_id: str) -> None:
        """Queue a job again that was stopped, once it has come to rest."""
        job = await self.loop.over(job_id)
        if job.status is JobStatus.CANCELLED and job.deleted_at is None:
            await self.retry(job_id)
            await self._follower.refresh([job_id])

    async def clear(self, since: datetime) -> Undo:
        """Dismiss all that is over of one browser's today."""
        over = [job.id for job in self.jobs_of(since) if job.is_over]
        return await self.dismiss_jobs(over)

    async def unblur(self, asset_id: str) -> None:
        """Show a picture that was blurred, for good. Only where the owner allows NSFW, and never with children."""
        await self.submission.ensure_visible(await self.library.asset(asset_id))
        await self.library.set_blurred([asset_id], is_blurred=False)

    # what follows from what

    def show_engine(self, waiting: int) -> None:
        """Say in the header what the device does, with so many jobs waiting."""
        running = sum(job.is_running for job in self.jobs)
        info, spec = self.loop.engine.info, chosen_spec(self.form, self.catalog)
        parts = [spec.title if spec is not None else 'no model']
        parts.append(f'on {info.device_name}' if info is not None else 'starting')
        work = [f'{running} running'] if running else []
        work += [f'{waiting} waiting'] if waiting else []
        work += ['paused'] if self.loop.queue.is_paused else []
        self.engine.text, self.engine.work, self.engine.waiting = ' · '.join(parts), ' · '.join(work), waiting
        self.engine.is_ready, self.engine.is_paused = info is not None, self.loop.queue.is_paused

    def _derive(self) -> None:
        self.form.refusals = refusals(self.form, self.catalog, is_nsfw_allowed=self.submission.is_nsfw_allowed)
        self.form.hint = hint(self.form, self.catalog)
        self.show_engine(self.engine.waiting)

    def _shown(self, job_ids: Iterable[str]) -> list[JobState]:
        wanted = set(job_ids)
        return [job for job in self.jobs if job.id in wanted]

    async def _restore_form(self) -> None:
        kept = await self.library.form(OWNER_ID)
        self.form.take(kept)
        for slot in SLOTS:
            try:
                if kept.get(slot):
                    setattr(self.form, slot, await self.references.get(kept[slot]))
            except NotFound:
                continue

    async def _save_soon(self) -> None:
        while self._is_unsaved:
            await asyncio.sleep(0.5)
            self._is_unsaved = False
            try:
                await self._save_form()
            except OurVidzError as error:
                log.warning('The form cannot be saved yet: %s', error)
                self._is_unsaved = True

    async def _save_form(self) -> None:
        await self.library.save_form(OWNER_ID, self.form.kept())
