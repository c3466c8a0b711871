"""The device that this process owns: which one, how its weights are kept, how much memory it has and gives back."""

import contextlib
import ctypes
import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from ourvidz.engine.messages import Device as DeviceName
from ourvidz.engine.messages import EngineReady
from ourvidz.engine.worker.allocations import Allocations

GB = 2**30


@dataclass
class Measured:
    """Bytes that were taken at most beside what was held before, None where it cannot be measured."""

    peak: int | None = None


class Device:
    """CUDA, Apple's MPS or the CPU. `limit` in bytes makes it smaller; `held` is what models take of that."""

    def __init__(self, name: DeviceName, *, limit: int | None = None) -> None:
        self.torch = torch.device(_choose(name))
        self.limit = limit
        self.held = 0
        self._threads = Threads()

    @property
    def is_cpu(self) -> bool:
        return self.torch.type == 'cpu'

    def dtype(self, family: str) -> torch.dtype:
        """How weights of a family are kept here: half precision on a GPU, full precision on the CPU."""
        if self.is_cpu:
            return torch.float32
        return gpu_dtype(family, has_bfloat=self.torch.type == 'mps' or torch.cuda.is_bf16_supported())

    def ready(self) -> EngineReady:
        """What there is, for people and for the choice of models."""
        return EngineReady(
            device=self.torch.type,
            device_name=self._title(),
            memory_total=self.total(),
            main_memory=int(psutil.virtual_memory().total),
        )

    def total(self) -> int:
        """Bytes of memory."""
        if self.limit is not None:
            return self.limit
        if self.torch.type == 'cuda':
            return int(torch.cuda.mem_get_info(self.torch)[1])
        return int(psutil.virtual_memory().total)

    def free(self) -> int:
        """Bytes that a run or a model may take now."""
        if self.limit is not None:
            return self.limit - self.held
        if self.torch.type == 'cuda':
            reserved = torch.cuda.memory_reserved(self.torch) - torch.cuda.memory_allocated(self.torch)
            return int(torch.cuda.mem_get_info(self.torch)[0]) + reserved
        return int(psutil.virtual_memory().available)

    def host_free(self) -> int:
        """Bytes of main memory that are free."""
        return int(psutil.virtual_memory().available)

    def begin_run(self) -> None:
        """Forget the last run's peak and take as many threads as the machine could spare during it."""
        self._threads.begin_run()
        self._forget_peak()

    def end_run(self) -> None:
        """See how many threads the machine could spare."""
        self._threads.end_run()

    @contextmanager
    def measuring(self) -> Iterator[Measured]:
        """Measure what the block takes. On a CPU with a limit its tensors run out of memory beyond that."""
        measured = Measured()
        if self.is_cpu and self.limit is not None:
            with Allocations(max(0, self.limit - self.held)) as allocations:
                yield measured
            measured.peak = allocations.peak
            return
        self._forget_peak()
        before = self._taken()
        yield measured
        if self.torch.type == 'cuda' or sys.platform == 'linux':
            measured.peak = max(0, self.peak() - before)

    def _taken(self) -> int:
        if self.torch.type == 'cuda':
            return int(torch.cuda.memory_allocated(self.torch))
        return int(psutil.Process().memory_info().rss)

    def _forget_peak(self) -> None:
        if self.torch.type == 'cuda':
            torch.cuda.reset_peak_memory_stats(self.torch)
        elif sys.platform == 'linux':
            with contextlib.suppress(OSError):
                Path('/proc/self/clear_refs').write_text('5')

    def peak(self) -> int:
        """Bytes taken at most since the run, or the last measuring, began."""
        if self.torch.type == 'cuda':
            return int(torch.cuda.max_memory_allocated(self.torch))
        if sys.platform == 'linux':
            status = Path('/proc/self/status').read_text()
            return int(status.split('VmHWM:')[1].split()[0]) * 1024
        return int(psutil.Process().memory_info().rss)

    def give_back(self) -> None:
        """Return unused memory to the system."""
        gc.collect()
        if self.torch.type == 'cuda':
            torch.cuda.empty_cache()
        elif self.torch.type == 'mps':
            torch.mps.empty_cache()
        if sys.platform == 'linux':
            with contextlib.suppress(OSError, AttributeError):
                ctypes.CDLL(None).malloc_trim(0)

    def _title(self) -> str:
        if self.torch.type == 'cuda':
            return torch.cuda.get_device_name(self.torch)
        if self.torch.type == 'mps':
            return 'Apple GPU'
        return f'CPU, {Threads.cores()} cores'


def gpu_dtype(family: str, *, has_bfloat: bool) -> torch.dtype:
    """How a GPU keeps the weights of a family; the Spark models are so small that they need not be halved."""
    if family.startswith('spark'):
        return torch.float32
    return torch.float16 if family in ('sdxl', 'sd15') or not has_bfloat else torch.bfloat16


class Threads:
    """How many threads torch uses on the CPU: one for each core that others leave idle.

    A thread too many costs far more than one too few, because the others wait for it at every operation.
    """

    def __init__(self) -> None:
        self._me = psutil.Process()
        self.number = self.cores()
        self.begin_run()

    @staticmethod
    def cores() -> int:
        """Physical cores that this process may use; OMP_NUM_THREADS sets fewer."""
        physical = psutil.cpu_count(logical=False) or 1
        allowed = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, 'cpu_affinity') else physical
        return max(1, min(physical, allowed, int(os.environ.get('OMP_NUM_THREADS') or physical)))

    def begin_run(self) -> None:
        """Use the `number` of threads that was chosen, and watch from here on."""
        torch.set_num_threads(self.number)
        self._begun = self._times()

    def end_run(self) -> None:
        """Choose anew for the next run, by what others used during this one."""
        elapsed, busy, mine = (after - before for after, before in zip(self._times(), self._begun, strict=True))
        if elapsed >= 0.5:
            others = (busy - mine) / elapsed
            self.number = max(1, min(self.cores(), round(self.cores() - others + 0.2)))

    def _times(self) -> tuple[float, float, float]:
        """Seconds on the clock, of all cores at work, of this process at work."""
        everyone, mine = psutil.cpu_times(), self._me.cpu_times()
        busy = everyone.user + everyone.system + getattr(everyone, 'nice', 0.0)
        return time.monotonic(), busy, mine.user + mine.system


def is_usable(name: DeviceName) -> bool:
    """Whether torch can use this device here."""
    match name:
        case 'cuda':
            return torch.cuda.is_available()
        case 'mps':
            return torch.backends.mps.is_available()
        case _:
            return True


def _choose(name: DeviceName) -> str:
    if name != 'auto':
        return name
    found: tuple[DeviceName, ...] = ('cuda', 'mps', 'cpu')
    return next(each for each in found if is_usable(each))
