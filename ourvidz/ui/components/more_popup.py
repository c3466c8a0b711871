"""Behind the sliders chip: LoRAs, and what the model will read."""

from nicegui import ui

from ourvidz.ui.components.chip import Chip
from ourvidz.ui.components.final_prompt_view import FinalPromptView
from ourvidz.ui.components.lora_picker import LoraPicker
from ourvidz.ui.components.popup import Popup
from ourvidz.workspace.workspace import Workspace


class MorePopup(Popup):
    """Read anew each time it opens, and while it is open whenever the form changes."""

    def __init__(self, workspace: Workspace, anchor: Chip) -> None:
        super().__init__(anchor, name='More controls', testid='more-popup')
        self.workspace = workspace
        self.classes('more-popup').props('role=dialog')
        with self:
            with ui.element('div').classes('more-section'):
                ui.label('LoRAs').classes('section-title')
                self.loras = LoraPicker(workspace)
            with ui.element('div').classes('more-section'):
                ui.label('What the model will read').classes('section-title')
                self.final_prompt = FinalPromptView(workspace)
        self.on('before-show', self._fill, [])
        workspace.FORM_CHANGED.subscribe(self._on_form_changed)

    def _fill(self) -> None:
        self.loras.show()
        self._on_form_changed(is_shown=True)
        self.settle()

    def _on_form_changed(self, *, is_shown: bool = False) -> None:
        if is_shown or self.value:
            self.final_prompt.show()
