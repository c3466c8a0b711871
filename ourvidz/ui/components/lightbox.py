"""The large view of a picture or clip, with all that is known of it."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import events, ui

from ourvidz.library.files import Rendition
from ourvidz.library.tables import Asset, AssetStatus
from ourvidz.library.urls import media_url
from ourvidz.ui.components.actions import Actions
from ourvidz.ui.components.asset_details import AssetDetails
from ourvidz.ui.components.hover_tools import Verb
from ourvidz.ui.components.icon_button import IconButton
from ourvidz.ui.components.job_words import shortened
from ourvidz.ui.components.veil import Veil
from ourvidz.ui.icons import svg
from ourvidz.ui.placeholder import data_url

ICONS = (
    'close', 'left', 'right', 'info', 'compare', 'play', 'pause', 'back', 'forward', 'mute', 'volume', 'loop',
)  # fmt: skip
GIVEN = {
    'start_frame_id': 'First frame', 'end_frame_id': 'Last frame', 'reference_id': 'Reference',
    'style_reference_id': 'Style reference',
}  # fmt: skip

SHOWN = """(e) => {
    // a double click is one wish, and means what was shown then
    if (e.detail < 2) emit(e.currentTarget.closest('.lightbox').dataset.assetId);
}"""


class Lightbox(ui.element, component='lightbox.js'):
    """Opens over the page. `assets` gives what can be leafed through, in the order of the page."""

    def __init__(self, actions: Actions, *, assets: Callable[[], Sequence[Asset]]) -> None:
        super().__init__()
        self.actions = actions
        self._assets = assets
        self._open: dict[str, Asset] = {}
        self._current = ''
        self.props['icons'] = {name: svg(name, size=22) for name in ICONS}
        with self.add_slot('actions'):
            self._build_actions()
        with self.add_slot('details'):
            self._details = AssetDetails()
        with self.add_slot('veil'):
            Veil(self._unblur if actions.may_unblur else None)
        self.on('show', self._on_show)
        self.on('closed', lambda: self._open.clear(), args=[])
        self.on('frame', self._on_frame)
        self.on('go-on', self._on_go_on)

    async def view(self, asset_id: str) -> None:
        """Open at this asset."""
        shown = [asset for asset in self._assets() if asset.status is AssetStatus.COMPLETED]
        self._open = {asset.id: asset for asset in shown}
        if asset_id in self._open:
            self.run_method('open', [_item(asset) for asset in shown], asset_id)

    def follow(self) -> None:
        """Let go of what is not on the page any more; show what is not blurred any more."""
        if not self._open:
            return
        there = {asset.id: asset for asset in self._assets()}
        for asset_id in [asset_id for asset_id in self._open if asset_id not in there]:
            del self._open[asset_id]
            self.run_method('drop', asset_id)
        for asset_id, asset in self._open.items():
            if asset.is_blurred and not there[asset_id].is_blurred:
                self._open[asset_id] = there[asset_id]
                self.run_method('unblur', _item(there[asset_id]))

    def _build_actions(self) -> None:
        actions = self.actions
        with ui.element('div').classes('lightbox-actions').props('role=toolbar aria-label="What to do with it"'):
            self._add('download', 'Download', actions.download, key='d')
            self._add('reference', 'Use as reference', actions.use_as_reference, key='r', closes=True)
            self._add('seed', 'Use this seed', actions.use_seed, key='s')
            self._add('regenerate', 'Regenerate', actions.regenerate, key='g')
            self._add('video', 'Create video', actions.create_video, key='v', closes=True)
            self._add('dismiss', 'Dismiss: stays in the library', actions.dismiss, key='h')
            self._add('delete', 'Delete', actions.delete, key='Delete').classes('danger')

    def _add(self, icon: str, label: str, verb: Verb, *, key: str, closes: bool = False) -> IconButton:
        async def act(event: events.GenericEventArguments) -> None:
            await verb(event.args)
            if closes:
                self.run_method('close')

        button = IconButton(icon, label, testid=f'lightbox-{icon}')
        button.classes('tip-below').props['data-key'] = key
        button.on('click', act, js_handler=SHOWN)
        return button

    def _on_show(self, event: events.GenericEventArguments) -> None:
        self._current = event.args
        if (asset := self._open.get(event.args)) is not None:
            self._details.show(asset)
            self.run_method('tellTimes')

    async def _unblur(self) -> None:
        await self.actions.show_blurred(self._current)

    async def _on_frame(self, event: events.GenericEventArguments) -> None:
        asset_id, seconds = event.args
        await self.actions.use_as_reference(asset_id, frame=float(seconds))

    async def _on_go_on(self, event: events.GenericEventArguments) -> None:
        self.run_method('close')
        await self.actions.continue_from(event.args)


def _item(asset: Asset) -> dict[str, Any]:
    """What the browser needs; of a blurred picture no more than its placeholder, so that nothing else is fetched."""
    smaller: Rendition = 'poster' if asset.kind == 'video' else 'preview'
    return {
        'id': asset.id,
        'kind': asset.kind,
        'url': '' if asset.is_blurred else media_url(asset, 'original'),
        'preview': data_url(asset.placeholder) if asset.is_blurred else media_url(asset, smaller),
        'width': asset.width,
        'height': asset.height,
        'fps': asset.fps,
        'blurred': asset.is_blurred,
        'label': shortened(asset.prompt),
        'given': _given(asset),
    }


def _given(asset: Asset) -> list[dict[str, str]]:
    """The pictures that it was made from."""
    request = asset.parameters.get('request') or {}
    return [
        {'label': label, 'url': f'/media/references/{request[name]}/original'}
        for name, label in GIVEN.items()
        if request.get(name)
    ]
