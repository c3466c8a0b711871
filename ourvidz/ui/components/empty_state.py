"""What a newcomer sees: what to do, and examples that can be clicked."""

from nicegui import ui

from ourvidz.generation.request import Mode
from ourvidz.workspace.workspace import Workspace

FOCUS = "document.querySelector('[data-testid=prompt-input]')?.focus()"


class EmptyState(ui.element):
    """Shown while there is nothing of today."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('section')
        self.workspace = workspace
        self.classes('empty-state').props('data-testid=empty-state')

    def show(self, *, is_shown: bool) -> None:
        """Show or hide it; a library without anything in it is not spoken of."""
        self.set_visibility(is_shown)
        if not is_shown:
            self.clear()
            return
        if not self.default_slot.children:
            self._fill()
        self._earlier.set_visibility(not self.workspace.is_library_empty)

    def _fill(self) -> None:
        with self:
            ui.element('div').classes('empty-picture')
            with ui.element('h2'):
                ui.label('What shall it be?')
            ui.label(
                'Say what you want to see in the field below and press Generate. Pictures and clips appear here '
                'and are kept in the library. Nothing leaves this computer.'
            ).classes('empty-words')
            self._earlier = ui.link('Everything made so far is in the library', '/library').classes('empty-earlier')
            for mode in Mode:
                with ui.element('div').classes('examples').props('role=group aria-label=Examples') as examples:
                    for example in self.workspace.examples(mode):
                        self._add(example)
                examples.bind_visibility_from(self.workspace.form, 'mode', value=mode)

    def _add(self, example: str) -> None:
        def take() -> None:
            self.workspace.set(prompt=example)
            ui.run_javascript(FOCUS)

        with (
            ui.element('button').classes('example').props('type=button data-testid=example').on('click', take, args=[])
        ):
            ui.label(example)
