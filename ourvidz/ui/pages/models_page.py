"""The models: what is installed, what fits this machine and why, and how to get and remove it."""

from nicegui import ui

from ourvidz.models.catalog import Catalog
from ourvidz.models.downloads import Downloads
from ourvidz.models.fitting import free_disk, gigabytes
from ourvidz.models.local_files import RefusedFile
from ourvidz.models.loras import FAMILY_TITLES
from ourvidz.models.spec import Kind, ModelSpec
from ourvidz.settings import Settings
from ourvidz.ui.components.model_row import ModelRow
from ourvidz.ui.shell import Shell
from ourvidz.workspace.workspace import Workspace

KINDS: dict[Kind, str] = {'image': 'Pictures', 'video': 'Clips', 'text': 'Prompts', 'add-on': 'Additions'}


class ModelsPage:
    """One open page of models; rows come and go as the catalog changes."""

    def __init__(self, workspace: Workspace, *, catalog: Catalog, downloads: Downloads, settings: Settings) -> None:
        self.catalog = catalog
        self.downloads = downloads
        self.settings = settings
        self._rows: dict[str, ModelRow] = {}
        Shell(workspace, here='models')
        with ui.element('div').classes('models'):
            with ui.element('h1'):
                ui.label('Models')
            self._summary = ui.label().classes('models-summary').props('data-testid=models-summary')
            self._sections = {kind: _section(title) for kind, title in KINDS.items()}
            self._loras = ui.element('section').classes('models-section')
            self._refused = ui.element('section').classes('models-section')
            _where_from(settings)
        catalog.CHANGED.subscribe(self._show)
        self._show()

    def _show(self) -> None:
        specs = (*self.catalog.specs(), *self.catalog.add_ons())
        for gone in set(self._rows) - {spec.id for spec in specs}:
            self._rows.pop(gone).delete()
        for spec in specs:
            if spec.id not in self._rows:
                with self._sections[spec.kind]:
                    self._rows[spec.id] = ModelRow(spec, downloads=self.downloads)
            self._rows[spec.id].show(spec, fit=self.catalog.fit(spec), is_default=self._is_default(spec))
        self._show_summary(specs)
        self._show_loras()
        self._show_refused()

    def _is_default(self, spec: ModelSpec) -> bool:
        return self.catalog.default(spec.kind) == spec

    def _show_summary(self, specs: tuple[ModelSpec, ...]) -> None:
        installed = sum(spec.is_installed for spec in specs)
        device = self.catalog.device
        where = 'The device is being looked at.' if device is None else f'They run on {device.device_name}.'
        used, free = self.downloads.space_used(), free_disk(self.settings.models_path)
        space = f'Downloaded models take {gigabytes(used)}; ' if used else ''
        self._summary.text = f'{installed} installed. {where} {space}{gigabytes(free)} are free on the disk.'

    def _show_loras(self) -> None:
        self._loras.clear()
        families: dict[str, list[str]] = {}
        for lora in self.catalog.loras:
            family = FAMILY_TITLES.get(lora.family, lora.family or 'an unknown family')
            families.setdefault(family, []).append(lora.path.stem)
        if not families:
            return
        with self._loras:
            with ui.element('h2'):
                ui.label('LoRAs')
            for family, names in sorted(families.items()):
                ui.label(f'For {family}: {", ".join(sorted(names))}').classes('model-problem').props(
                    'data-testid=model-loras'
                )

    def _show_refused(self) -> None:
        self._refused.clear()
        problems = [_refusal(file) for file in self.catalog.refused]
        problems += self.catalog.problems
        if not problems:
            return
        with self._refused:
            with ui.element('h2'):
                ui.label('Not used')
            for problem in problems[:50]:
                ui.label(problem).classes('model-problem').props('data-testid=model-refused')


def _refusal(file: RefusedFile) -> str:
    name = file.path.name
    words = file.because if name in file.because else f'{name}: {file.because}'
    return f'{words} It lies in {file.path.parent}.' if file.path.exists() else f'{words} ({file.path})'


def _section(title: str) -> ui.element:
    with ui.element('section').classes('models-section') as section, ui.element('h2'):
        ui.label(title)
    return section


def _where_from(settings: Settings) -> None:
    """How to bring own models, and the settings that say where downloads come from."""
    folders = ', '.join(str(folder) for folder in settings.more_model_dirs) or 'none'
    hub = 'Offline: nothing is downloaded.' if settings.is_offline else f'Downloads come from {settings.hub_endpoint}.'
    token = 'A token for gated models is set.' if settings.hub_token else 'No token for gated models is set.'
    lines = (
        f'A diffusers folder or a .safetensors file laid into {settings.models_path.absolute()} is a model; '
        'LoRAs go into its folder loras.',
        f'Model folders of other tools (OURVIDZ_MORE_MODEL_DIRS): {folders}.',
        f'{hub} OURVIDZ_HUB_ENDPOINT sets a mirror, OURVIDZ_IS_OFFLINE switches downloads off.',
        f'{token} OURVIDZ_HUB_TOKEN sets one; it is never shown or logged.',
    )
    with ui.element('section').classes('models-section models-own'):
        with ui.element('h2'):
            ui.label('Your own')
        for line in lines:
            ui.label(line)
