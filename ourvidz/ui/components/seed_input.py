"""The seed: random while the field is empty, else the number in it."""

from typing import Any

from nicegui import binding, events, ui

from ourvidz.generation.request import MAX_SEED, random_seed
from ourvidz.ui.components.chip import Chip, Look
from ourvidz.ui.notices import notify
from ourvidz.workspace.workspace import Workspace


class SeedInput:
    """A die that holds or frees the seed, and a field with its number."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        with ui.element('div').classes('chip-field seed-field'):
            self.die = Chip('Seed', testid='seed-die')
            self.die.classes(remove='chip', add='chip-start')
            self.die.follow(workspace.form, 'seed', look=self._look)
            self.die.on('click', self._on_die, [])
            self.input = ui.input(placeholder='random', on_change=self._on_typed)
            self.input.props('borderless dense inputmode=numeric aria-label=Seed data-testid=seed-input')
            binding.bind_from(self.input, 'value', workspace.form, 'seed', in_field)

    def _look(self) -> Look:
        if self.workspace.form.seed is None:
            return Look('', 'seed', 'A new seed each time, so every picture is new. Click to hold one', 'random')
        return Look('', 'seed', 'The same seed gives the same picture again. Click to let it be random', 'fixed', True)

    def _on_die(self) -> None:
        self.workspace.set(seed=random_seed() if self.workspace.form.seed is None else None)

    def _on_typed(self, event: events.ValueChangeEventArguments[Any]) -> None:
        text = (event.value or '').strip()
        is_seed = not text or (text.isascii() and text.isdecimal() and len(text) <= 40 and int(text) <= MAX_SEED)
        if not is_seed:
            notify(f'A seed is a whole number from 0 to {MAX_SEED}.')
            self.input.set_value(in_field(self.workspace.form.seed))
            self.input.update()
            self.input.run_method('updateValue')
        elif (seed := int(text) if text else None) != self.workspace.form.seed:
            self.workspace.set(seed=seed)


def in_field(seed: int | None) -> str:
    return '' if seed is None else str(seed)
