"""One place of a job as a card: waiting, forming, made or failed."""

from typing import Any

from nicegui import ui

from ourvidz.library.tables import Asset, AssetStatus
from ourvidz.library.urls import media_url
from ourvidz.ui.components.veil import Veil
from ourvidz.ui.placeholder import blurred


class AssetCard(ui.element):
    """A card is two elements, itself and its picture; what else it shows are attributes that the styles draw.

    Tools, keys and drags find out by `data-asset-id` what they act on. `on_show` unblurs; None where not allowed.
    """

    def __init__(self, *, name: str, on_show: Any = None) -> None:
        super().__init__('div')
        self._name = name
        self._on_show = on_show
        self._shown: Any = None
        self._frame: ui.element | None = None
        self._veil: ui.element | None = None
        self.classes('card').props('role=group tabindex=0 data-testid=asset-card')

    def show_waiting(self, preview_url: str | None) -> None:
        """Still to be made; `preview_url` is how far it has come."""
        if self._frame is None:
            self._put(data_status='generating', aria_label=f'{self._name}, not made yet')
            with self, ui.element('div').classes('card-preview') as self._frame:
                self._picture = ui.element('img').props('alt="" draggable=false')
        if preview_url and self._picture.props.get('src') != preview_url:
            self._picture.props['src'] = preview_url
            self._frame.props['data-testid'] = 'job-preview'
            self.classes('has-preview')

    def show_step(self, words: str) -> None:
        """Write how far it is on the card, such as '7 / 12'; '' for nothing."""
        if self.props.get('data-step', '') != words:
            self._put(data_step=words)

    def show_asset(self, asset: Asset) -> None:
        """Made: the picture takes the place of its preview without a gap."""
        shown = (asset.id, asset.status, asset.is_blurred, asset.dismissed_at is None)
        if shown == self._shown:
            return
        self._shown = shown
        if self._frame is not None:
            self._frame.props.pop('data-testid', None)
        elif self._is_empty():
            with self:
                self._picture = ui.element('img').props('alt="" draggable=false loading=lazy decoding=async')
        self._describe(asset)
        if url := picture_url(asset):
            self._picture.props['src'] = url
        elif asset.is_blurred:
            self._picture.props.pop('src', None)
        self._show_veil(asset)

    def _describe(self, asset: Asset) -> None:
        self.classes(remove='has-preview')
        self.style.update(
            {'--ratio': f'{asset.width / asset.height:.4f}', 'background-image': blurred(asset.placeholder)}
        )
        is_failed = asset.status is AssetStatus.FAILED
        self._put(
            data_asset_id=asset.id,
            data_status=asset.status.value,
            data_kind=asset.kind,
            data_step='',
            draggable='true',
            aria_label=f'{self._name}, failed: {asset.error}' if is_failed else self._name,
        )
        if asset.kind == 'video' and not is_failed:
            self._put(data_duration=clock(asset.duration or 0), data_video=media_url(asset, 'original'))
        if asset.dismissed_at is not None:
            self._put(data_dismissed='dismissed')
        else:
            self.props.pop('data-dismissed', None)
        if is_failed:
            self._put(data_error=asset.error or 'It failed.')

    def _show_veil(self, asset: Asset) -> None:
        self.classes(add='is-blurred' if asset.is_blurred else None, remove=None if asset.is_blurred else 'is-blurred')
        if self._veil is not None:
            self._veil.delete()
            self._veil = None
        if asset.is_blurred:
            on_show = self._on_show
            with self:
                self._veil = Veil(None if on_show is None else lambda: on_show(asset.id))

    def _is_empty(self) -> bool:
        return not self.default_slot.children

    def _put(self, **attributes: str) -> None:
        for name, value in attributes.items():
            self.props[name.replace('_', '-')] = value


def picture_url(asset: Asset) -> str:
    """What a card shows of an asset; '' for what failed or may not be seen."""
    if asset.is_blurred or asset.status is not AssetStatus.COMPLETED:
        return ''
    return media_url(asset, 'poster' if asset.kind == 'video' else 'preview')


def clock(seconds: float) -> str:
    """A duration as 0:05."""
    whole = max(1, round(seconds))
    return f'{whole // 60}:{whole % 60:02}'
