"""All models that this machine has or could have: one list, kept in step with the folders."""

import asyncio
import logging
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from nicegui import Event
from watchfiles import Change, awatch

from ourvidz.engine.messages import EngineReady
from ourvidz.errors import NotFound
from ourvidz.models.entries import OWN_CATALOG, Entries
from ourvidz.models.fitting import Fit, fit
from ourvidz.models.local_files import Findings, FoundLora, FoundModel, RefusedFile, files_of, find
from ourvidz.models.loras import LoraChoice, loras_for
from ourvidz.models.spec import Ability, Kind, ModelSpec
from ourvidz.settings import ASSETS_DIR, Settings

log = logging.getLogger(__name__)

EMBEDDED_DIR = ASSETS_DIR / 'models'
RETRY_SECONDS = 5.0
STYLE_ADAPTER = 'ip-adapter'
WITHOUT_ADAPTER = 'The style reference for SDXL is not installed; get it on the Models page.'


class Catalog:
    """The models; `open` before use. Only the event loop changes it."""

    def __init__(self, settings: Settings) -> None:
        self.CHANGED = Event[[]]()
        """Models came, went or changed, or the device became known."""

        self.settings = settings
        self.device: EngineReady | None = None
        self.problems: tuple[str, ...] = ()
        self.loras: tuple[FoundLora, ...] = ()
        self.refused: tuple[RefusedFile, ...] = ()
        self._specs: dict[str, ModelSpec] = {}
        self._scanning = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read the catalog files and the folders, then watch the folders."""
        await self.rescan()
        self._watch = asyncio.create_task(self._watch_folders(), name='watch model folders')

    async def close(self) -> None:
        """Stop watching."""
        if self._watch:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    async def rescan(self) -> None:
        """Read everything again; emits CHANGED if something differs."""
        async with self._scanning:
            self._take_over(await asyncio.to_thread(_Scan, self.settings))

    def _take_over(self, scan: '_Scan') -> None:
        before = (self._specs, self.loras, self.refused, self.problems)
        self._specs = scan.specs
        self.loras = tuple(scan.findings.loras)
        self.refused = tuple(scan.findings.refused)
        self.problems = tuple(scan.entries.problems)
        if before != (self._specs, self.loras, self.refused, self.problems):
            self.CHANGED.emit()

    def set_device(self, device: EngineReady) -> None:
        """Tell on which device models run."""
        self.device = device
        self.CHANGED.emit()

    def specs(self) -> tuple[ModelSpec, ...]:
        """All models: installed ones first, then by kind and rank."""
        order = {'image': 0, 'video': 1, 'text': 2}
        models = [spec for spec in self._specs.values() if spec.kind in order]
        return tuple(sorted(models, key=lambda spec: (not spec.path, order[spec.kind], -spec.rank, spec.id)))

    def add_ons(self) -> tuple[ModelSpec, ...]:
        """What can be fetched to let other models do more."""
        return tuple(spec for spec in self._specs.values() if spec.kind == 'add-on')

    @property
    def style_adapter_path(self) -> Path | None:
        """The folder of the IP-Adapter for SDXL, None while it is not installed."""
        adapter = self._specs.get(STYLE_ADAPTER)
        return adapter.path if adapter else None

    def few_steps_for(self, spec: ModelSpec) -> ModelSpec | None:
        """The installed addition that lets the model make do with few steps, None if there is none."""
        found = self._specs.get(spec.few_step_lora)
        return found if found and found.path else None

    def find(self, id: str) -> ModelSpec | None:
        """The model or add-on of this id, None if there is none."""
        return self._specs.get(id)

    def get(self, id: str) -> ModelSpec:
        """The model of this id. Raises NotFound."""
        if spec := self._specs.get(id):
            return spec
        raise NotFound(f'There is no model {id!r}.', advice='Choose one of the models on the Models page.')

    def default(self, kind: Kind, abilities: Collection[Ability] = ()) -> ModelSpec | None:
        """The best installed model that can do all this and fits the device; None if there is none.

        On a graphics card the best has the highest rank; without one it is the quickest: embedded, then smallest. Text
        models come first by rank everywhere, for they are not chosen but fetched on purpose.
        """
        able = [
            spec
            for spec in self._specs.values()
            if spec.kind == kind and spec.path and spec.abilities >= set(abilities)
        ]
        fitting = [spec for spec in able if self.fit(spec).fits]
        if kind != 'text' and (self.device is None or self.device.device.startswith('cpu')):
            return min(fitting, key=lambda spec: (not spec.is_embedded, spec.size_on_disk, spec.id), default=None)
        return max(fitting, key=lambda spec: (spec.rank, spec.id), default=None)

    def fit(self, spec: ModelSpec) -> Fit:
        """Whether the model fits this machine as it is now, in words."""
        return fit(spec, self.device, self.settings.models_path)

    def loras_for(self, spec: ModelSpec) -> list[LoraChoice]:
        """The LoRAs in the folders as choices for this model; those that do not fit say why."""
        return loras_for(spec, self.loras)

    async def _watch_folders(self) -> None:
        while True:
            folders = [folder for folder in _folders(self.settings) if folder.is_dir()]
            try:
                if folders:
                    async for _ in awatch(*folders, watch_filter=_is_worth_a_look, rust_timeout=1_000):
                        await self.rescan()
                        if set(folders) != {folder for folder in _folders(self.settings) if folder.is_dir()}:
                            break
            except Exception:
                log.exception('The model folders cannot be watched right now; trying again.')
            await asyncio.sleep(RETRY_SECONDS)
            await self._rescan_safely()

    async def _rescan_safely(self) -> None:
        try:
            await self.rescan()
        except Exception:
            log.exception('The model folders cannot be read right now; trying again.')


class _Scan:
    """One look at the catalog files and folders, off the event loop."""

    def __init__(self, settings: Settings) -> None:
        with suppress(OSError):
            settings.models_path.mkdir(parents=True, exist_ok=True)
        self.entries = Entries()
        self.entries.read(OWN_CATALOG)
        self.entries.read(settings.data_dir / 'models' / 'catalog.toml')
        self.specs = {spec.id: spec for spec in self.entries.specs() if spec.repository}
        self._add(find([EMBEDDED_DIR]).models, is_embedded=True)
        self.findings: Findings = find(_folders(settings))
        self._add(self.findings.models)
        for spec in [spec for spec in self.specs.values() if spec.kind == 'add-on']:
            self._add_addition(spec, settings.models_path / spec.id)
        if not self.specs[STYLE_ADAPTER].path:
            self._take_style_references_off()

    def _add(self, models: Iterable[FoundModel], *, is_embedded: bool = False) -> None:
        for found in models:
            id_ = self._free_id(found.path)
            if spec := self.entries.installed(found, id=id_):
                update = {'is_embedded': True, 'rank': 1, 'is_local': False} if is_embedded else {}
                self.specs[id_] = spec.model_copy(update=update)

    def _add_addition(self, spec: ModelSpec, folder: Path) -> None:
        """An addition that is installed; its files are no LoRAs to choose."""
        if any(folder.glob('*.safetensors')):
            size = sum(size for _, size in files_of(folder))
            self.specs[spec.id] = spec.model_copy(update={'path': folder, 'size_on_disk': size})
            self.findings.loras = [lora for lora in self.findings.loras if lora.path.parent != folder]

    def _take_style_references_off(self) -> None:
        """Without the adapter, models that could follow a style reference say what is missing."""
        for spec in [spec for spec in self.specs.values() if spec.path and Ability.STYLE_REFERENCE in spec.abilities]:
            because = spec.because | {Ability.STYLE_REFERENCE.value: WITHOUT_ADAPTER}
            update = {'abilities': spec.abilities - {Ability.STYLE_REFERENCE}, 'because': because}
            self.specs[spec.id] = spec.model_copy(update=update)

    def _free_id(self, path: Path) -> str:
        """The file's or folder's name; with the folders above it as long as another model has that name already."""
        id_ = path.stem if path.suffix == '.safetensors' else path.name
        for parent in path.parents:
            taken = self.specs.get(id_)
            if taken is None or not taken.path:
                break
            id_ = f'{parent.name}/{id_}'
        return id_


def _folders(settings: Settings) -> list[Path]:
    return [settings.models_path, *settings.more_model_dirs]


def _is_worth_a_look(_: Change, path: str) -> bool:
    parts = Path(path).parts
    return '.downloads' not in parts and not any(part.startswith('.') for part in parts[-4:])
