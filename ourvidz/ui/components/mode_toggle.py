"""IMAGE or VIDEO."""

from nicegui import binding, ui
from nicegui.events import GenericEventArguments

from ourvidz.generation.request import Mode
from ourvidz.ui.notices import notify
from ourvidz.workspace.workspace import Workspace

CHOSEN = """(event) => emit(event.target.closest('[data-mode]')?.dataset.mode ?? '')"""


class ModeToggle(ui.element):
    """Two buttons; a click between them changes over."""

    value = binding.BindableProperty(on_change=lambda sender, _: sender.show())
    because = binding.BindableProperty(on_change=lambda sender, _: sender.show())

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.workspace = workspace
        self.value = workspace.form.mode
        self.because = workspace.form.why_not('video')
        self.classes('mode-toggle').props('role=group aria-label="Image or video" data-testid=mode-toggle')
        with self:
            self.buttons = {mode: self._button(mode) for mode in Mode}
        binding.bind_from(self, 'value', workspace.form, 'mode')
        binding.bind_from(self, 'because', workspace.form, 'refusals', lambda _: workspace.form.why_not('video'))
        self.on('click', self._on_click, js_handler=CHOSEN)
        self.show()

    def _button(self, mode: Mode) -> ui.element:
        button = ui.element('button').props('type=button').classes('mode')
        button.props['data-mode'] = mode.value
        button.props['data-testid'] = f'mode-{mode.value}'
        button.props['innerHTML'] = mode.value.upper()
        return button

    def show(self) -> None:
        self._props['data-value'] = self.value.value
        for mode, button in self.buttons.items():
            because = self.because if mode is Mode.VIDEO else ''
            button.props['aria-pressed'] = 'true' if mode is self.value else 'false'
            button.props['aria-disabled'] = 'true' if because else 'false'
            button.props['data-tip'] = because or ('Make pictures' if mode is Mode.IMAGE else 'Make clips')

    def _on_click(self, event: GenericEventArguments) -> None:
        other = Mode.VIDEO if self.value is Mode.IMAGE else Mode.IMAGE
        mode = Mode(event.args) if event.args else other
        if mode is Mode.VIDEO and self.because:
            notify(self.because)
        elif mode is not self.value:
            self.workspace.set(mode=mode)
