"""The seed: random while the field is empty, else the number in it."""

from typing import Any

from nicegui import binding, events, ui

from ourvidz.generation.request import random_seed
from ourvidz.ui.components.chip import Chip, Look
from ourvidz.workspace.prompt_form import is_seed
from ourvidz.workspace.workspace import Workspace


class SeedInput(ui.element):
    """A die that holds or frees the seed, and a field with its number; what is none stays there and is marked."""

    text = binding.BindableProperty(on_change=lambda sender, _: sender.show())

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.classes('chip-field seed-field')
        with self:
            self.die = Chip('Seed', testid='seed-die')
            self.die.classes(remove='chip', add='chip-start')
            self.die.follow(workspace.form, 'seed', look=self._look)
            self.die.on('click', self._on_die, [])
            self.input = ui.input(placeholder='random', on_change=self._on_typed)
            self.input.props('borderless dense inputmode=numeric aria-label=Seed data-testid=seed-input')
            self.input.bind_value_from(workspace.form, 'seed_text')
        self.text = workspace.form.seed_text
        binding.bind_from(self, 'text', workspace.form, 'seed_text')

    def show(self) -> None:
        """Mark what is no seed."""
        is_wrong = not is_seed(self.text)
        self.classes(**{'add' if is_wrong else 'remove': 'is-wrong'})
        self.input.props['aria-invalid'] = str(is_wrong).lower()

    def _look(self) -> Look:
        if self.workspace.form.seed is None:
            return Look('', 'seed', 'A new seed each time, so every picture is new. Click to hold one', 'random')
        return Look('', 'seed', 'The same seed gives the same picture again. Click to let it be random', 'fixed', True)

    def _on_die(self) -> None:
        self.workspace.set(seed=random_seed() if self.workspace.form.seed is None else None)

    def _on_typed(self, event: events.ValueChangeEventArguments[Any]) -> None:
        text = (event.value or '').strip()
        if text == self.workspace.form.seed_text:
            return
        if is_seed(text):
            self.workspace.set(seed=int(text) if text else None, seed_text=text)
        else:
            self.workspace.set(seed_text=text)
