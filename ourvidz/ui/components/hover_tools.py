"""One set of buttons for many places: it sits in the one that is hovered, focused or, by touch, held."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from ourvidz.ui.components.icon_button import IconButton

Verb = Callable[[str], Awaitable[Any]]


class HoverTools(ui.element, component='hover_tools.js'):
    """Moves among the elements that match the selector `target`, to the part of them that matches `place` if given.

    Its buttons act on the id that the element bears in `id_attribute`. By touch a long press brings them, or a tap on
    `place` if `is_tapped`.
    """

    def __init__(self, target: str, *, id_attribute: str, place: str = '', is_tapped: bool = False) -> None:
        super().__init__()
        self._id_attribute = id_attribute
        self.props['target'] = target
        self.props['place'] = place
        self.props['tapped'] = is_tapped

    def add(
        self, icon: str, label: str, verb: Verb, *, testid: str, leaving: str = '', is_danger: bool = False
    ) -> IconButton:
        """Add a button; what matches `leaving` around it vanishes at once, before the server has answered."""
        with self:
            button = IconButton(icon, label, testid=testid, size=18)
        if is_danger:
            button.classes('danger')

        async def act(event: Any) -> None:
            await verb(event.args)

        vanish = f'window.ourvidzVanish?.(place.closest("{leaving}"));' if leaving else ''
        button.on(
            'click',
            act,
            js_handler=f"""(e) => {{
                if (e.detail > 1) return;  // a double click is one wish
                const place = e.currentTarget.closest("[{self._id_attribute}]");
                const id = place.getAttribute("{self._id_attribute}");
                {vanish}
                emit(id);
            }}""",
        )
        return button
