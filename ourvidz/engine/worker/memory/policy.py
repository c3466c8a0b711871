"""The one policy for memory: the quickest rung that fits, which models leave for it, and what is learned from runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ourvidz.engine.worker.memory.estimate import Need, Work, estimate
from ourvidz.engine.worker.memory.record import MemoryRecord
from ourvidz.engine.worker.memory.rung import Placement, Rung, ladder
from ourvidz.engine.worker.memory.weights import Weights

DOUBT = 2.0
"""Where nothing fits by the estimates, what needs at most so many times the room is tried all the same."""
MARGIN = 1.05
"""What is only estimated is taken for this much larger."""
RISKY = 0.7
"""From this share of the room on a run on the CPU is remembered before it begins: Linux may end the process."""
ABOUT_AS_MUCH = 1.03
"""A rung that failed is tried again only with more room than this, for free memory is never quite the same."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A rung, and how many of the least recently used models leave for it; `room` is what the run then has."""

    rung: Rung
    leaving: int
    room: int


class MemoryPolicy:
    """Chooses by free memory, estimates and recorded peaks. `device` is 'cuda', 'mps' or 'cpu'."""

    def __init__(self, *, device: str, record: MemoryRecord) -> None:
        self._device, self._record = device, record

    def need(self, weights: Weights, work: Work, rung: Rung) -> Need:
        """The best guess: what was measured for such a run, else the estimate as other runs corrected it."""
        guess = estimate(weights, work, rung, corrections=self._record.corrections(weights))
        peak = self._record.peak(weights, work, rung)
        if peak is not None:
            return replace(guess, activations=max(0, peak - guess.parts))
        return replace(guess, activations=int(guess.activations * MARGIN))

    def choose(
        self,
        weights: Weights,
        work: Work,
        *,
        count: int,
        capacity: int,
        others: Sequence[int] = (),
        host_room: int | None = None,
    ) -> Choice | None:
        """The quickest rung for `count` pictures that fits beside the other models, else without some of them.

        `capacity` in bytes is for all models and the run, `others` are what the other models keep there, least recently
        used first. None if no rung is worth a try.
        """
        rungs = [
            rung
            for rung in ladder(weights.pipeline, self._device, count=count, has_loras=work.has_loras)
            if host_room is None or estimate(weights, work, rung).host <= host_room
        ]
        on_device = [rung for rung in rungs if rung.placement is not Placement.CPU]
        beside = [rung for rung in rungs if rung.placement is Placement.CPU]
        return (
            self._fitting(weights, work, on_device, capacity, others)
            or self._last_try(weights, work, _leanest(weights, work, on_device), capacity, len(others))
            or self._fitting(weights, work, beside, capacity, others)
            or self._last_try(weights, work, rungs, capacity, len(others))
        )

    def _fitting(
        self, weights: Weights, work: Work, rungs: list[Rung], capacity: int, others: Sequence[int]
    ) -> Choice | None:
        """The first rung that fits by the best guess, with as many of the other models as do beside it."""
        for rung in rungs:
            need = self.need(weights, work, rung)
            for leaving in range(len(others) + 1):
                room = capacity - sum(others[leaving:])
                if need.total <= room and not self._has_failed(weights, work, rung, room / ABOUT_AS_MUCH):
                    return Choice(rung, leaving, room)
        return None

    def begin(self, weights: Weights, work: Work, choice: Choice) -> None:
        """A run begins; if this process is killed over it, the next one knows."""
        is_risky = self.need(weights, work, choice.rung).total > choice.room * RISKY
        if self._device == 'cpu' and is_risky:
            self._record.begin(weights, work, choice.rung, room=choice.room)

    def end(self) -> None:
        """The run ended in whatever way, and this process lives."""
        self._record.end()

    def worked(self, weights: Weights, work: Work, rung: Rung, *, peak: int | None) -> None:
        """Learn from a run that fitted; `peak` in bytes beside the resident weights, None where it is not measured."""
        if peak is not None:
            plain = estimate(weights, work, rung)
            factor = (peak - plain.parts) / max(1, plain.activations)
            self._record.worked(weights, work, rung, peak=peak, stage=plain.stage, factor=factor)

    def failed(self, weights: Weights, work: Work, choice: Choice) -> None:
        """Learn from a run that ran out of memory."""
        plain = estimate(weights, work, choice.rung)
        factor = (choice.room - plain.resident - plain.parts) / max(1, plain.activations)
        room = choice.room
        self._record.failed(weights, work, choice.rung, room=room, stage=plain.stage, factor=factor)

    def _has_failed(self, weights: Weights, work: Work, rung: Rung, room: float) -> bool:
        return self._record.failed_in(weights, work, rung) >= room > 0

    def _last_try(self, weights: Weights, work: Work, rungs: list[Rung], capacity: int, others: int) -> Choice | None:
        """Estimates may be wrong: what needs least by the plain ones is tried before a run goes to the processor, which
        is a hundred times slower, or is given up."""
        untried = [
            rung
            for rung in rungs
            if estimate(weights, work, rung).total <= capacity * DOUBT
            and not self._has_failed(weights, work, rung, capacity / ABOUT_AS_MUCH)
        ]
        return next((Choice(rung, others, capacity) for rung in _leanest(weights, work, untried)), None)


def _leanest(weights: Weights, work: Work, rungs: Sequence[Rung]) -> list[Rung]:
    """The rung that needs least by the plain estimates, as a list; empty if there are none."""
    return sorted(rungs, key=lambda rung: estimate(weights, work, rung).total)[:1]
