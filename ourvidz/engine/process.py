"""The engine as the web process sees it: a child process that is started, spoken with and started anew when it dies."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from nicegui import Event

from ourvidz.engine.messages import (
    NO_SUCH_DEVICE,
    Cancel,
    Device,
    EngineReady,
    Report,
    Run,
    RunCancelled,
    RunFailed,
    RunFinished,
    Unload,
)
from ourvidz.errors import BrokenModel, EngineDied, EngineFailure, OurVidzError, OutOfMemory, StorageFull

log = logging.getLogger(__name__)


class EngineProcess:
    """An `Engine` in a process of its own; it alone imports torch.

    `device` is where models run; `memory_limit` in bytes makes the device smaller than it is. Peaks of memory are
    remembered in `memory_record`. A process that died is started anew by the next run, and one that hears of a cancel
    and does not end its run for `patience_seconds` is killed. Runs that wait for another one can be cancelled as well.
    """

    def __init__(
        self,
        *,
        device: Device = 'auto',
        memory_limit: int | None = None,
        memory_record: Path | None = None,
        is_compiled: bool = False,
        patience_seconds: float = 60,
    ) -> None:
        self.info: EngineReady | None = None
        self.READY = Event[EngineReady]()
        """The process has started; carries its device and memory."""
        self._options = _options(device, memory_limit, memory_record, is_compiled)
        self._worker: _Worker | None = None
        self._start_lock = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._at_work: str | None = None
        self._waiting: dict[str, bool] = {}
        self._turns = 0
        self._patience_seconds = patience_seconds

    @property
    def pid(self) -> int | None:
        """The process id while the engine is alive."""
        return self._worker.pid if self._worker and self._worker.is_alive else None

    async def start(self) -> None:
        """Start the process in the background; runs wait until it is ready."""
        await self._living_worker()

    async def ready(self) -> EngineReady:
        """Wait until the process has started, once more if it died. Raises EngineDied."""
        worker = await self._living_worker()
        await worker.has_started.wait()
        if self.info is None:
            raise worker.death()
        return self.info

    async def stop(self) -> None:
        """End the process at once, whatever it does."""
        async with self._start_lock:
            if self._worker:
                await self._worker.stop()
                self._worker = None

    async def run(self, run: Run) -> AsyncIterator[Report]:
        """Run and report; ends after RunFinished or RunCancelled. Who stops listening cancels the run.

        Raises OutOfMemory, BrokenModel, StorageFull, EngineDied or EngineFailure.
        """
        async with self._turn_of(run.run_id) as worker:
            if worker is None:
                yield RunCancelled(run_id=run.run_id)
                return
            worker.send(run)
            self._at_work, self._turns = run.run_id, self._turns + 1
            try:
                async for report in self._reports(worker, run.run_id):
                    yield report
            finally:
                if self._at_work == run.run_id:
                    self._at_work = None
                    worker.send(Cancel(run_id=run.run_id))

    @asynccontextmanager
    async def _turn_of(self, run_id: str) -> AsyncIterator['_Worker | None']:
        """Waits for the others and for a living process; None if the run was cancelled meanwhile."""
        self._waiting[run_id] = False
        try:
            await self._turn.acquire()
        except BaseException:
            self._waiting.pop(run_id, None)
            raise
        try:
            try:
                worker = await self._living_worker()
            finally:
                is_cancelled = self._waiting.pop(run_id, False)
            yield None if is_cancelled else worker
        finally:
            self._turn.release()

    async def cancel(self, run_id: str) -> None:
        """Cancel a run within one step; an unknown one is ignored."""
        if run_id in self._waiting:
            self._waiting[run_id] = True
        elif self._worker and self._at_work == run_id:
            self._worker.send(Cancel(run_id=run_id))
            turn, later = self._turns, asyncio.get_running_loop().call_later
            later(self._patience_seconds, self._kill_if_stuck, self._worker, turn)

    def _kill_if_stuck(self, worker: '_Worker', turn: int) -> None:
        if self._at_work is not None and self._turns == turn and worker.is_alive:
            log.warning('The engine did not end a cancelled run for %s s and is killed', self._patience_seconds)
            worker.kill()

    async def unload(self) -> None:
        """Give all memory of models back, after the run that is at work."""
        if self._worker:
            self._worker.send(Unload())

    async def _reports(self, worker: '_Worker', run_id: str) -> AsyncIterator[Report]:
        while True:
            message = await worker.receive()
            match message:
                case EngineReady():
                    self.info = message
                case None:
                    self._at_work = None
                    raise worker.death()
                case RunFailed() if message.run_id == run_id:
                    self._at_work = None
                    raise _exception(message)
                case RunFinished() | RunCancelled() if message.run_id == run_id:
                    self._at_work = None
                    yield message
                    return
                case _ if message.run_id == run_id:
                    yield message

    async def _living_worker(self) -> '_Worker':
        async with self._start_lock:
            if self._worker is None or not self._worker.is_alive:
                self._worker = await asyncio.to_thread(
                    _Worker,
                    loop=asyncio.get_running_loop(),
                    options=self._options,
                    on_ready=self._on_ready,
                )
            return self._worker

    def _on_ready(self, info: EngineReady) -> None:
        self.info = info
        self.READY.emit(info)


class _Worker:
    """One life of the process: its pipe, and a thread that hears it off the loop."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop, options: list[str], on_ready: Any) -> None:
        self._loop = loop
        self._on_ready = on_ready
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.has_started = asyncio.Event()
        """Set when it is ready, or has ended before it was."""
        self._connection, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'ourvidz.engine.worker', str(theirs.fileno()), *options],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env=_environment(),
            start_new_session=True,
        )
        theirs.close()
        self.is_alive = True
        self._listener = threading.Thread(target=self._listen, name='engine listener', daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: Run | Cancel | Unload) -> None:
        """Send; a process that has just died is noticed by whoever receives."""
        with contextlib.suppress(OSError):
            self._connection.send(message)

    async def receive(self) -> Any:
        """The next report, None when the process has ended."""
        message = await self._inbox.get()
        if message is None:
            self._inbox.put_nowait(None)
        return message

    def kill(self) -> None:
        self._process.kill()

    async def stop(self) -> None:
        self.kill()
        await asyncio.to_thread(self._listener.join)

    def death(self) -> EngineDied:
        code = self._process.returncode
        if code == NO_SUCH_DEVICE:
            advice = 'Check its driver, or set OURVIDZ_DEVICE=auto, and start again.'
            return EngineDied('The device that OURVIDZ_DEVICE names cannot be used here.', advice=advice)
        how = f'by signal {-code}' if code and code < 0 else f'with code {code}'
        advice = 'It starts afresh by itself. If this happens again, choose a smaller size or another model.'
        return EngineDied(f'The engine process ended {how} while it was at work.', advice=advice)

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._hand_over(self._connection.recv())
        self._process.wait()
        self.is_alive = False
        self._connection.close()
        self._hand_over(None)

    def _hand_over(self, message: Any) -> None:
        with contextlib.suppress(RuntimeError):
            if isinstance(message, EngineReady):
                self._loop.call_soon_threadsafe(self._on_ready, message)
            else:
                self._loop.call_soon_threadsafe(self._inbox.put_nowait, message)
            if message is None or isinstance(message, EngineReady):
                self._loop.call_soon_threadsafe(self.has_started.set)


def _options(device: Device, memory_limit: int | None, memory_record: Path | None, is_compiled: bool) -> list[str]:
    options = ['--device', device]
    options += ['--memory-limit', str(memory_limit)] if memory_limit is not None else []
    options += ['--memory-record', str(memory_record.absolute())] if memory_record else []
    return [*options, '--compile'] if is_compiled else options


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parent.parent.parent)
    return {
        **os.environ,
        'PYTHONPATH': os.pathsep.join([root, *filter(None, [os.environ.get('PYTHONPATH')])]),
        'OMP_WAIT_POLICY': 'PASSIVE',
        'HF_HUB_OFFLINE': '1',
        'TRANSFORMERS_OFFLINE': '1',
        'TOKENIZERS_PARALLELISM': 'false',
        'TRANSFORMERS_VERBOSITY': 'error',
        'DIFFUSERS_VERBOSITY': 'error',
    }


def _exception(failure: RunFailed) -> OurVidzError:
    kinds: dict[str, type[OurVidzError]] = {
        'out_of_memory': OutOfMemory,
        'broken_model': BrokenModel,
        'storage_full': StorageFull,
    }
    return kinds.get(failure.reason, EngineFailure)(failure.message, advice=failure.advice)
