"""LoRAs: those that fit the model, each with its weight; those that don't, with why."""

from collections.abc import Sequence
from pathlib import Path

from nicegui import ui

from ourvidz.generation.request import LoraUse
from ourvidz.models.loras import LoraChoice
from ourvidz.ui.notices import notify
from ourvidz.workspace.abilities import chosen_spec
from ourvidz.workspace.workspace import Workspace

MOST = 8


class LoraPicker(ui.element):
    """A row a LoRA; `show` reads them anew."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.workspace = workspace
        self.classes('lora-picker').props('data-testid=lora-picker')

    def show(self) -> None:
        self.clear()
        because = self.workspace.form.why_not('loras')
        spec = chosen_spec(self.workspace.form, self.workspace.catalog)
        choices = self.workspace.catalog.loras_for(spec) if spec is not None and not because else []
        with self:
            if not choices and not self.workspace.form.loras:
                ui.label(because or 'No LoRAs are here. Lay their files into models/loras.').classes('quiet')
            for choice in (*choices, *self._missing(choices)):
                self._row(choice)

    def _missing(self, choices: Sequence[LoraChoice]) -> list[LoraChoice]:
        """Those that are still ticked although their files are gone or the model takes none."""
        known = {choice.id for choice in choices}
        because = self.workspace.form.why_not('loras') or 'Its file is not here any more.'
        lost = [use.id for use in self.workspace.form.loras if use.id not in known]
        return [LoraChoice(id=id_, title=id_, path=Path(), family='', because=because) for id_ in lost]

    def _row(self, choice: LoraChoice) -> None:
        used = next((use for use in self.workspace.form.loras if use.id == choice.id), None)
        with ui.element('div').classes('lora-row'):
            switch = ui.checkbox(choice.title, value=used is not None).props('dense')
            switch.on_value_change(lambda event: self._use(choice, 1.0 if event.value else None))
            switch.set_enabled(used is not None or not choice.because)
            if choice.because:
                ui.label(choice.because).classes('quiet')
            elif used is not None:
                slider = ui.slider(min=-1, max=2, step=0.05, value=used.weight).props('label')
                slider.props['aria-label'] = f'Weight of {choice.title}'
                slider.on('change', lambda event: self._use(choice, float(event.args)))
            if choice.trigger_words and used is not None:
                self._trigger_words(choice.trigger_words[:6])

    def _trigger_words(self, words: tuple[str, ...]) -> None:
        """The words that wake the LoRA; a click writes one into the prompt."""
        with ui.element('div').classes('lora-words'):
            ui.label('Reacts to').classes('quiet')
            for word in words:
                button = ui.element('button').classes('button plain').props('type=button data-testid=lora-word')
                button.props['aria-label'] = f'Add {word} to the prompt'
                button.on('click', lambda word=word: self._say(word), [])
                with button:
                    ui.label(word)

    def _say(self, word: str) -> None:
        prompt = self.workspace.form.prompt.strip()
        if word.lower() not in prompt.lower():
            self.workspace.set(prompt=f'{prompt}, {word}' if prompt else word)

    def _use(self, choice: LoraChoice, weight: float | None) -> None:
        others = tuple(use for use in self.workspace.form.loras if use.id != choice.id)
        own = () if weight is None else (LoraUse(id=choice.id, weight=weight),)
        if len(others) == MOST:
            notify(f'At most {MOST} LoRAs act together.')
        is_new = weight is None or len(others) == len(self.workspace.form.loras)
        self.workspace.set(loras=(*others, *own)[:MOST])
        if is_new:
            self.show()
