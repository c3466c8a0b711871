"""The model: a quiet chip with its name, and a menu of the models of the mode with what fits and why."""

from html import escape

from nicegui import ui

from ourvidz.generation.request import Mode
from ourvidz.models.spec import Kind, ModelSpec
from ourvidz.ui.components.chip import Chip, Look
from ourvidz.ui.components.popup import Popup
from ourvidz.workspace.abilities import chosen_spec
from ourvidz.workspace.workspace import Workspace


class ModelChip(Chip):
    """Shows which model Generate will use."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('Model', testid='model-select')
        self.workspace = workspace
        self.follow(workspace.form, 'mode', 'image_model', 'video_model', 'refusals', look=self._look)
        self.show()

    def _look(self) -> Look:
        form = self.workspace.form
        spec = chosen_spec(form, self.workspace.catalog)
        if spec is None:
            return Look('No model', 'model', form.why_not('generate'), '')
        if not form.model:
            return Look(spec.title, 'model', 'The best installed model that fits this machine', spec.id)
        if form.model != spec.id:
            return Look(form.model, 'model', form.why_not('generate'), form.model)
        return Look(spec.title, 'model', 'The model you chose', spec.id)


class ModelMenu(Popup):
    """Read anew each time it opens."""

    def __init__(self, workspace: Workspace, anchor: Chip) -> None:
        super().__init__(anchor, name='Model', testid='model-popup')
        self.workspace = workspace
        self.classes('list-popup model-popup').props('role=menu auto-close')
        self.on('before-show', self._fill, [])

    def _fill(self) -> None:
        catalog, form = self.workspace.catalog, self.workspace.form
        kind: Kind = 'image' if form.mode is Mode.IMAGE else 'video'
        specs = [spec for spec in catalog.specs() if spec.kind == kind]
        best = catalog.default(kind)
        self.clear()
        with self:
            automatic = best.title if best else 'none is installed'
            self._item('', 'Automatic', f'The best that fits this machine: {automatic}', is_chosen=not form.model)
            for spec in specs:
                if spec.is_installed:
                    self._item(spec.id, spec.title, catalog.fit(spec).because, is_chosen=form.model == spec.id)
            for spec in specs:
                if not spec.is_installed:
                    self._offer(spec)
            link = ui.element('a').props('href=/models role=menuitem').classes('menu-link')
            link.props['innerHTML'] = 'All models'
        self.settle()

    def _item(self, model_id: str, title: str, words: str, *, is_chosen: bool) -> None:
        item = ui.element('button').props('type=button role=menuitemradio')
        item.props['aria-checked'] = 'true' if is_chosen else 'false'
        item.props['data-model-id'] = model_id
        item.props['innerHTML'] = _two_lines(title, words)
        item.on('click', lambda: self._choose(model_id), [])

    def _offer(self, spec: ModelSpec) -> None:
        fit = self.workspace.catalog.fit(spec)
        item = ui.element('a').props('role=menuitem href=/models').classes('is-missing')
        item.props['innerHTML'] = _two_lines(spec.title, f'Not installed. {fit.because}')

    def _choose(self, model_id: str) -> None:
        field = 'image_model' if self.workspace.form.mode is Mode.IMAGE else 'video_model'
        self.workspace.set(**{field: model_id})


def _two_lines(title: str, words: str) -> str:
    return f'<span>{escape(title)}</span><small>{escape(words)}</small>'
