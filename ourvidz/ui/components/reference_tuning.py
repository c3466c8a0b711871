"""Beside a reference that is set: MODIFY or COPY, and how much may change."""

from nicegui import binding, ui

from ourvidz.generation.request import Mode, ReferenceMode
from ourvidz.ui.components.chip import CyclingChip
from ourvidz.ui.components.controls import REFERENCE_MODES
from ourvidz.workspace.workspace import Workspace


class ReferenceTuning(ui.element):
    """Shown only while a reference is set and acts."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.classes('reference-tuning')
        self.workspace = workspace
        form = workspace.form
        with self:
            CyclingChip(workspace, 'reference_mode', REFERENCE_MODES, name='Reference mode', testid='reference-mode')
            with ui.element('label').classes('slider-row') as row:
                ui.label().bind_text_from(form, 'strength', lambda strength: f'Change {strength:.0%}')
                slider = ui.slider(min=0.05, max=1, step=0.05, value=form.strength)
                slider.props('aria-label="How much may change" data-testid=reference-strength')
            slider.bind_value(form, 'strength')
            slider.on('change', lambda: workspace.touched(), [])
            row.bind_visibility_from(form, 'reference_mode', lambda mode: mode is ReferenceMode.MODIFY)
        for field in ('mode', 'reference', 'refusals'):
            binding.bind_from(self, 'visible', form, field, lambda _: self._is_of_use())

    def _is_of_use(self) -> bool:
        form = self.workspace.form
        return form.mode is Mode.IMAGE and form.reference is not None and not form.why_not('reference')
