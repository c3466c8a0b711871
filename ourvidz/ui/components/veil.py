"""What lies over a blurred picture: why it is blurred, and a button that shows it where the owner allows."""

from collections.abc import Awaitable, Callable

from nicegui import ui

STOPPED = '(e) => { e.stopPropagation(); emit(); }'


class Veil(ui.element):
    """`on_show` unblurs; None where that is not allowed."""

    def __init__(self, on_show: Callable[[], Awaitable[None]] | None) -> None:
        super().__init__('div')
        self.classes('veil')
        with self:
            ui.label('Blurred: it may show nudity.')
            if on_show is None:
                ui.label('The owner has not allowed such content here.').classes('veil-why')
                return
            button = ui.element('button').classes('button').props('type=button data-testid=unblur')
            button.on('click', on_show, args=[], js_handler=STOPPED)
            with button:
                ui.label('Show')
