"""Tells whether a model fits this machine, from memory and disk as they are measured now, in words."""

import shutil
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

from ourvidz.engine.messages import EngineReady
from ourvidz.models.spec import ModelSpec

GB = 1e9
RESERVED_ON_DISK = GB
WAYS = {
    'full': 'whole',
    'model_offload': 'one part after the other',
    'group_offload': 'layer by layer, slower',
    'fp8_offload': 'in eight bits, a little less exact',
}


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model fits, and why in one sentence. `placement` is the first that does, '' if none."""

    fits: bool
    because: str
    placement: str = ''


def fit(spec: ModelSpec, device: EngineReady | None, models_path: Path) -> Fit:
    """Measure and compare: the disk first for what is not installed, then memory."""
    if not spec.is_installed and spec.files:
        free = free_disk(models_path)
        if free < spec.download_size + RESERVED_ON_DISK:
            needed = f'It needs {gigabytes(spec.download_size + RESERVED_ON_DISK)} on the disk'
            return Fit(False, f'{needed}, {gigabytes(free)} are free.')
    if spec.kind == 'add-on':
        return Fit(True, 'Used together with other models.')
    if device is None or device.device.startswith('cpu'):
        return _fit_cpu(spec)
    return _fit_device(spec, device)


def free_disk(path: Path) -> int:
    """Free bytes of the disk that the folder is, or will be, on."""
    existing = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), Path('/'))
    return shutil.disk_usage(existing).free


def gigabytes(size: float) -> str:
    """A size for people: '6.9 GB', '35 MB'."""
    if size < 1e9:
        return f'{max(1, round(size / 1e6))} MB'
    return f'{size / GB:.0f} GB' if size >= 99.5e9 else f'{size / GB:.1f} GB'


def _fit_cpu(spec: ModelSpec) -> Fit:
    memory = _memory(second=int(time.monotonic()))
    needed = _cpu_need(spec)
    if needed > memory.total:
        return Fit(False, f'It needs {gigabytes(needed)} of memory, this machine has {gigabytes(memory.total)}.')
    if needed > memory.available:
        return Fit(False, f'It needs {gigabytes(needed)} of memory, {gigabytes(memory.available)} are free.')
    if spec.is_embedded:
        return Fit(True, 'Made for any machine, without a graphics card too.', 'cpu')
    slowly = ', but slowly: there is no graphics card' if needed > 2 * GB else ''
    return Fit(True, f'Fits{slowly} (needs {gigabytes(needed)}, {gigabytes(memory.available)} are free).', 'cpu')


@lru_cache(maxsize=1)
def _memory(*, second: int) -> Any:
    """Measured once a second at most: a page asks a thousand times while it is built."""
    return psutil.virtual_memory()


def _cpu_need(spec: ModelSpec) -> float:
    return spec.memory_gb.get('cpu', 2 * spec.memory_gb.get('full', 0)) * GB


def _fit_device(spec: ModelSpec, device: EngineReady) -> Fit:
    free = f'{gigabytes(device.memory_free)} are free on {device.device_name}'
    ladder = [(way, spec.memory_gb[way] * GB) for way in WAYS if way in spec.memory_gb]
    if not ladder:
        return Fit(True, f'What it needs is not known; {free}.', 'full')
    for way, needed in ladder:
        if needed <= device.memory_free:
            return Fit(True, f'Fits {WAYS[way]} (needs {gigabytes(needed)}, {free}).', way)
    least = min(needed for _, needed in ladder)
    return Fit(False, f'It needs at least {gigabytes(least)} of graphics memory, {free}.')
