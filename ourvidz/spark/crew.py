"""Several processes that train one network: each learns from scenes of its own, and their gradients are averaged."""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
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

    def average(self, module: nn.Module, number: float) -> float:
        """Averages the gradients, and a number, over all processes."""
        if self.count == 1:
            return number
        gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
        flat = torch.cat([*(one.flatten() for one in gradients), torch.tensor([number])])
        distributed.all_reduce(flat)
        flat /= self.count
        *parts, mean = torch.split(flat, [*(one.numel() for one in gradients), 1])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.reshape(gradient.shape))
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
    torch.set_num_threads(1)
    distributed.init_process_group('gloo', init_method=f'file://{meeting}', rank=rank, world_size=workers)
    work(*arguments, Crew(rank, workers))
    distributed.destroy_process_group()
