"""The library: everything ever made, newest first, found by its prompt."""

from nicegui import events, ui

from ourvidz.library.tables import Asset
from ourvidz.ui.components.actions import Actions
from ourvidz.ui.components.asset_card import AssetCard
from ourvidz.ui.components.card_toolbar import CardToolbar
from ourvidz.ui.components.deck import Deck
from ourvidz.ui.components.job_words import shortened
from ourvidz.ui.components.lightbox import Lightbox
from ourvidz.ui.notices import errors_told
from ourvidz.ui.shell import Shell
from ourvidz.workspace.workspace import Workspace

AT_ONCE = 60


class LibraryPage:
    """One open page of the library; further assets are fetched as the person scrolls."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._actions = Actions(workspace)
        self._cards: dict[str, tuple[Asset, AssetCard]] = {}
        self._deleted: set[str] = set()
        self._cursor: str | None = None
        self._query = ''
        self._turn = 0
        Shell(workspace, here='library')
        ui.context.client.content.classes('is-plain')
        with ui.element('div').classes('library'):
            self._build_search()
            self._lightbox = Lightbox(self._actions, assets=lambda: [asset for asset, _ in self._cards.values()])
            self._wall = Deck(self._actions, on_view=self._lightbox.view, on_end=self._more).classes('wall')
            self._empty = ui.label('Nothing here.').classes('library-empty').props('data-testid=library-empty')
            with ui.element('div'):
                tools = CardToolbar(self._actions, on_view=self._lightbox.view)
                restore = tools.add(
                    'restore', 'Bring back to the workspace', self._actions.restore, testid='card-restore'
                )
                restore.classes('only-dismissed').move(target_index=0)
        workspace.library.ASSETS_CHANGED.subscribe(self._on_changed)
        workspace.library.ASSETS_READY.subscribe(self._on_ready)

    async def fill(self) -> None:
        """Show the newest, or what was searched for."""
        self._turn += 1
        self._wall.clear()
        self._cards.clear()
        self._deleted.clear()
        self._cursor = None
        await self._read()

    def _build_search(self) -> None:
        with ui.element('div').classes('library-head'):
            with ui.element('h1'):
                ui.label('Library')
            search = ui.element('input').classes('search-input').props('type=search data-testid=library-search')
            search.props['aria-label'] = search.props['placeholder'] = 'Search the prompts'
            search.on('input', self._on_search, js_handler='(e) => emit(e.target.value)', throttle=0.25)

    async def _on_search(self, event: events.GenericEventArguments) -> None:
        self._query = event.args
        await self.fill()

    async def _more(self) -> None:
        if self._cursor is not None:
            await self._read()

    async def _read(self) -> None:
        turn, cursor = self._turn, self._cursor
        self._cursor = None
        with errors_told():
            page = await self.workspace.library.page(before=cursor, limit=AT_ONCE, query=self._query)
            if turn != self._turn:
                return
            for asset in page.items:
                if asset.id not in self._cards:
                    self._add(asset)
            self._cursor = page.next_cursor
            self._empty.set_visibility(not self._cards)

    def _add(self, asset: Asset) -> None:
        """Add a card at its place, newest first."""
        newer = [
            other for other, _ in self._cards.values() if (other.created_at, other.id) > (asset.created_at, asset.id)
        ]
        on_show = self._actions.show_blurred if self._actions.may_unblur else None
        with self._wall:
            card = AssetCard(name=shortened(asset.prompt), on_show=on_show)
        card.show_asset(asset)
        before = list(self._cards.items())
        if len(newer) < len(before):
            card.move(target_index=len(newer))
        self._cards = dict([*before[: len(newer)], (asset.id, (asset, card)), *before[len(newer) :]])

    def _on_changed(self, assets: list[Asset]) -> None:
        for asset in assets:
            if asset.id in self._cards and asset.deleted_at is not None:
                self._cards.pop(asset.id)[1].delete()
                self._deleted.add(asset.id)
            elif asset.id in self._cards:
                card = self._cards[asset.id][1]
                card.show_asset(asset)
                self._cards[asset.id] = (asset, card)
            elif asset.deleted_at is None and (asset.id in self._deleted or self._belongs_here(asset)):
                self._deleted.discard(asset.id)
                self._add(asset)
        self._empty.set_visibility(not self._cards)
        self._lightbox.follow()

    def _belongs_here(self, asset: Asset) -> bool:
        """Whether it is one of those that are read already, and was deleted when they were."""
        is_read = self._cursor is None or any(other.created_at < asset.created_at for other, _ in self._cards.values())
        return not self._query and is_read

    def _on_ready(self, assets: list[Asset]) -> None:
        if self._query:
            return
        for asset in assets:
            if asset.id not in self._cards:
                self._add(asset)
        self._empty.set_visibility(not self._cards)
