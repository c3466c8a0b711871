"""The keys that work on the page, and the list of them."""

from nicegui import ui

KEYS = {
    'Anywhere': {
        'Ctrl Enter': 'Generate, in the workspace',
        '/': 'Write the prompt; in the library, search',
        'Ctrl Z': 'Undo what was just dismissed or deleted',
        '?': 'This list',
    },
    'On a picture, small or large': {
        '← ↑ → ↓': 'Go to the next one',
        'Enter Space': 'View it large',
        'D': 'Download',
        'R': 'Use as reference',
        'S': 'Use its seed',
        'G': 'Regenerate',
        'V': 'Create video',
        'H': 'Dismiss: it stays in the library',
        'Del Backspace': 'Delete',
    },
    'On a control that steps through its values': {
        'Click': 'Next value',
        'Shift Click': 'Value before; so does the right button',
        '↑ ↓': 'Next value, value before',
    },
    'In the large view': {
        '← →': 'Previous and next',
        'Home End': 'First and last',
        '+ − 0': 'Zoom in, out, and back',
        'I': 'Details',
        'C': 'Side by side with what was given',
        'Space': 'Play or pause a clip',
        ', .': 'One frame back or forward',
        'Esc': 'Close',
    },
}


class Shortcuts(ui.element, component='shortcuts.js'):
    """Listens on the page; `?` opens the list."""

    def __init__(self) -> None:
        super().__init__()
        self._dialog: ui.dialog | None = None
        self.on('help', self.open, args=[])

    def open(self) -> None:
        """Show the list."""
        if self._dialog is None:
            with self.client.layout, ui.dialog().props('aria-label=Shortcuts') as self._dialog:
                self._build()
        self._dialog.open()

    def _build(self) -> None:
        with ui.card().classes('shortcuts').props('data-testid=shortcuts'):
            with ui.element('h2'):
                ui.label('Shortcuts')
            with ui.element('div').classes('shortcut-columns'):
                for place, keys in KEYS.items():
                    with ui.element('div').classes('shortcut-list'):
                        with ui.element('h3'):
                            ui.label(place)
                        for key, meaning in keys.items():
                            with ui.element('div').classes('shortcut'):
                                with ui.element('kbd'):
                                    ui.label(key)
                                ui.label(meaning)
