"""The rail: one small picture a job. A click leads to the job, and the job on the screen is marked."""

from collections.abc import Sequence

from nicegui import binding, ui

from ourvidz.library.tables import AssetStatus, JobStatus
from ourvidz.library.urls import media_url
from ourvidz.ui.components.actions import Actions
from ourvidz.ui.components.hover_tools import HoverTools
from ourvidz.ui.components.island import Island
from ourvidz.ui.components.job_words import shortened
from ourvidz.ui.placeholder import blurred
from ourvidz.workspace.job_state import JobState

SHOW = """(e) => {
    if (e.type === 'keydown' && e.key !== 'Enter' && e.key !== ' ') return;
    const item = e.target.closest('.rail-item');
    if (!item || e.target.closest('.hover-tools')) return;
    if (e.type === 'keydown') e.preventDefault();
    window.dispatchEvent(new CustomEvent('ourvidz:show-job', { detail: item.dataset.jobId }));
}"""
DRAG = """(e) => {
    const item = e.target.closest('.rail-item');
    if (item) e.dataTransfer.setData('application/x-ourvidz', JSON.stringify({ job_id: item.dataset.jobId }));
}"""


class JobRail(ui.element):
    """The jobs of the page in small, newest first."""

    def __init__(self, actions: Actions) -> None:
        super().__init__('nav')
        self._items: dict[str, RailItem] = {}
        self.classes('rail').props('aria-label="Jobs of today" data-testid=job-rail')
        with self:
            ui.label('Today').classes('rail-title')
            with Island():
                self._list = ui.element('div').classes('rail-list')
            ui.link('Earlier', '/library').classes('rail-title rail-earlier').props('data-testid=earlier')
            with ui.element('div'), HoverTools('.rail-item', id_attribute='data-job-id') as tools:
                tools.add(
                    'delete',
                    'Delete this job',
                    actions.delete_job,
                    testid='rail-delete',
                    leaving='.rail-item',
                    is_danger=True,
                ).props('title="Delete this job"', remove='data-tip')
        self._list.on('click', js_handler=SHOW)
        self._list.on('keydown', js_handler=SHOW)
        self._list.on('dragstart', js_handler=DRAG)

    def show(self, jobs: Sequence[JobState]) -> None:
        """Show these jobs, newest first."""
        shown = {job.id: job for job in jobs}
        for job_id in [job_id for job_id, item in self._items.items() if shown.get(job_id) is not item.job]:
            self._items.pop(job_id).delete()
        for index, job in enumerate(jobs):
            if job.id in self._items:
                continue
            with self._list:
                self._items[job.id] = RailItem(job)
            if index < len(self._items) - 1:
                self._items[job.id].move(target_index=index)

    def refresh(self, job: JobState) -> None:
        """Show what changed of one job."""
        if (item := self._items.get(job.id)) is not None and item.job is job:
            item.refresh()


class RailItem(ui.element):
    """One element: its picture is a background, so that a hundred of them weigh little."""

    progress = binding.BindableProperty(on_change=lambda item, _: item.refresh())
    previews = binding.BindableProperty(on_change=lambda item, _: item.refresh())

    def __init__(self, job: JobState) -> None:
        super().__init__('div')
        self.job = job
        self._is_bound = False
        self._shown: tuple[object, ...] = ()
        self._newest = self._before = ''
        self.classes('rail-item').props('role=group tabindex=0 draggable=true data-testid=rail-item')
        self.props['data-job-id'] = job.id
        self.refresh()

    def refresh(self) -> None:
        job = self.job
        self._follow()
        picture = self._picture()
        shown = (job.status, self._badge(), picture, len(job.assets))
        if shown == self._shown:
            return
        self._shown = shown
        self.props['data-badge'] = self._badge()
        self.props['data-status'] = job.status.value
        self.props['aria-label'] = f'{self._state_words()}: {shortened(job.prompt, 60)}'
        self.style.update({'--picture': picture, '--progress': f'{job.progress:.3f}'})

    def _follow(self) -> None:
        """Be bound to what changes while the job is at work, and only then."""
        if self._is_bound is not self.job.is_over:
            return
        self._is_bound = not self.job.is_over
        if self._is_bound:
            self.progress, self.previews = self.job.progress, self.job.previews
            binding.bind_from(self, 'progress', self.job, 'progress')
            binding.bind_from(self, 'previews', self.job, 'previews')
        else:
            binding.remove([self])

    def _badge(self) -> str:
        job = self.job
        if job.is_running:
            return f'{job.progress:.0%}'
        if job.status is JobStatus.QUEUED:
            return 'waiting'
        if job.status is JobStatus.FAILED:
            return 'failed'
        return str(len(job.assets)) if len(job.assets) > 1 else ''

    def _picture(self) -> str:
        """As CSS; while previews follow each other the one before shows until the new one is there."""
        for asset in self.job.assets:
            if asset.status is AssetStatus.COMPLETED:
                behind = blurred(asset.placeholder)
                return behind if asset.is_blurred else f'url({media_url(asset, "thumbnail")}),{behind}'
        previews = self.job.previews or {}
        if not previews:
            return 'none'
        url = f'url({previews[min(previews)]})'
        if url != self._newest:
            self._before, self._newest = self._newest, url
        return f'{url},{self._before}' if self._before else url

    def _state_words(self) -> str:
        job = self.job
        number = len(job.assets)
        match job.status:
            case JobStatus.COMPLETED:
                return f'{number} {"clip" if job.kind == "video" else "picture"}{"" if number == 1 else "s"}'
            case JobStatus.PROCESSING:
                return 'At work'
            case JobStatus.QUEUED:
                return 'Waiting'
            case _:
                return job.status.value.capitalize()
