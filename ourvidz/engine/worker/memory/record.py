"""What was measured: the peaks of runs and where memory ran out, kept in a JSON file beside the library."""

import contextlib
import json
from pathlib import Path
from typing import Any

from ourvidz.engine.worker.memory.estimate import Work
from ourvidz.engine.worker.memory.rung import Rung
from ourvidz.engine.worker.memory.weights import Stage, Weights

MEASURED_AGAIN = 1.02
"""A run like one that was measured may take this much more."""
MOST = 4.0
LEAST = 0.25


class MemoryRecord:
    """Peaks and failures by model, size and rung. Without a path it lasts as long as the process.

    The file is replaced at once, so it is never half written; a damaged one is begun anew.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._runs: dict[str, dict[str, Any]] = {}
        self._corrections: dict[str, dict[str, float]] = {}
        self._at_work: dict[str, Any] = {}
        if path is not None:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                told = json.loads(path.read_text())
                self._runs, self._corrections = dict(told['runs']), dict(told['corrections'])
                self._end_of_a_killed_process(**told.get('at_work', {}))

    def peak(self, weights: Weights, work: Work, rung: Rung) -> int | None:
        """Bytes that such a run was seen to work with beside the resident weights."""
        seen = self._runs.get(_name(weights, work, rung), {}).get('peak')
        return None if seen is None else int(seen * MEASURED_AGAIN)

    def failed_in(self, weights: Weights, work: Work, rung: Rung) -> int:
        """The most bytes in which such a run did not fit, 0 if it was never seen to fail."""
        return int(self._runs.get(_name(weights, work, rung), {}).get('failed_in', 0))

    def corrections(self, weights: Weights) -> dict[Stage, float]:
        """Factors between what was estimated for a model's activations and what was seen."""
        return {Stage(stage): factor for stage, factor in self._corrections.get(weights.key, {}).items()}

    def begin(self, weights: Weights, work: Work, rung: Rung, *, room: int) -> None:
        """A run begins that may be the end of this process, as Linux kills one that takes too much."""
        self._at_work = {'name': _name(weights, work, rung), 'room': room}
        self._save()

    def end(self) -> None:
        """The run that began ended, and the process still lives."""
        if self._at_work:
            self._at_work = {}
            self._save()

    def worked(self, weights: Weights, work: Work, rung: Rung, *, peak: int, stage: Stage, factor: float) -> None:
        """Remember a run that fitted; `factor` is what it took of the plain estimate for its activations."""
        run = self._runs.setdefault(_name(weights, work, rung), {})
        if run.get('peak', 0) < peak:
            run['peak'] = peak
            self._correct(weights, stage, factor)
            self._save()

    def failed(self, weights: Weights, work: Work, rung: Rung, *, room: int, stage: Stage, factor: float) -> None:
        """Remember that a run did not fit into `room`; `factor` is the least that it would have taken."""
        run = self._runs.setdefault(_name(weights, work, rung), {})
        run['failed_in'] = max(room, run.get('failed_in', 0))
        self._correct(weights, stage, max(factor, self._corrections.get(weights.key, {}).get(stage, 0.0)))
        self._save()

    def _end_of_a_killed_process(self, *, name: str = '', room: int = 0) -> None:
        if name:
            self._runs.setdefault(name, {})['failed_in'] = room

    def _correct(self, weights: Weights, stage: Stage, factor: float) -> None:
        self._corrections.setdefault(weights.key, {})[stage.value] = min(MOST, max(LEAST, factor))

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        told = {'runs': self._runs, 'corrections': self._corrections, 'at_work': self._at_work}
        unfinished = self._path.with_suffix('.part')
        unfinished.write_text(json.dumps(told, indent=1))
        unfinished.replace(self._path)


def _name(weights: Weights, work: Work, rung: Rung) -> str:
    return f'{weights.key} {work} {rung}'
