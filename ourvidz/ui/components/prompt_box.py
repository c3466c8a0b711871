"""The words: prompt, what a small model understood of it, the enhanced prompt, and what to leave out."""

from typing import Any

from nicegui import binding, events, ui

from ourvidz.ui.components.chip import Chip, CyclingChip, Look
from ourvidz.ui.components.controls import ENHANCEMENTS
from ourvidz.ui.components.enhance_button import EnhanceButton
from ourvidz.ui.components.model_menu import ModelChip, ModelMenu
from ourvidz.ui.components.more_popup import MorePopup
from ourvidz.ui.icons import svg
from ourvidz.workspace.workspace import Workspace

PLACEHOLDER = 'Describe what you want to see'


class PromptBox(ui.element):
    """Grows with its words, from two lines to five."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.workspace = workspace
        self.classes('prompt-box')
        with self:
            self._prompt()
            _Enhanced(workspace)
            ui.label().classes('prompt-hint').props('data-testid=prompt-hint').bind_text_from(workspace.form, 'hint')
            with ui.element('div').classes('prompt-foot'):
                _Negative(workspace)
                CyclingChip(
                    workspace,
                    'enhancement',
                    ENHANCEMENTS,
                    name='Prompt enhancement',
                    testid='enhance-select',
                    control='enhancement',
                    default=ENHANCEMENTS[0].value,
                ).classes('quiet-chip')
                EnhanceButton(workspace).classes('quiet-chip')
                model = ModelChip(workspace).classes('quiet-chip')
                more = Chip('More controls', testid='more-button').classes('quiet-chip')
                more.follow(workspace.form, 'loras', 'refusals', look=lambda: self._more())
            ModelMenu(workspace, model)
            MorePopup(workspace, more)

    def _prompt(self) -> None:
        prompt = ui.textarea(placeholder=PLACEHOLDER, value=self.workspace.form.prompt, on_change=self._on_prompt)
        prompt.classes('prompt-words').props('borderless dense autogrow spellcheck=false')
        prompt.props('aria-label=Prompt data-testid=prompt-input enterkeyhint=enter')
        prompt.bind_value_from(self.workspace.form, 'prompt')

    def _more(self) -> Look:
        """How many LoRAs are chosen is seen here, too, and why they have no effect."""
        form = self.workspace.form
        number, because = len(form.loras), form.why_not('loras')
        label = f'{number} LoRA{"" if number == 1 else "s"}' if number else ''
        tip = f'{label} without effect: {because}' if label and because else 'More: LoRAs, what the model will read'
        return Look(label, 'sliders', tip, 'more', is_set=bool(number) and not because)

    def _on_prompt(self, event: events.ValueChangeEventArguments[Any]) -> None:
        if (event.value or '') != self.workspace.form.prompt:
            self.workspace.set(prompt=event.value or '')


class _Negative(ui.element):
    """What to leave out; struck out, with the reason, where the model takes none."""

    because = binding.BindableProperty(on_change=lambda sender, _: sender.show())

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.workspace = workspace
        self.classes('negative-words')
        with self:
            self.input = ui.input(value=workspace.form.negative_prompt, on_change=self._on_typed)
        self.input.props('borderless dense aria-label="Negative prompt" data-testid=negative-input')
        self.input.bind_value_from(workspace.form, 'negative_prompt')
        self.because = ''
        binding.bind_from(
            self, 'because', workspace.form, 'refusals', lambda _: workspace.form.why_not('negative_prompt')
        )
        self.show()

    def show(self) -> None:
        self.input.set_enabled(not self.because)
        self.input.props['placeholder'] = self.because or 'What to leave out'
        self.input.props['aria-description'] = self.because
        self.props['data-tip'] = self.because
        self.classes(**{'add' if self.because else 'remove': 'is-refused'})

    def _on_typed(self, event: events.ValueChangeEventArguments[Any]) -> None:
        if (event.value or '') != self.workspace.form.negative_prompt:
            self.workspace.set(negative_prompt=event.value or '')


class _Enhanced(ui.element):
    """The enhanced prompt, to be read and edited; shown while it belongs to the prompt as it stands."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.workspace = workspace
        form = workspace.form
        self.classes('enhanced')
        with self:
            words = ui.textarea(value=form.enhanced_prompt, on_change=self._on_typed)
            words.props('borderless dense autogrow aria-label="Enhanced prompt" data-testid=enhanced-input')
            words.bind_value_from(form, 'enhanced_prompt')
            drop = (
                ui.element('button').classes('icon-button').props('type=button aria-label="Drop the enhanced prompt"')
            )
            drop.props['data-testid'] = 'enhanced-undo'
            drop.props['innerHTML'] = svg('close', size=16)
            drop.on('click', workspace.enhancing.take_back, [])
        for field in ('prompt', 'enhanced_prompt', 'enhanced_of', 'refusals', 'is_enhancing'):
            binding.bind_from(self, 'visible', form, field, lambda _: self._is_of_use())

    def _is_of_use(self) -> bool:
        form = self.workspace.form
        is_read = form.is_enhancing or not form.why_not('enhanced_prompt')
        return bool(form.enhanced_prompt) and form.enhanced_of == form.prompt and is_read

    def _on_typed(self, event: events.ValueChangeEventArguments[Any]) -> None:
        if (event.value or '') != self.workspace.form.enhanced_prompt:
            self.workspace.set(enhanced_prompt=event.value or '')
