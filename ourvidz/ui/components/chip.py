"""Chips: controls that show their value at a glance; a cycling one steps through its values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nicegui import binding, ui
from nicegui.events import GenericEventArguments

from ourvidz.ui.icons import svg
from ourvidz.ui.notices import notify
from ourvidz.workspace.workspace import Workspace

STEP_BY_KEY = """(event) => {
  const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 };
  if (!(event.key in steps)) return;
  event.preventDefault();
  emit(steps[event.key]);
}"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a chip shows: `tip` says what its value will do to the picture, `because` why it is disabled, if it is."""

    label: str
    icon: str = ''
    tip: str = ''
    value: str = ''
    is_set: bool = False
    because: str = ''


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a cycling chip."""

    value: Any
    label: str
    tip: str
    icon: str = ''

    @property
    def key(self) -> str:
        return str(self.value)


class Chip(ui.element):
    """One button of a single element that shows its look, anew whenever one of the followed fields changes."""

    look = binding.BindableProperty(on_change=lambda sender, _: sender.show())

    def __init__(self, name: str, *, testid: str) -> None:
        super().__init__('button')
        self.name = name
        self.classes('chip')
        self._props['type'] = 'button'
        self._props['data-testid'] = testid
        self.look = Look('')

    def follow(self, target: object, *fields: str, look: Callable[[], Look]) -> None:
        """Show `look()` now and whenever one of the fields of `target` changes."""
        for field in fields:
            binding.bind_from(self, 'look', target, field, lambda _: look())

    def show(self) -> None:
        look = self.look
        text = f'<span>{escape(look.label)}</span>' if look.label else ''
        self._props['innerHTML'] = (svg(look.icon, size=18) if look.icon else '') + text
        self._props['aria-label'] = f'{self.name}: {look.label or look.value}'
        self._props['aria-description'] = look.because or look.tip
        self._props['aria-disabled'] = 'true' if look.because else 'false'
        self._props['data-tip'] = look.because or look.tip
        self._props['data-value'] = look.value
        self.classes(add='is-set') if look.is_set and not look.because else self.classes(remove='is-set')

    def is_refused(self) -> bool:
        """Whether the control is disabled; says why, for those who can't hover."""
        if self.look.because:
            notify(self.look.because)
        return bool(self.look.because)


class CyclingChip(Chip):
    """A chip that steps forward on click, Enter and Space; back on shift-click, right-click, ArrowDown and Left.

    While its `control` is refused it shows the default, which is what takes its place.
    """

    def __init__(
        self,
        workspace: Workspace,
        field: str,
        options: Sequence[Option],
        *,
        name: str,
        testid: str,
        control: str = '',
        default: Any = None,
    ) -> None:
        super().__init__(name, testid=testid)
        self.workspace = workspace
        self.field = field
        self.options = options
        self.control = control
        self.default = default
        self.follow(workspace.form, field, *(('refusals',) if control else ()), look=self._look)
        self.on('click', self._step, js_handler='(event) => emit(event.shiftKey ? -1 : 1)')
        self.on('contextmenu.prevent', self._step, js_handler='() => emit(-1)')
        self.on('keydown', self._step, js_handler=STEP_BY_KEY)

    def _look(self) -> Look:
        because = self.workspace.form.why_not(self.control) if self.control else ''
        index = self._index_of(self.default) if because else self._index()
        option = self.options[index]
        is_set = self.default is not None and option.value != self.default
        return Look(option.label, option.icon, option.tip, option.key, is_set, because)

    def _index(self) -> int:
        return self._index_of(getattr(self.workspace.form, self.field))

    def _index_of(self, value: Any) -> int:
        return next((index for index, option in enumerate(self.options) if option.value == value), 0)

    def _step(self, event: GenericEventArguments) -> None:
        if self.is_refused():
            return
        option = self.options[(self._index() + (-1 if event.args == -1 else 1)) % len(self.options)]
        self.workspace.set(**{self.field: option.value})
