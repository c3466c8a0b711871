"""What a run will need: the weights that are on the device, and what it works with beside them."""

from dataclasses import dataclass, replace

from ourvidz.engine.worker.memory.rung import Decoding, Placement, Rung
from ourvidz.engine.worker.memory.weights import Part, Stage, Weights

TILE = 512
FRAMES_AT_ONCE = 4
"""Frames that a causal VAE makes of one latent frame."""
DENOISE = {'StableDiffusion': 32.0}
"""Numbers that a denoiser of this kind holds for each latent cell, in multiples of its width."""
DENOISE_TRANSFORMER = 14.0
DECODE = 5.0
"""Feature maps of full size that a decoder holds at once."""
TEXTS = 60_000_000
FP8_SHARE = 0.55
"""Of the weights of a denoiser kept in 8 bits; its norms and embeddings stay as they are."""
CAUSAL = ('Wan', 'QwenImage')
FULL_PRECISION = 4


@dataclass(frozen=True, slots=True)
class Work:
    """What a run makes: pictures of a size in pixels, or a clip of frames; and whether LoRAs are applied for it."""

    width: int = 0
    height: int = 0
    frames: int = 1
    has_loras: bool = False

    def __str__(self) -> str:
        return f'{self.width}x{self.height}x{self.frames}'

    def cells(self, weights: Weights) -> int:
        """Latent cells that a denoiser works on."""
        side, frames = weights.cell_side, weights.cell_frames
        return (self.width // side) * (self.height // side) * ((self.frames - 1) // frames + 1)


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes at the stage with the peak: what stays on the device between runs, which parts come for the stage, what it
    works with; `host` is main memory beside the device.
    """

    resident: int
    parts: int
    activations: int
    stage: Stage
    host: int

    @property
    def working(self) -> int:
        return self.parts + self.activations

    @property
    def total(self) -> int:
        return self.resident + self.working


def estimate(weights: Weights, work: Work, rung: Rung, *, corrections: dict[Stage, float] | None = None) -> Need:
    """The need by the model's own tensors; `corrections` are factors for the activations of each stage."""
    factors = corrections or {}
    if rung.placement is Placement.CPU:
        full = replace(weights, value_bytes=FULL_PRECISION)
        acts = max(_activations(full, work, rung, stage) for stage in Stage)
        host = weights.bytes * FULL_PRECISION // weights.value_bytes + acts
        return Need(0, 0, 0, Stage.DENOISE, host)
    resident = weights.bytes if rung.placement is Placement.FULL else 0
    stages = [
        (
            _onloaded(weights, stage, rung.placement),
            int(_activations(weights, work, rung, stage) * factors.get(stage, 1)),
        )
        for stage in Stage
    ]
    (parts, activations), stage = max(zip(stages, Stage, strict=True), key=lambda pair: sum(pair[0]))
    return Need(resident, parts, activations, stage, _host(weights, rung.placement))


def _onloaded(weights: Weights, stage: Stage, placement: Placement) -> int:
    """Bytes of weights that come to the device for a stage."""
    if placement is Placement.FULL:
        return 0
    parts = [part for part in weights.parts.values() if part.stage is stage]
    if placement is Placement.GROUP_OFFLOAD:
        return _staying(weights) + max((2 * part.largest for part in parts), default=0)
    return max((_stored(part, placement) for part in parts), default=0)


def _staying(weights: Weights) -> int:
    """Bytes that are on the device all the time though layers come one by one: a VAE that works in full precision."""
    if not weights.pipeline.startswith('StableDiffusionXL'):
        return 0
    grown = FULL_PRECISION // weights.value_bytes
    return sum(part.bytes * grown for part in weights.parts.values() if part.stage is Stage.DECODE)


def _stored(part: Part, placement: Placement) -> int:
    is_small = placement is Placement.FP8_OFFLOAD and part.stage is Stage.DENOISE
    return int(part.bytes * FP8_SHARE) + 2 * part.largest if is_small else part.bytes


def _host(weights: Weights, placement: Placement) -> int:
    """Main memory: offloaded weights, and once more where a pipeline pins them for streams."""
    match placement:
        case Placement.FULL:
            return 0
        case Placement.GROUP_OFFLOAD:
            return weights.bytes if weights.pipeline == 'causal-lm' else 2 * weights.bytes
        case _:
            return sum(_stored(part, placement) for part in weights.parts.values())


def _activations(weights: Weights, work: Work, rung: Rung, stage: Stage) -> int:
    if stage is Stage.ENCODE:
        return min(TEXTS, weights.bytes)
    if stage is Stage.DENOISE:
        width = next(
            (each for start, each in DENOISE.items() if weights.pipeline.startswith(start)), DENOISE_TRANSFORMER
        )
        return int(work.cells(weights) * weights.hidden * width * weights.value_bytes * rung.batch)
    pixels, at_once = work.width * work.height, rung.batch if rung.decoding is Decoding.WHOLE else 1
    if rung.decoding is Decoding.TILED:
        pixels = min(pixels, TILE * TILE)
    frames = min(work.frames, FRAMES_AT_ONCE) if weights.pipeline.startswith(CAUSAL) else work.frames
    return int(pixels * frames * at_once * weights.channels * DECODE * FULL_PRECISION)
