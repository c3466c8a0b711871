"""The prompt panel: floats at the bottom of the page and holds every control of the form."""

from nicegui import ui

from ourvidz.generation.request import AspectRatio, Content, Mode, Quality, ShotType
from ourvidz.ui.components import controls
from ourvidz.ui.components.angle_popup import AngleChip
from ourvidz.ui.components.chip import CyclingChip, Option
from ourvidz.ui.components.generate_button import GenerateButton
from ourvidz.ui.components.length_chip import LengthChip
from ourvidz.ui.components.mode_toggle import ModeToggle
from ourvidz.ui.components.prompt_box import PromptBox
from ourvidz.ui.components.reference_box import END, REFERENCE, START, STYLE, ReferenceBox
from ourvidz.ui.components.reference_tuning import ReferenceTuning
from ourvidz.ui.components.seed_input import SeedInput
from ourvidz.ui.components.style_input import StyleInput
from ourvidz.workspace.workspace import Workspace


class PromptPanel(ui.element, component='prompt_panel.js'):
    """Two rows: mode, reference, prompt, Generate; and the chips.

    It lies over the page and keeps its height in the CSS variable `--panel-height`, for the padding of what scrolls.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        with self:
            ModeToggle(workspace)
            with ui.element('div').classes('panel-main'):
                with ui.element('div').classes('panel-row'):
                    ReferenceBox(workspace, {Mode.IMAGE: REFERENCE, Mode.VIDEO: START}, testid='reference-box')
                    ReferenceBox(workspace, {Mode.VIDEO: END}, testid='end-frame-box')
                    ReferenceTuning(workspace)
                    PromptBox(workspace)
                    generate = GenerateButton(workspace)
                with ui.element('div').classes('chips').props('role=group aria-label=Controls'):
                    self._chips()
        self.on('generate', generate.generate, [])

    def _chips(self) -> None:
        workspace = self.workspace
        self._cycling('content', controls.CONTENT, 'Content', 'content-toggle', Content.SFW, control='content')
        self._cycling('aspect_ratio', controls.ASPECT_RATIOS, 'Aspect ratio', 'aspect-toggle', AspectRatio.WIDE)
        LengthChip(workspace)
        self._cycling('shot_type', controls.SHOT_TYPES, 'Shot type', 'shot-toggle', ShotType.WIDE, control='shot_type')
        AngleChip(workspace)
        StyleInput(workspace)
        ReferenceBox(workspace, {Mode.IMAGE: STYLE}, testid='style-ref', is_chip=True)
        self._cycling('quality', controls.QUALITIES, 'Quality', 'quality-toggle', Quality.FAST)
        variations = self._cycling('variations', controls.VARIATIONS, 'Variations', 'variations-toggle', 3)
        variations.bind_visibility_from(workspace.form, 'mode', lambda mode: mode is Mode.IMAGE)
        SeedInput(workspace)

    def _cycling(
        self,
        field: str,
        options: tuple[Option, ...],
        name: str,
        testid: str,
        default: object,
        control: str = '',
    ) -> CyclingChip:
        return CyclingChip(self.workspace, field, options, name=name, testid=testid, default=default, control=control)
