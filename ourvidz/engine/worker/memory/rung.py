"""The ladder: all ways to place a model and to share out its work, the quickest first."""

from dataclasses import dataclass
from enum import IntEnum


class Placement(IntEnum):
    """Where the weights are while a model works, the quickest first."""

    FULL = 0
    MODEL_OFFLOAD = 1
    GROUP_OFFLOAD = 2
    FP8_OFFLOAD = 3
    CPU = 4


class Decoding(IntEnum):
    """How latents become pixels: all at once, one picture after the other, or in tiles."""

    WHOLE = 0
    SLICED = 1
    TILED = 2


@dataclass(frozen=True, slots=True, order=True)
class Rung:
    """One way to make a run; `batch` is how many pictures are made at once."""

    placement: Placement
    decoding: Decoding
    batch: int

    def __str__(self) -> str:
        return f'{self.placement.name.lower()} {self.decoding.name.lower()} {self.batch}'


P = Placement
EVERYWHERE = (P.FULL, P.MODEL_OFFLOAD, P.GROUP_OFFLOAD, P.FP8_OFFLOAD, P.CPU)
PLACEMENTS: dict[str, tuple[Placement, ...]] = {
    'causal-lm': (P.FULL, P.GROUP_OFFLOAD, P.CPU),
    'StableDiffusion': EVERYWHERE,
    'Wan': EVERYWHERE,
    'Flux': EVERYWHERE,
    'QwenImage': EVERYWHERE,
    'ZImage': EVERYWHERE,
    'LTX': EVERYWHERE,
}
"""By the beginning of a pipeline's name. 8-bit storage and group offload are never combined, for together with 4-bit
weights they give NaN. Only the denoiser is kept in 8 bits: text encoders suffer, and Wan's VAE needs 32 bits."""
UNKNOWN = (P.FULL, P.MODEL_OFFLOAD, P.CPU)
"""What every pipeline of diffusers can do."""


def placements(pipeline: str, device: str) -> tuple[Placement, ...]:
    """Where a pipeline's weights can be; only CUDA has a memory of its own to offload from."""
    if device != 'cuda':
        return (P.FULL,)
    return next((able for start, able in PLACEMENTS.items() if pipeline.startswith(start)), UNKNOWN)


def ladder(pipeline: str, device: str, *, count: int, has_loras: bool = False) -> list[Rung]:
    """All rungs for `count` pictures; at each placement come slices, tiles and smaller batches, which cost little.

    A LoRA would be kept in 8 bits as well, in which nothing can be computed and its small numbers vanish.
    """
    return [
        Rung(placement, decoding, batch)
        for placement in placements(pipeline, device)
        if not (has_loras and placement is Placement.FP8_OFFLOAD)
        for batch in _batches(count)
        for decoding in Decoding
        if not (decoding is Decoding.SLICED and batch == 1) and not (decoding is Decoding.WHOLE and batch < count)
    ]


def _batches(count: int) -> list[int]:
    batches = [count]
    while batches[-1] > 1:
        batches.append((batches[-1] + 1) // 2)
    return batches
