"""How long a clip becomes: a chip among the others, and a popup with lengths to choose and exact numbers."""

from typing import Any

from nicegui import events, ui

from ourvidz.generation.planning import snapped_frames
from ourvidz.generation.request import MAX_FPS, MAX_FRAMES, MIN_FPS, Mode
from ourvidz.ui.components.chip import Chip, Look
from ourvidz.ui.components.popup import Popup
from ourvidz.ui.notices import notify
from ourvidz.workspace.abilities import chosen_spec
from ourvidz.workspace.workspace import Workspace

SECONDS = (1, 2, 3, 5, 8)


class LengthChip(Chip):
    """Shows the seconds that the clip will have; only for clips."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('Length', testid='length-button')
        self.workspace = workspace
        self.follow(workspace.form, 'num_frames', 'fps', 'quality', 'mode', 'refusals', look=self._look)
        self.bind_visibility_from(workspace.form, 'mode', lambda mode: mode is Mode.VIDEO)
        LengthPopup(workspace, self)

    def _look(self) -> Look:
        frames, fps = length(self.workspace)
        is_set = self.workspace.form.num_frames is not None or self.workspace.form.fps is not None
        return Look(f'{frames / fps:.1f} s', 'clock', f'{frames} frames at {fps} a second', str(frames), is_set)


class LengthPopup(Popup):
    """Lengths in seconds, and frames and frame rate for those who want them exact."""

    def __init__(self, workspace: Workspace, anchor: Chip) -> None:
        super().__init__(anchor, name='Length', testid='length-popup')
        self.workspace = workspace
        self.classes('length-popup').props('role=dialog')
        with self:
            ui.label('Length').classes('section-title')
            with ui.element('div').classes('length-choices'):
                self._choices = {seconds: self._choice(seconds) for seconds in (None, *SECONDS)}
            with ui.element('div').classes('number-row'):
                self._number('num_frames', 'Frames', 1, MAX_FRAMES)
                self._number('fps', 'Frames a second', MIN_FPS, MAX_FPS)
            self.words = ui.label().classes('quiet')
        self.on('before-show', self._show, [])
        workspace.FORM_CHANGED.subscribe(self._show)

    def _choice(self, seconds: int | None) -> ui.element:
        def take() -> None:
            _, fps = length(self.workspace)
            spec = chosen_spec(self.workspace.form, self.workspace.catalog)
            self.workspace.set(num_frames=None if seconds is None else snapped_frames(seconds * fps, spec))

        button = ui.element('button').classes('chip').props('type=button').on('click', take, [])
        button.props['data-testid'] = f'length-{seconds or "auto"}'
        button.props['innerHTML'] = 'Auto' if seconds is None else f'{seconds} s'
        return button

    def _number(self, field: str, label: str, least: int, most: int) -> None:
        def take(event: events.ValueChangeEventArguments[Any]) -> None:
            value = None if event.value is None else int(event.value)
            is_possible = value is None or least <= value <= most
            if is_possible and value != getattr(self.workspace.form, field):
                self.workspace.set(**{field: value})

        def settle() -> None:
            value = number.value
            if value is not None and not least <= value <= most:
                notify(f'{label}: {value:,.0f} is not possible. It can be {least} to {most}.', seconds=10)
                self.workspace.set(**{field: most if value > most else least})
                number.set_value(getattr(self.workspace.form, field))

        number = ui.number(label, precision=0, on_change=take)
        number.props('outlined dense clearable inputmode=numeric')
        number.props['data-testid'] = f'{field.replace("_", "-")}-input'
        number.bind_value_from(self.workspace.form, field)
        number.on('blur', settle, []).on('keydown.enter', settle, [])

    def _show(self) -> None:
        form = self.workspace.form
        frames, fps = length(self.workspace)
        spec = chosen_spec(form, self.workspace.catalog)
        self.words.set_text(f'{frames} frames at {fps} a second: {frames / fps:.1f} s. What is empty suits the model.')
        for seconds, button in self._choices.items():
            wanted = None if seconds is None else snapped_frames(seconds * fps, spec)
            is_chosen = wanted == (None if form.num_frames is None else snapped_frames(form.num_frames, spec))
            button.props['aria-pressed'] = 'true' if is_chosen else 'false'
            button.classes(add='is-set' if is_chosen else None, remove=None if is_chosen else 'is-set')


def length(workspace: Workspace) -> tuple[int, int]:
    """Frames, and frames a second, of the clip that Generate would make."""
    form, spec = workspace.form, chosen_spec(workspace.form, workspace.catalog)
    defaults = spec.defaults(form.quality.value) if spec is not None and spec.kind == 'video' else None
    frames = form.num_frames or (defaults and defaults.num_frames) or 81
    return snapped_frames(frames, spec), form.fps or (defaults and defaults.fps) or 16
