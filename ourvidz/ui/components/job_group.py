"""One job on the page: a line of words over its pictures."""

from collections.abc import Awaitable, Callable
from datetime import UTC

from nicegui import binding, ui

from ourvidz.library.tables import JobStatus
from ourvidz.ui.components.actions import Actions
from ourvidz.ui.components.asset_card import AssetCard
from ourvidz.ui.components.island import Island
from ourvidz.ui.components.job_words import age_of, details_of, name_of, shortened
from ourvidz.ui.icons import svg
from ourvidz.workspace.job_state import JobState


class JobGroup(Island):
    """Knows its height before it has content, so that only the groups near the screen need to hold theirs."""

    progress = binding.BindableProperty(on_change=lambda group, _: group._on_progress())
    step = binding.BindableProperty(on_change=lambda group, _: group._on_step())
    previews = binding.BindableProperty(on_change=lambda group, _: group._refresh_cards())
    note = binding.BindableProperty(on_change=lambda group, _: group._refresh_note())

    def __init__(self, job: JobState, actions: Actions) -> None:
        super().__init__()
        self.job = job
        self.actions = actions
        self.is_built = False
        self._cards: dict[int, AssetCard] = {}
        self._status: JobStatus | None = None
        with self:
            self._section = ui.element('section').classes('job-group').props('data-testid=job-group')
        self._section.props['data-job-id'] = job.id
        self._section.props['data-n'] = str(job.request.variations)
        self._section.props['aria-label'] = shortened(job.prompt)
        self._shape()

    def build(self) -> None:
        """Make the content."""
        if self.is_built:
            return
        job = self.job
        with self._section:
            with ui.element('div').classes('job-head').props('draggable=true'):
                ui.label(shortened(job.prompt, 300)).classes('job-prompt')
                self._line = ui.element('div').classes('job-line')
            self._note = ui.label(job.note).classes('job-note').props('data-testid=job-note')
            self._grid = ui.element('div').classes('job-grid')
        self._bar: ui.element | None = None
        self._failure: ui.element | None = None
        self.progress, self.step, self.previews, self.note = job.progress, job.step, job.previews, job.note
        for name in ('progress', 'step', 'previews', 'note'):
            binding.bind_from(self, name, job, name)
        self.is_built = True
        self.refresh()

    def drop(self) -> None:
        """Let the content go; the height stays."""
        if not self.is_built:
            return
        self.is_built = False
        binding.remove([self])
        self._section.clear()
        self._cards.clear()
        self._status = None

    def refresh(self) -> None:
        """Show what changed, and touch nothing else."""
        self._shape()
        if not self.is_built:
            return
        if self._status is not self.job.status:
            self._status = self.job.status
            self._show_line()
            self._show_failure()
        self._refresh_note()
        self._refresh_cards()

    # the line of words

    def _show_line(self) -> None:
        job = self.job
        self._line.clear()
        self._bar = None
        with self._line:
            if job.is_over:
                ui.label(details_of(job)).classes('job-details')
                moment = job.created_at.replace(tzinfo=UTC)
                age = ui.element('time').classes('job-age').props(f'datetime={moment.isoformat()}')
                with age:
                    ui.label(age_of(job.created_at))
                return
            ui.label().bind_text_from(job, 'headline').classes('job-details')
            if job.is_running:
                self._bar = ui.element('div').classes('job-progress')
                self._bar.props('data-testid=job-progress role=progressbar aria-valuemin=0 aria-valuemax=100')
                self._bar.props['aria-label'] = f'Progress of {shortened(job.prompt, 40)}'
                self._on_progress()
            else:
                run_next = self._button('Run next', 'job-run-next', self.actions.run_next, look='plain job-button')
                run_next.bind_visibility_from(job, 'place', backward=lambda place: place > 1)
            self._button('Cancel', 'job-cancel', self.actions.cancel, look='plain job-button')

    def _button(self, words: str, test_id: str, act: Callable[[str], Awaitable[None]], *, look: str = '') -> ui.element:
        """A button that does something with this job."""
        button = ui.element('button').classes(f'button {look}').props('type=button')
        button.props['data-testid'] = test_id
        button.on('click', lambda: act(self.job.id), args=[])
        with button:
            ui.label(words)
        return button

    def _show_failure(self) -> None:
        """Say why a job failed, and offer to try it again."""
        if self._failure is not None:
            self._failure.delete()
            self._failure = None
        job = self.job
        if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
            return
        is_failed = job.status is JobStatus.FAILED
        with self._section, ui.element('div').classes('job-failure') as self._failure:
            self._failure.classes('is-failed' if is_failed else 'is-cancelled')
            mark = ui.element('div').classes('job-failure-mark')
            mark.props['innerHTML'] = svg('warning' if is_failed else 'info')
            with ui.element('div').classes('job-failure-words'):
                ui.label(job.error or ('It failed.' if is_failed else 'Cancelled before it was done.'))
                if job.advice:
                    ui.label(job.advice).classes('job-advice')
            self._button('Retry', 'job-retry', self.actions.retry)
        self._failure.move(target_index=2)

    def _refresh_note(self) -> None:
        if not self.is_built:
            return
        self._note.set_text(self.job.note)
        self._note.set_visibility(bool(self.job.note))

    # the cards

    def _refresh_cards(self) -> None:
        if not self.is_built:
            return
        made = {asset.position: asset for asset in self.job.assets}
        wanted = sorted({*made, *self.job.waiting_positions})
        for position in [position for position in self._cards if position not in wanted]:
            self._cards.pop(position).delete()
        for index, position in enumerate(wanted):
            card = self._cards.get(position) or self._add_card(position, index)
            if position in made:
                card.show_asset(made[position])
            else:
                card.show_waiting((self.job.previews or {}).get(position))
        self._on_step()

    def _add_card(self, position: int, index: int) -> AssetCard:
        on_show = self.actions.show_blurred if self.actions.may_unblur else None
        with self._grid:
            card = AssetCard(name=name_of(self.job, position), on_show=on_show)
        if index < len(self._grid.default_slot.children) - 1:
            card.move(target_index=index)
        self._cards[position] = card
        return card

    def _on_progress(self) -> None:
        if not self.is_built or self._bar is None:
            return
        percent = round(100 * self.job.progress)
        self._section.style(f'--progress:{self.job.progress:.3f}')
        self._bar.props['aria-valuenow'] = percent

    def _on_step(self) -> None:
        if not self.is_built:
            return
        job = self.job
        words = f'{job.step} / {job.steps}' if job.is_running and job.step else ''
        for place, position in enumerate(job.waiting_positions):
            if position in self._cards:
                self._cards[position].show_step(words if place == 0 else '')

    def _shape(self) -> None:
        job = self.job
        count = len(job.assets) + len(job.waiting_positions)
        ratio = job.width / job.height
        kind = 'wide' if ratio > 1.2 else 'tall' if ratio < 0.8 else 'square'
        shape = f'--n:{job.request.variations};--count:{count};--ratio:{ratio:.4f}'
        if self._section.props.get('data-shape') != kind:
            self._section.props['data-shape'] = kind
        if shape != getattr(self, '_shaped', ''):
            self._shaped = shape
            self._section.style(shape)
        state = {'add' if job.is_running else 'remove': 'is-running'}
        self._section.classes(**state)
