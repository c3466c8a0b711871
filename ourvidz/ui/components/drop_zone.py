"""Takes what is dropped anywhere on the page, pasted or picked, and puts it into a reference slot."""

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from ourvidz.errors import OurVidzError
from ourvidz.ui.notices import notify, notify_error
from ourvidz.workspace.cropping import crop_of
from ourvidz.workspace.workspace import Workspace


class DropZone(ui.element, component='drop_zone.js'):
    """The whole page; an element with `data-slot` takes what is dropped on it, one with `data-pick` opens a picker.

    With `is_here` the boxes are on this page. A card or job is dragged as JSON of type 'application/x-ourvidz':
    {"asset_id": ...} or {"job_id": ...}.
    """

    def __init__(self, workspace: Workspace, *, is_here: bool) -> None:
        super().__init__()
        self.workspace = workspace
        self.is_here = is_here
        self.on('dropped', self._on_dropped)
        self.on('told', lambda event: notify(str(event.args.get('words', ''))))

    async def _on_dropped(self, event: GenericEventArguments) -> None:
        dropped: dict[str, Any] = event.args
        try:
            slot = self.workspace.slot_for(str(dropped.get('slot', '')))
            await self._take(slot, dropped)
        except OurVidzError as error:
            notify_error(error)
            return
        reference = getattr(self.workspace.form, slot)
        if reference is None:
            return
        if not self.is_here:
            notify('It is in its box in the workspace now')
        crop = crop_of(reference, self.workspace.form, self.workspace.catalog) if slot != 'style_reference' else None
        for words in filter(None, (reference.note, crop.words if crop and crop.is_much else '')):
            notify(words, seconds=10)

    async def _take(self, slot: str, dropped: dict[str, Any]) -> None:
        match dropped:
            case {'reference_id': str(reference_id)}:
                self.workspace.set(**{slot: await self.workspace.references.get(reference_id)})
            case {'asset_id': str(asset_id)}:
                await self.workspace.add_asset(slot, asset_id)
            case {'job_id': str(job_id)}:
                await self.workspace.add_job(slot, job_id)
            case {'url': str(url)}:
                await self.workspace.add_url(slot, url)
