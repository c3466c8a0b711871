"""A run's way down the ladder: one rung after the other, each in words, until it fits."""

from collections.abc import Callable
from typing import Protocol

from ourvidz.engine.worker.memory.estimate import Work
from ourvidz.engine.worker.memory.policy import Choice, MemoryPolicy
from ourvidz.engine.worker.memory.rung import Decoding, Placement, Rung
from ourvidz.engine.worker.memory.weights import Weights
from ourvidz.errors import OutOfMemory


class Shelf(Protocol):
    """Where models are kept; what memory it has is in bytes."""

    def capacity(self) -> int:
        """For all models and a run together."""

    def host_room(self) -> int | None:
        """In main memory, for what is offloaded; None where that is the device itself."""

    def others(self, key: str) -> list[tuple[str, int]]:
        """The other models by their keys with what they keep on the device, least recently used first."""

    def unload(self, keys: list[str]) -> None:
        """Let models go."""


class Descent:
    """Chooses where and in which batches a run is made, and steps down when memory runs out."""

    def __init__(
        self,
        *,
        policy: MemoryPolicy,
        shelf: Shelf,
        weights: Weights,
        work: Work,
        title: str,
        tell: Callable[[str], None],
    ) -> None:
        self._policy, self._shelf, self._weights, self._work = policy, shelf, weights, work
        self._title, self._tell = title, tell
        self._choice: Choice | None = None
        self._has_failed = False

    def next(self, count: int, *, at_once: int | None = None) -> Rung:
        """The rung for the `count` pictures that are still to be made, at most `at_once`; models that must leave for it
        have left. Raises OutOfMemory when there is nothing left to save."""
        others = self._shelf.others(self._weights.key)
        choice = self._policy.choose(
            self._weights,
            self._work,
            count=min(count, at_once or count),
            capacity=self._shelf.capacity(),
            others=[size for _, size in others],
            host_room=self._shelf.host_room(),
        )
        if choice is None:
            raise self._given_up()
        leaving = [key for key, _ in others[: choice.leaving]]
        if leaving:
            self._shelf.unload(leaving)
        self._explain(choice.rung, count=min(count, at_once or count), has_made_room=bool(leaving))
        self._choice = choice
        self._policy.begin(self._weights, self._work, choice)
        return choice.rung

    def end(self) -> None:
        """The rung was left in whatever way."""
        self._policy.end()

    def worked(self, peak: int | None) -> None:
        """The rung fitted; `peak` bytes beside the resident weights, None if unmeasured."""
        assert self._choice is not None
        self._policy.worked(self._weights, self._work, self._choice.rung, peak=peak)

    def failed(self) -> None:
        """Memory ran out on this rung; `next` steps down."""
        assert self._choice is not None
        self._has_failed = True
        self._policy.failed(self._weights, self._work, self._choice)

    def _explain(self, rung: Rung, *, count: int, has_made_room: bool) -> None:
        """Say what is new; where another way is as quick, nothing is said."""
        before = self._choice.rung if self._choice else Rung(Placement.FULL, Decoding.WHOLE, count)
        if has_made_room and self._has_failed:
            self._tell('Other models were unloaded to make room.')
        if rung.placement > before.placement:
            self._tell(WORDS[rung.placement].format(title=self._title))
        if rung.batch < min(before.batch, count):
            self._tell(f'{count} at once do not fit into memory, so {rung.batch} at a time are made.')
        if rung.decoding is Decoding.TILED and before.decoding is not Decoding.TILED:
            self._tell('To save memory, pictures are decoded in tiles.')
        if rung.decoding is Decoding.SLICED and self._has_failed and before.decoding is Decoding.WHOLE:
            self._tell('To save memory, pictures are decoded one after the other.')

    def _given_up(self) -> OutOfMemory:
        size = f'{self._work.width}x{self._work.height} with ' if self._work.width else ''
        return OutOfMemory(
            f'{size}{self._title} does not fit into the memory of this device.',
            advice='Choose a smaller size or a smaller model, or close other programs.',
        )


WORDS = {
    Placement.MODEL_OFFLOAD: 'To save memory, the parts of {title} take turns on the GPU; this is slower.',
    Placement.GROUP_OFFLOAD: 'To save memory, {title} comes to the GPU layer by layer; this is slower.',
    Placement.FP8_OFFLOAD: 'To save memory, {title} is kept in 8 bits; this is slower and a little less exact.',
    Placement.CPU: '{title} does not fit into the memory of the GPU, so it works on the processor, many times slower.',
}
