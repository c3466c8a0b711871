"""Several processes that train one network: each learns from scenes of its own, and every few steps they meet."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Crew:
    """Which of how many processes this is."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this one prints and saves."""
        return self.rank == 0

    @torch.no_grad()
    def average(self, module: nn.Module, number: float) -> float:
        """Makes the weights of all processes their mean, and gives the mean of a number."""
        if self.count == 1:
            return number
        weights = list(module.parameters())
        flat = torch.cat([*(one.flatten() for one in weights), torch.tensor([number])])
        distributed.all_reduce(flat)
        flat /= self.count
        *parts, mean = torch.split(flat, [*(one.numel() for one in weights), 1])
        for weight, part in zip(weights, parts, strict=True):
            weight.copy_(part.reshape(weight.shape))
        return float(mean)


def together(work: Callable[..., None], *arguments: Any, workers: int, meeting: Path) -> None:
    """Calls `work(*arguments, crew)` in so many processes, which meet at a file; one works right here."""
    if workers == 1:
        work(*arguments, Crew())
        return
    meeting.unlink(missing_ok=True)
    context = get_context('spawn')
    crew = [
        context.Process(target=_join, args=(rank, workers, meeting, work, arguments), daemon=True)
        for rank in range(workers)
    ]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    if any(one.exitcode for one in crew):
        raise SystemExit('A process of the crew failed; start again, the training goes on from its last checkpoint.')


def _join(rank: int, workers: int, meeting: Path, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    distributed.init_process_group('gloo', init_method=f'file://{meeting}', rank=rank, world_size=workers)
    work(*arguments, Crew(rank, workers))
    distributed.destroy_process_group()


def _end_with_parent() -> None:
    """However the parent ends: what trains on unseen would write over the checkpoints of who starts it again."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
