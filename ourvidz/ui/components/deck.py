"""Cards on a page, in jobs or without: what is done with them by click, key and drag."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import events, ui

from ourvidz.ui.components.actions import Actions

KEYS = ('delete', 'dismiss', 'download', 'use_as_reference', 'use_seed', 'regenerate', 'create_video')


class Deck(ui.element, component='deck.js'):
    """`on_view` opens an asset; `on_end` is called as the end of the page comes near."""

    def __init__(
        self, actions: Actions, *, on_view: Callable[[str], Any], on_end: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        super().__init__()
        self.actions = actions
        self.on('view', lambda event: on_view(event.args))
        self.on('act', self._on_act)
        if on_end is not None:
            self.on('end', on_end, args=[])

    async def _on_act(self, event: events.GenericEventArguments) -> None:
        verb, asset_id = event.args
        if verb in KEYS:
            await getattr(self.actions, verb)(asset_id)
