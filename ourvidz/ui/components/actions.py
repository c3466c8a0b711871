"""What a person does with a card, a job or a rail item: done by the workspace, told in notices, taken back by undo."""

from datetime import datetime

from nicegui import ui

from ourvidz.generation.request import Mode
from ourvidz.ui.notices import copy, errors_told, notify, offer_undo
from ourvidz.workspace.workspace import Workspace


class Actions:
    """The verbs of toolbars, keys and the lightbox."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @property
    def may_unblur(self) -> bool:
        """Whether the owner lets people see what was blurred."""
        return self.workspace.submission.is_nsfw_allowed

    # of one picture or clip

    async def dismiss(self, asset_id: str) -> None:
        with errors_told():
            offer_undo(await self.workspace.dismiss([asset_id]))

    async def delete(self, asset_id: str) -> None:
        with errors_told():
            offer_undo(await self.workspace.delete([asset_id]))

    async def download(self, asset_id: str) -> None:
        with errors_told():
            await self.workspace.submission.ensure_visible(await self.workspace.library.asset(asset_id))
            ui.download.from_url(f'/media/{asset_id}/original?download=true')

    async def use_as_reference(self, asset_id: str, *, frame: float | None = None) -> None:
        """Take the picture, or a clip's frame at `frame` seconds, into the first place that takes it."""
        with errors_told():
            slot = self._slot()
            await self.workspace.add_asset(slot, asset_id, frame=frame)
            self._tell_slot(slot)

    async def continue_from(self, asset_id: str) -> None:
        """Set up a clip that begins with the last frame of this one."""
        with errors_told():
            await self.workspace.continue_clip(asset_id)
            self._tell_slot('start_frame')

    async def use_seed(self, asset_id: str) -> None:
        with errors_told():
            asset = await self.workspace.library.asset(asset_id)
            self.workspace.use_seed(asset)
            notify(f'Seed {asset.seed} is set')

    async def regenerate(self, asset_id: str) -> None:
        with errors_told():
            asset = await self.workspace.library.asset(asset_id)
            await self.regenerate_job(asset.job_id)

    async def remake(self, asset_id: str) -> None:
        """Make a picture again whose file is lost."""
        with errors_told():
            asset = await self.workspace.library.asset(asset_id)
            await self.workspace.retry(asset.job_id)
            notify('Queued: it is made again with its seed')

    async def create_video(self, asset_id: str) -> None:
        with errors_told():
            await self.workspace.create_video(asset_id)
            self._tell_slot('start_frame')

    async def restore(self, asset_id: str) -> None:
        with errors_told():
            await self.workspace.library.restore([asset_id])
            notify('It is no longer dismissed; the workspace shows it if it was made today')

    async def show_blurred(self, asset_id: str) -> None:
        with errors_told():
            await self.workspace.unblur(asset_id)

    # of a whole job

    async def dismiss_job(self, job_id: str) -> None:
        with errors_told():
            offer_undo(await self.workspace.dismiss_jobs([job_id]))

    async def delete_job(self, job_id: str) -> None:
        with errors_told():
            offer_undo(await self.workspace.delete_jobs([job_id]))

    async def regenerate_job(self, job_id: str) -> None:
        with errors_told():
            await self.workspace.regenerate(job_id)
            notify('Queued once more, with a new seed')

    async def use_job_as_reference(self, job_id: str) -> None:
        with errors_told():
            slot = self._slot()
            await self.workspace.add_job(slot, job_id)
            self._tell_slot(slot)

    async def copy_prompt(self, job_id: str) -> None:
        with errors_told():
            await copy(self.workspace.job(job_id).prompt, 'Prompt')

    async def cancel(self, job_id: str) -> None:
        with errors_told():
            await self.workspace.cancel(job_id)

    async def run_next(self, job_id: str) -> None:
        with errors_told():
            await self.workspace.run_next(job_id)

    async def retry(self, job_id: str) -> None:
        with errors_told():
            await self.workspace.retry(job_id)

    async def clear(self, since: datetime) -> None:
        """Dismiss all of one browser's today."""
        with errors_told():
            if any(job.is_over for job in self.workspace.jobs_of(since)):
                offer_undo(await self.workspace.clear(since))
            else:
                notify('There is nothing to clear')

    def _slot(self) -> str:
        """Where a picture goes that is to be used: never the style. Raises InvalidInput if the model takes none."""
        form = self.workspace.form
        slots = ('reference',) if form.mode is Mode.IMAGE else ('start_frame', 'end_frame')
        usable = [slot for slot in slots if not form.why_not(slot)] or [self.workspace.slot_for(slots[0])]
        return next((slot for slot in usable if getattr(form, slot) is None), usable[-1])

    def _tell_slot(self, slot: str) -> None:
        if because := self.workspace.form.why_not(slot):
            notify(f'It is in its box, but will not be used. {because}', seconds=10)
        else:
            names = {'start_frame': 'the beginning frame', 'end_frame': 'the ending frame'}
            notify(f'It is {names.get(slot, "the reference")} now')
