"""How the engine process hears and speaks: a thread that receives, and one line back for each run."""

import os
import queue
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

from ourvidz.engine.messages import (
    Cancel,
    EngineReady,
    Noted,
    Report,
    Run,
    RunCancelled,
    RunFailed,
    RunFinished,
    StepProgressed,
    Unload,
)

REST_AFTER = 0.5
"""Seconds without an order after which memory is tidied; between two runs it would only cost time."""


class Cancelled(Exception):
    """The person cancelled the run."""


class Line:
    """The pipe to the web process; when that ends, this process ends as well."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._orders: queue.Queue[Run | Unload] = queue.Queue()
        self._pending: set[str] = set()
        self._cancelled: set[str] = set()
        self._send_lock = threading.Lock()
        threading.Thread(target=self._listen, name='line', daemon=True).start()

    def orders(self, *, at_rest: Callable[[], None]) -> Iterator[Run | Unload]:
        """What to do, one after the other, for ever. `at_rest` is called once whenever nothing comes for a moment."""
        while True:
            try:
                order = self._orders.get(timeout=REST_AFTER)
            except queue.Empty:
                at_rest()
                order = self._orders.get()
            yield order

    def send(self, report: Report | EngineReady) -> None:
        """Send from any thread. With the last report of a run its id is free for the next, before anyone can know."""
        if isinstance(report, RunFinished | RunCancelled | RunFailed):
            self._pending.discard(report.run_id)
            self._cancelled.discard(report.run_id)
        with self._send_lock:
            self._connection.send(report)

    def is_cancelled(self, run_id: str) -> bool:
        return run_id in self._cancelled

    def _listen(self) -> None:
        try:
            while True:
                self._take(self._connection.recv())
        except (EOFError, OSError):
            os._exit(0)

    def _take(self, message: Run | Cancel | Unload) -> None:
        match message:
            case Cancel():
                if message.run_id in self._pending:
                    self._cancelled.add(message.run_id)
            case Unload():
                self._orders.put(message)
            case _:
                self._pending.add(message.run_id)
                self._orders.put(message)


class Talk:
    """One run's side of the line."""

    def __init__(self, line: Line, run_id: str) -> None:
        self.run_id = run_id
        self._line = line

    def send(self, report: Report) -> None:
        self._line.send(report)

    def note(self, text: str) -> None:
        """Tell the person something about the run."""
        self.send(Noted(run_id=self.run_id, text=text))

    def stop_if_cancelled(self) -> None:
        """Raise Cancelled if the person cancelled the run."""
        if self._line.is_cancelled(self.run_id):
            raise Cancelled

    def progress(self, progressed: StepProgressed) -> None:
        """Report and stop if cancelled."""
        self.send(progressed)
        self.stop_if_cancelled()
