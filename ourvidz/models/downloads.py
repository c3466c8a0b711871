"""Downloads of models: with true progress, to be paused and taken up again, and nothing counts that is not checked.

A download lies in `<models>/.downloads/<id>`: its plan (commit and files with checksums) and the files as far as they
have come. When all are there and right, the folder moves to `<models>/<id>`, where the catalog finds it.
"""

import asyncio
import errno
import json
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

from nicegui import binding

from ourvidz.errors import InvalidInput, OurVidzError, Refused, StorageFull
from ourvidz.models.catalog import Catalog
from ourvidz.models.fitting import RESERVED_ON_DISK, free_disk, gigabytes
from ourvidz.models.hub import Hub, HubFile, TryAgain
from ourvidz.models.part_file import PartFile
from ourvidz.models.spec import ModelSpec
from ourvidz.settings import Settings

log = logging.getLogger(__name__)

P = ParamSpec('P')
T = TypeVar('T')

Status = Literal['absent', 'starting', 'downloading', 'paused', 'failed', 'installed']

MOST_TRIES = 6
PUSH_SECONDS = 0.25


@binding.bindable_dataclass
class DownloadState:
    """Where a model's download stands: bytes done of total, bytes a second, and what went wrong."""

    model_id: str
    status: Status = 'absent'
    done: int = 0
    total: int = 0
    speed: float = 0.0
    error: str = ''

    @property
    def share(self) -> float:
        """0..1."""
        return self.done / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be fetched: fixed when a download starts, so that a later commit does not mix in."""

    repository: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


class Downloads:
    """Fetches models of the catalog and removes them. `retry_seconds` is the first pause after a broken connection."""

    def __init__(self, catalog: Catalog, settings: Settings, *, retry_seconds: float = 1.0) -> None:
        self.catalog = catalog
        self.settings = settings
        self.retry_seconds = retry_seconds
        self._hub = Hub(settings)
        self._states: dict[str, DownloadState] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        catalog.CHANGED.subscribe(self._on_catalog_changed)

    def state(self, model_id: str) -> DownloadState:
        """The state of a model's download, always the same object; read from the disk at first."""
        if model_id not in self._states:
            self._states[model_id] = DownloadState(model_id=model_id)
            self._recompute(self._states[model_id])
        return self._states[model_id]

    async def start(self, model_id: str) -> None:
        """Start or resume; returns when the download is under way.

        Raises NotFound, InvalidInput, Refused (offline, gated), StorageFull or BrokenModel, which the state keeps too.
        """
        spec = self.catalog.get(model_id)
        if spec.is_installed or not spec.repository:
            raise InvalidInput(
                'model', f'{spec.title} is here already.' if spec.path else f'{spec.title} has no source.'
            )
        state = self.state(model_id)
        if model_id in self._tasks or state.status == 'starting':
            return
        state.status, state.error = 'starting', ''
        try:
            plan = await self._planned(spec)
            state.total = plan.size
            state.done = await asyncio.to_thread(self._done, spec.id, plan)
            self._ensure_room(spec, plan, state.done)
        except TryAgain as error:
            self._fail(state, str(error))
            raise Refused(str(error), advice='Check the network and try again.') from error
        except OurVidzError as error:
            self._fail(state, str(error))
            raise
        except OSError as error:
            why = f'The folder {self.settings.models_path} cannot be written to: {error.strerror}.'
            self._fail(state, why)
            raise Refused(why, advice='Make it writable or free some space, then resume.') from error
        state.status = 'downloading'
        self._tasks[model_id] = asyncio.create_task(self._run(spec, plan, state), name=f'download {model_id}')

    async def pause(self, model_id: str) -> None:
        """Stop for now; what has come stays."""
        if task := self._tasks.pop(model_id, None):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self._recompute(self.state(model_id))

    async def resume(self, model_id: str) -> None:
        """Go on where it stopped."""
        await self.start(model_id)

    async def cancel(self, model_id: str) -> None:
        """Stop and throw away what has come."""
        await self.pause(model_id)
        await asyncio.to_thread(shutil.rmtree, self._folder(model_id), ignore_errors=True)
        state = self.state(model_id)
        state.error = ''
        self._recompute(state)

    async def remove(self, model_id: str) -> None:
        """Delete an installed model from the disk. Raises Refused for models that are not ours to delete."""
        spec = self.catalog.get(model_id)
        if spec.path is None:
            return
        if spec.is_embedded:
            raise Refused(f'{spec.title} comes with OurVidz and stays.')
        if not spec.path.resolve().is_relative_to(self.settings.models_path.resolve()):
            raise Refused(f'{spec.title} lies in the folder of another tool.', advice=f'Delete it there: {spec.path}')
        await asyncio.to_thread(_delete, spec.path)
        await self.catalog.rescan()
        self._recompute(self.state(model_id))

    def space_used(self) -> int:
        """Bytes of all installed models in our own folder."""
        home, specs = self.settings.models_path, (*self.catalog.specs(), *self.catalog.add_ons())
        return sum(spec.size_on_disk for spec in specs if spec.path and spec.path.is_relative_to(home))

    async def close(self) -> None:
        """Pause all; they can be resumed after the next start."""
        self.catalog.CHANGED.unsubscribe(self._on_catalog_changed)
        for model_id in list(self._tasks):
            await self.pause(model_id)
        await self._hub.close()

    def _on_catalog_changed(self) -> None:
        for model_id, state in self._states.items():
            if model_id not in self._tasks and state.status not in ('starting', 'failed'):
                self._recompute(state)

    async def _run(self, spec: ModelSpec, plan: Plan, state: DownloadState) -> None:
        try:
            meter = _Meter(state)
            for file in plan.files:
                await self._fetch(spec, plan, file, meter)
            meter.push()
            await _to_the_end(self._install, spec)
            await self.catalog.rescan()
            state.status, state.speed = 'installed', 0.0
        except OurVidzError as error:
            self._fail(state, str(error))
            state.done = await asyncio.to_thread(self._done, spec.id, plan)
        except OSError as error:
            full = error.errno == errno.ENOSPC
            self._fail(state, 'The disk is full. Free some space and resume.' if full else f'{error.strerror}.')
        except Exception:
            log.exception('The download of %s failed', spec.id)
            self._fail(state, 'The download failed unexpectedly. Try again; the log says more.')
        finally:
            if self._tasks.get(spec.id) is asyncio.current_task():
                del self._tasks[spec.id]

    async def _fetch(self, spec: ModelSpec, plan: Plan, file: HubFile, meter: '_Meter') -> None:
        """One file, over as many broken connections as it takes, as long as something comes in between."""
        part = PartFile(self._folder(spec.id) / 'files', file)
        if part.is_complete:
            return
        tries, pause = 0, self.retry_seconds
        while True:
            start = await _to_the_end(part.prepare)
            try:
                if start < file.size:
                    await self._read(spec, plan, part, start, meter)
                if part.done < file.size:
                    raise TryAgain('The connection to the hub broke off.')
                await _to_the_end(part.finish)
                return
            except TryAgain as error:
                came = part.done > start
                tries, pause = (1, self.retry_seconds) if came else (tries + 1, pause * 2)
                if tries >= MOST_TRIES:
                    raise OurVidzError(str(error), advice='What has come stays. Resume later.') from error
                await asyncio.sleep(pause)

    async def _read(self, spec: ModelSpec, plan: Plan, part: PartFile, start: int, meter: '_Meter') -> None:
        async with aclosing(self._hub.read(spec, plan.commit, part.file, start=start)) as chunks:
            async for place, chunk in chunks:
                if place == 0 and start:
                    meter.move(-start)
                    start = 0
                await _to_the_end(part.write, place, chunk)
                meter.move(len(chunk))

    async def _planned(self, spec: ModelSpec) -> Plan:
        path = self._folder(spec.id) / 'plan.json'
        if plan := _read_plan(path):
            return plan
        commit = await self._hub.commit_of(spec)
        plan = Plan(str(spec.repository), commit, tuple(await self._hub.files_of(spec, commit)))
        await asyncio.to_thread(_write_plan, path, plan)
        return plan

    def _install(self, spec: ModelSpec) -> None:
        """All is there and right: one move, and the model is installed."""
        folder = self._folder(spec.id)
        target = self.settings.models_path / spec.id
        if target.exists():
            raise OurVidzError(f'The folder {target} is in the way.', advice='Move it away, then resume.')
        (folder / 'files' / spec.subfolder).replace(target)
        shutil.rmtree(folder, ignore_errors=True)

    def _ensure_room(self, spec: ModelSpec, plan: Plan, done: int) -> None:
        needed, free = plan.size - done + RESERVED_ON_DISK, free_disk(self.settings.models_path)
        if needed > free:
            message = f'{spec.title} needs {gigabytes(needed)} more on the disk, {gigabytes(free)} are free.'
            raise StorageFull(message, advice='Remove models that you do not use, or free some space.')

    def _recompute(self, state: DownloadState) -> None:
        state.speed = 0.0
        folder = self._folder(state.model_id)
        plan = _read_plan(folder / 'plan.json')
        spec = self.catalog.find(state.model_id)
        if spec and spec.path:
            state.status, state.done, state.total = 'installed', spec.size_on_disk, spec.size_on_disk
        elif plan:
            state.status, state.done, state.total = 'paused', self._done(state.model_id, plan), plan.size
        else:
            state.status, state.done, state.total = 'absent', 0, spec.download_size if spec else 0

    def _done(self, model_id: str, plan: Plan) -> int:
        folder = self._folder(model_id) / 'files'
        return sum(min(PartFile(folder, file).done, file.size) for file in plan.files)

    def _folder(self, model_id: str) -> Path:
        return self.settings.models_path / '.downloads' / model_id

    def _fail(self, state: DownloadState, error: str) -> None:
        state.status, state.error, state.speed = 'failed', error, 0.0


class _Meter:
    """Counts bytes into the state a few times a second, and how fast they come."""

    def __init__(self, state: DownloadState) -> None:
        self.state = state
        self._done = state.done
        self._shown, self._shown_at = state.done, time.monotonic()

    def move(self, size: int) -> None:
        self._done += size
        if time.monotonic() - self._shown_at >= PUSH_SECONDS:
            self.push()

    def push(self) -> None:
        now = time.monotonic()
        speed = (self._done - self._shown) / max(now - self._shown_at, 1e-3)
        self.state.speed = max(0.0, 0.7 * self.state.speed + 0.3 * speed if self.state.speed else speed)
        self.state.done = self._done
        self._shown, self._shown_at = self._done, now


async def _to_the_end(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run in a thread; a cancelled task waits for it, so that nobody writes any more when it has ended."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def _read_plan(path: Path) -> Plan | None:
    try:
        content = json.loads(path.read_text('utf-8'))
        files = tuple(HubFile(**file) for file in content['files'])
        return Plan(content['repository'], content['commit'], files)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_plan(path: Path, plan: Plan) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix('.part')
    part.write_text(json.dumps(asdict(plan)), 'utf-8')
    part.replace(path)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
