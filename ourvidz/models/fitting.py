"""Tells whether a model fits this machine, in words: by the memory that there is, and the disk as it is now.

What other programs hold of the memory at the moment changes by the minute; a default model that came and went with that
would be changed silently. The engine looks when a run begins, and steps down if need be.
"""

import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

from ourvidz.engine.messages import EngineReady
from ourvidz.models.spec import ModelSpec

GB = 1e9
RESERVED_ON_DISK = GB
RESERVED_IN_MEMORY = 2 * GB
"""For the system and the browser."""
RESERVED_ON_CARD = 0.6 * GB
"""For the desktop and the driver."""
WAYS = {
    'full': 'whole',
    'model_offload': 'one part after the other',
    'group_offload': 'layer by layer, slower',
    'fp8_offload': 'in eight bits, a little less exact',
}


WEIGHTS_SHARE = 0.46
"""The weights in half precision, of what a model needs on the processor: there they are in full."""
SHARE_BESIDE = {'full': 0.0, 'model_offload': 1.0, 'group_offload': 2.0, 'fp8_offload': 0.8}
"""Of the weights, in main memory: once while parts take turns on a card, twice where layers stream."""


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
    total = _total_memory()
    needed = _cpu_need(spec)
    if needed > total - RESERVED_IN_MEMORY:
        kept = f'{gigabytes(RESERVED_IN_MEMORY)} are kept for other programs'
        return Fit(False, f'It needs {gigabytes(needed)} of memory; this machine has {gigabytes(total)}, {kept}.')
    if spec.is_embedded:
        return Fit(True, 'Made for any machine, without a graphics card too.', 'cpu')
    slowly = ', but slowly: there is no graphics card' if needed > 2 * GB else ''
    return Fit(True, f'Fits{slowly} (needs {gigabytes(needed)} of {gigabytes(total)}).', 'cpu')


@lru_cache(maxsize=1)
def _total_memory() -> int:
    """In bytes; a page asks a thousand times while it is built."""
    return int(psutil.virtual_memory().total)


def _cpu_need(spec: ModelSpec) -> float:
    return spec.memory_gb.get('cpu', 2 * spec.memory_gb.get('full', 0)) * GB


def _fit_device(spec: ModelSpec, device: EngineReady) -> Fit:
    is_card = device.device == 'cuda'
    there = f'{device.device_name} has {gigabytes(device.memory_total)}'
    ladder = [(way, spec.memory_gb[way] * GB) for way in WAYS if way in spec.memory_gb and (is_card or way == 'full')]
    if not ladder:
        return Fit(True, f'What it needs is not known; {there}.', 'full')
    reserved = RESERVED_ON_CARD if is_card else RESERVED_IN_MEMORY
    on_device = [(way, needed) for way, needed in ladder if needed <= device.memory_total - reserved]
    for way, needed in on_device:
        if _beside(spec, way) <= device.main_memory - RESERVED_IN_MEMORY:
            return Fit(True, f'Fits {WAYS[way]} (needs {gigabytes(needed)}, {there}).', way)
    if on_device:
        needed = min(_beside(spec, way) for way, _ in on_device)
        there = f'this machine has {gigabytes(device.main_memory)}, {gigabytes(RESERVED_IN_MEMORY)} are kept'
        return Fit(False, f'Beside the card it needs {gigabytes(needed)} of main memory; {there} for other programs.')
    least = min(needed for _, needed in ladder)
    kept = f'{gigabytes(reserved)} are kept for other programs'
    return Fit(False, f'It needs at least {gigabytes(least)} of graphics memory; {there}, {kept}.')


def _beside(spec: ModelSpec, way: str) -> float:
    """Bytes of main memory that hold the weights beside a card; a language model's layers come without streams."""
    share = 1.0 if spec.kind == 'text' and way == 'group_offload' else SHARE_BESIDE[way]
    return share * WEIGHTS_SHARE * _cpu_need(spec)
