"""The menu of the header on a phone: the pages, and what else has no room there."""

from collections.abc import Awaitable, Callable, Mapping
from html import escape

from nicegui import ui

from ourvidz.ui.components.icon_button import IconButton
from ourvidz.ui.components.popup import Popup


class HeaderMenu:
    """`links` maps urls to titles; the one at `here` is marked. `on_clear` offers to clear the workspace."""

    def __init__(
        self, links: Mapping[str, str], *, here: str, on_clear: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        button = IconButton('menu', 'Menu', testid='header-menu', tip='').classes('header-menu')
        self.popup = Popup(button, name='Menu', testid='header-menu-popup')
        self.popup.classes('list-popup').props('role=menu auto-close')
        with self.popup:
            for url, title in links.items():
                link = self._item('a', title).props(f'href={url}')
                if url == here:
                    link.props('aria-current=page')
            if on_clear is not None:
                self._item('button', 'Clear today').props('type=button data-testid=menu-clear').on(
                    'click', on_clear, args=[]
                )

    def _item(self, tag: str, title: str) -> ui.element:
        item = ui.element(tag).props('role=menuitem')
        item.props['innerHTML'] = escape(title)
        return item
