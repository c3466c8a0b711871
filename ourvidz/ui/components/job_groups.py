"""The list of jobs, newest first. Only the groups near the screen hold their content."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import events

from ourvidz.ui.components.actions import Actions
from ourvidz.ui.components.deck import Deck
from ourvidz.ui.components.job_group import JobGroup
from ourvidz.workspace.job_state import JobState

BUILT_AT_FIRST = 5


class JobGroups(Deck):
    """Adds and removes groups as jobs come and go; what stays is not touched. `on_view` opens an asset."""

    def __init__(self, actions: Actions, *, on_view: Callable[[str], Any]) -> None:
        super().__init__(actions, on_view=on_view)
        self.classes('job-groups')
        self._groups: dict[str, JobGroup] = {}
        self.on('near', self._on_near)

    def show(self, jobs: Sequence[JobState], *, most: int | None = None) -> None:
        """Show these jobs, newest first; with `most`, leave room for the others."""
        self.style(f'--missing:{len(jobs[most:]) if most else 0}')
        jobs = jobs[:most]
        shown = {job.id: job for job in jobs}
        for job_id in [job_id for job_id, group in self._groups.items() if shown.get(job_id) is not group.job]:
            self._groups.pop(job_id).delete()
        for index, job in enumerate(jobs):
            if job.id not in self._groups:
                self._add(job, index, at_end=index == len(self._groups))

    def refresh(self, job: JobState) -> None:
        """Show what changed of one job."""
        if (group := self._groups.get(job.id)) is not None and group.job is job:
            group.refresh()

    def _add(self, job: JobState, index: int, *, at_end: bool) -> None:
        with self:
            group = JobGroup(job, self.actions)
        self._groups[job.id] = group
        if not at_end:
            group.move(target_index=index)
        if index < BUILT_AT_FIRST:
            group.build()

    def _on_near(self, event: events.GenericEventArguments) -> None:
        came, went = event.args
        for job_id in came:
            if (group := self._groups.get(job_id)) is not None:
                group.build()
        for job_id in went:
            if (group := self._groups.get(job_id)) is not None:
                group.drop()
