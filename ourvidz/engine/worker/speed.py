"""What makes a pipeline quicker, each a choice: memory layout, compiled blocks, skipped steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import AutoencoderKL, FirstBlockCacheConfig
from diffusers.models.cache_utils import CacheMixin

from ourvidz.engine.worker.placing import denoisers


def prepare(pipeline: Any, *, device: torch.device, is_compiled: bool) -> None:
    """Once after a pipeline came to its device: UNets like channels last on CUDA, image VAEs on the CPU; blocks are
    compiled if so chosen.

    None of these changes pictures visibly. Compiling takes a minute at the first run of each size.
    """
    unet = getattr(pipeline, 'unet', None)
    if unet is not None and device.type == 'cuda':
        unet.to(memory_format=torch.channels_last)
    vae = getattr(pipeline, 'vae', None)
    if isinstance(vae, AutoencoderKL) and device.type == 'cpu':
        vae.to(memory_format=torch.channels_last)
    if is_compiled:
        for part in denoisers(pipeline):
            if getattr(part, '_repeated_blocks', None):
                part.compile_repeated_blocks()


@contextmanager
def blocks_cached(pipeline: Any, threshold: float | None) -> Iterator[None]:
    """For one run: where a transformer's first block changes less than `threshold` since a step before, the others are
    skipped and their last result is used. UNets and VACE, which adds to every block, cannot; None skips nothing.
    """
    parts = [part for part in denoisers(pipeline) if _can_skip(part)] if threshold is not None else []
    try:
        for part in parts:
            part.enable_cache(FirstBlockCacheConfig(threshold=threshold))
        yield
    finally:
        for part in parts:
            if part.is_cache_enabled:
                part.disable_cache()


def _can_skip(part: Any) -> bool:
    return isinstance(part, CacheMixin) and not hasattr(part, 'vace_blocks')
