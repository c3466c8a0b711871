"""The camera angle: a chip, and a popup of two rows of three drawings."""

from html import escape

from nicegui import binding, ui

from ourvidz.generation.request import CameraAngle
from ourvidz.ui.components.chip import Chip, Look, Option
from ourvidz.ui.components.controls import CAMERA_ANGLES
from ourvidz.ui.components.popup import Popup
from ourvidz.ui.icons import svg
from ourvidz.workspace.workspace import Workspace

SHORT = {CameraAngle.OVER_SHOULDER: 'Shoulder'}


class AngleChip(Chip):
    """Shows the camera angle and opens the popup to choose another."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('Camera angle', testid='angle-button')
        self.workspace = workspace
        self.follow(workspace.form, 'camera_angle', 'refusals', look=self._look)
        self.popup = AnglePopup(workspace, self)
        self.on('click', self._open, [])

    def _open(self) -> None:
        if not self.is_refused():
            self.popup.toggle()

    def _look(self) -> Look:
        because = self.workspace.form.why_not('camera_angle')
        angle = CameraAngle.NONE if because else self.workspace.form.camera_angle
        option = next(option for option in CAMERA_ANGLES if option.value is angle)
        is_set = angle is not CameraAngle.NONE
        label = SHORT.get(angle, option.label) if is_set else 'Angle'
        return Look(label, option.icon, option.tip, option.key, is_set, because)


class AnglePopup(Popup):
    """Six drawn angles; a choice closes it, arrow keys move about."""

    def __init__(self, workspace: Workspace, anchor: AngleChip) -> None:
        super().__init__(anchor, name='Camera angle', testid='angle-popup', is_opened_by_server=True)
        self.workspace = workspace
        self.classes('angle-popup')
        self.props('role=menu auto-close data-columns=3')
        with self:
            for option in CAMERA_ANGLES:
                _Angle(workspace, option)


class _Angle(ui.element):
    def __init__(self, workspace: Workspace, option: Option) -> None:
        super().__init__('button')
        self.props(f'type=button role=menuitemradio data-testid=angle-{option.key}')
        self._props['innerHTML'] = f'{svg(option.icon, size=34)}<span>{escape(option.label)}</span>'
        self._props['title'] = option.tip
        self._props['aria-checked'] = 'false'
        self.workspace = workspace
        self.option = option
        self.on('click', self._choose, [])
        binding.bind_from(self, 'is_chosen', workspace.form, 'camera_angle', lambda angle: angle is option.value)

    @property
    def is_chosen(self) -> bool:
        return self._props.get('aria-checked') == 'true'

    @is_chosen.setter
    def is_chosen(self, value: bool) -> None:
        self._props['aria-checked'] = 'true' if value else 'false'

    def _choose(self) -> None:
        self.workspace.set(camera_angle=self.option.value)
