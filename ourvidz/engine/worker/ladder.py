"""What to do when memory runs out: a run is tried on the best rung that fits, then one step down, each in words."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ourvidz.engine.messages import ModelSource
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.memory.descent import Descent
from ourvidz.engine.worker.memory.estimate import Work
from ourvidz.engine.worker.shelf import LoadedModel, ModelShelf
from ourvidz.engine.worker.talk import Talk

LARGE = 10**9
"""Bytes of a model that keeps a CPU busy with one picture; a smaller one is quicker with several at once."""

SIGNS = ("can't allocate memory", 'not enough memory', 'out of memory', 'ALLOC_FAILED')


class Ladder:
    """A run's tries, each with the model placed so that it fits and pictures in batches that do."""

    def __init__(self, *, source: ModelSource, shelf: ModelShelf, device: Device, talk: Talk, work: Work) -> None:
        self._source, self._shelf, self._device, self._talk = source, shelf, device, talk
        self._has_failed = False
        weights = shelf.weigh(source)
        self._is_quicker_alone = device.is_cpu and weights.bytes > LARGE
        self._descent = Descent(
            policy=shelf.policy,
            shelf=shelf,
            weights=weights,
            work=work,
            title=source.title,
            tell=talk.note,
        )

    @contextmanager
    def attempt(self, count: int) -> Iterator[tuple[LoadedModel, int]]:
        """The model, and how many of the `count` pictures to make at once.

        If memory runs out inside, the block ends, and the next attempt is one step further down.
        Raises OutOfMemory when there is nothing left to save, BrokenModel when the model cannot be loaded.
        """
        if self._has_failed:
            self._device.give_back()
        rung = self._descent.next(1 if self._is_quicker_alone else count)
        self._has_failed, model = False, None
        try:
            model = self._shelf.get(self._source, self._talk, rung)
            with self._device.measuring() as measured:
                yield model, rung.batch
            self._descent.worked(measured.peak)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self._has_failed = True
            self._descent.failed()
        finally:
            self._descent.end()
            if model is not None:
                model.rest()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; some libraries say so with a RuntimeError."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)
