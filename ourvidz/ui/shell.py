"""What every page has around it: the header, notices, shortcuts and a place for what is dropped."""

from collections.abc import Awaitable, Callable
from typing import Literal

from nicegui import ui

from ourvidz.ui.components.drop_zone import DropZone
from ourvidz.ui.components.engine_pill import EnginePill
from ourvidz.ui.components.header_menu import HeaderMenu
from ourvidz.ui.components.icon_button import IconButton
from ourvidz.ui.components.island import Island
from ourvidz.ui.components.shortcuts import Shortcuts
from ourvidz.ui.notices import Notices, notify
from ourvidz.ui.theme import use_theme
from ourvidz.workspace.workspace import Workspace

Here = Literal['workspace', 'library', 'models']
LINKS: dict[Here, tuple[str, str]] = {
    'workspace': ('/', 'Workspace'),
    'library': ('/library', 'Library'),
    'models': ('/models', 'Models'),
}


class Shell:
    """Header, notices and shortcuts; build it first. `on_clear` offers to clear the workspace."""

    def __init__(
        self, workspace: Workspace, *, here: Here, on_clear: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        use_theme('OurVidz' if here == 'workspace' else f'{LINKS[here][1]} · OurVidz')
        with ui.element('header').classes('header'):
            with ui.element('a').classes('brand').props('href=/ aria-label=OurVidz'):
                ui.html('Our<b>Vidz</b>', sanitize=False)
            with ui.element('nav').classes('nav').props('aria-label=Pages'):
                for name, (url, title) in LINKS.items():
                    link = ui.link(title, url).classes('nav-link')
                    if name == here:
                        link.props('aria-current=page')
            ui.element('div').classes('header-space')
            with Island():
                EnginePill(workspace)
            if on_clear is not None:
                clear = ui.element('button').classes('button plain').props('type=button data-testid=clear-workspace')
                clear.props['data-tip'] = 'Dismiss all of today; it stays in the library'
                clear.on('click', on_clear, args=[])
                with clear:
                    ui.label('Clear')
            shortcuts = Shortcuts()
            IconButton('help', 'Shortcuts', testid='help').on('click', shortcuts.open, args=[])
            HeaderMenu(dict(LINKS.values()), here=LINKS[here][0], on_clear=on_clear)
        with Island():
            Notices()
        workspace.ASSETS_READY.subscribe(
            lambda words: notify(words)
        )  # its own: an equal one would go with a closed page
        DropZone(workspace, is_here=here == 'workspace')
