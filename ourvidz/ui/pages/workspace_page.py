"""The workspace: today's jobs, their rail, and the panel that makes more."""

import asyncio

from nicegui import ui

from ourvidz.library.tables import Asset
from ourvidz.ui.components.actions import Actions
from ourvidz.ui.components.asset_card import picture_url
from ourvidz.ui.components.card_toolbar import CardToolbar, JobToolbar
from ourvidz.ui.components.empty_state import EmptyState
from ourvidz.ui.components.island import Island
from ourvidz.ui.components.job_groups import JobGroups
from ourvidz.ui.components.job_rail import JobRail
from ourvidz.ui.components.lightbox import Lightbox
from ourvidz.ui.components.prompt_panel import PromptPanel
from ourvidz.ui.shell import Shell
from ourvidz.workspace.job_state import JobState
from ourvidz.workspace.today import Today
from ourvidz.workspace.workspace import Workspace

ZONE_COOKIE = 'ourvidz_zone'
TELL_ZONE = f"""(() => {{
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    document.cookie = '{ZONE_COOKIE}=' + encodeURIComponent(zone) + ';path=/;max-age=31536000;samesite=lax';
    return zone;
}})()"""


SHOWN_AT_FIRST = 8
"""Jobs that come with the page; the others follow once it is connected."""
LONGEST_NAP = 300
"""Seconds between two looks at the date: a machine that slept wakes to another day."""


class WorkspacePage:
    """One open page. `zone` is the browser's time zone as far as it is known; the browser tells it when it connects."""

    def __init__(self, workspace: Workspace, *, zone: str) -> None:
        self.workspace = workspace
        self.today = Today(zone)
        self._client = ui.context.client
        self._midnight: asyncio.TimerHandle | None = None
        actions = Actions(workspace)
        Shell(workspace, here='workspace', on_clear=lambda: actions.clear(self.today.start()))
        self._client.content.classes('is-plain')
        with ui.element('div').classes('workspace') as self._root:
            with ui.element('div').classes('jobs'):
                with ui.element('h1').classes('visually-hidden'):
                    ui.label('Workspace')
                self.empty = EmptyState(workspace)
                self.lightbox = Lightbox(actions, assets=self._assets)
                with Island():
                    self.groups = JobGroups(actions, on_view=self.lightbox.view)
                with ui.element('div'):
                    CardToolbar(actions, on_view=self.lightbox.view)
                with ui.element('div'):
                    JobToolbar(actions)
            self.rail = JobRail(actions)
        PromptPanel(workspace)
        self._show_jobs(most=SHOWN_AT_FIRST)
        self._preload_pictures()
        self._wait_for_midnight()
        workspace.JOBS_CHANGED.subscribe(self._show_jobs)
        workspace.JOB_CHANGED.subscribe(self._on_job_changed)
        self._client.on_connect(self._on_connect)
        self._client.on_delete(self._forget_midnight)

    def _jobs(self) -> tuple[JobState, ...]:
        return self.workspace.jobs_of(self.today.start())

    def _assets(self) -> list[Asset]:
        return [asset for job in self._jobs() for asset in job.assets]

    def _show_jobs(self, *, most: int | None = None) -> None:
        self._shown_since = self.today.start()
        jobs = self._jobs()
        self.groups.show(jobs, most=most)
        self.rail.show(jobs[:most])
        self.empty.show(is_shown=not jobs)
        self.rail.set_visibility(bool(jobs))
        self._root.classes(add=None if jobs else 'is-empty', remove='is-empty' if jobs else None)
        self.lightbox.follow()

    def _on_job_changed(self, job: JobState) -> None:
        self.groups.refresh(job)
        self.rail.refresh(job)
        self.lightbox.follow()

    def _preload_pictures(self) -> None:
        """Have the browser fetch what is seen first while it still reads the scripts."""
        for job in self._jobs()[:1]:
            for url in filter(None, map(picture_url, job.assets)):
                ui.add_head_html(f'<link rel="preload" as="image" href="{url}">')

    async def _on_connect(self) -> None:
        """The first jobs are on the screen: learn the browser's zone, then show the others."""
        try:
            zone = await ui.run_javascript(TELL_ZONE, timeout=60)
        except TimeoutError:
            return  # the page was closed before it could tell
        if zone != str(self.today.zone):
            self.today = Today(zone)
            self._wait_for_midnight()
        self._show_jobs()

    def _wait_for_midnight(self) -> None:
        """Turn the page over when the day ends; a job that is at work then stays.

        No `ui.timer`: one that sleeps would hold the closed page until it wakes.
        """
        self._forget_midnight()
        seconds = min(self.today.seconds_left() + 1, LONGEST_NAP)
        self._midnight = asyncio.get_running_loop().call_later(seconds, self._on_waking)

    def _forget_midnight(self) -> None:
        if self._midnight is not None:
            self._midnight.cancel()

    def _on_waking(self) -> None:
        if self._shown_since != self.today.start():
            with self._client:
                self._show_jobs()
        self._wait_for_midnight()
