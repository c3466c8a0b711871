"""The style: free words, with suggestions that the chosen model knows."""

from html import escape
from typing import Any

from nicegui import binding, events, ui

from ourvidz.ui.components.controls import SPARK_STYLES, STYLES
from ourvidz.ui.components.popup import Popup
from ourvidz.ui.icons import svg
from ourvidz.workspace.abilities import chosen_spec
from ourvidz.workspace.workspace import Workspace


class StyleInput(ui.element):
    """A field among the chips and, beside it, the suggestions; disabled with the reason where it has no effect."""

    because = binding.BindableProperty(on_change=lambda sender, _: sender.show())

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.workspace = workspace
        self.classes('chip-field style-field')
        with self:
            self.input = ui.input(placeholder='Style', value=workspace.form.style, on_change=self._on_typed)
            self.input.props('borderless dense aria-label=Style data-testid=style-input')
            self.input.bind_value_from(workspace.form, 'style')
            self.because = ''
            binding.bind_from(self, 'because', workspace.form, 'refusals', lambda _: workspace.form.why_not('style'))
            self.show()
            more = ui.element('button').classes('chip-end')
            more.props('type=button aria-label="Suggested styles" data-testid=style-suggestions')
            more.props['innerHTML'] = svg('down', size=16)
        self.popup = Popup(more, name='Suggested styles', testid='style-popup')
        self.popup.classes('list-popup').props('role=menu auto-close')
        self.popup.on('before-show', self._fill, [])

    def show(self) -> None:
        self.input.set_enabled(not self.because)
        self.props['data-tip'] = self.because or 'The look of the picture, in words'

    def _on_typed(self, event: events.ValueChangeEventArguments[Any]) -> None:
        style = event.value or ''
        if style != self.workspace.form.style:
            self.workspace.set(style=style)

    def _fill(self) -> None:
        chosen = self.workspace.form.style.strip().lower()
        self.popup.clear()
        with self.popup:
            if self.because:
                ui.label(self.because).classes('quiet')
                return
            for style in ('None', *suggestions(self.workspace)):
                value = '' if style == 'None' else style
                item = ui.element('button').props('type=button role=menuitemradio')
                item.props['aria-checked'] = 'true' if value.lower() == chosen else 'false'
                item.on('click', lambda value=value: self.workspace.set(style=value), [])
                item.props['innerHTML'] = escape(style)
        self.popup.settle()


def suggestions(workspace: Workspace) -> tuple[str, ...]:
    """The styles to offer: those of the original product, or those that the small embedded model knows."""
    spec = chosen_spec(workspace.form, workspace.catalog)
    return SPARK_STYLES if spec is not None and spec.family == 'spark' else STYLES
