"""Short ways to say what the engine shall make, and to hear all it says."""

import uuid
from pathlib import Path
from typing import Any

from ourvidz.engine import Engine
from ourvidz.engine.messages import FileMade, ImageRun, ModelSource, Output, Report, Run, VideoRun


def source(path: Path, *, pipeline: str = 'StableDiffusionXLPipeline', family: str = 'sdxl') -> ModelSource:
    return ModelSource(id=path.stem, title=path.stem.title(), family=family, pipeline=pipeline, path=path)


def outputs(*seeds: int) -> tuple[Output, ...]:
    return tuple(
        Output(position=at, asset_id=uuid.uuid4().hex, seed=seed, infotext=f'ein Fuchs 🦊\nSteps: 4, Seed: {seed}')
        for at, seed in enumerate(seeds)
    )


def image_run(model: ModelSource, staging: Path, *seeds: int, **changes: Any) -> ImageRun:
    """A small run; without `seeds` one picture with seed 1."""
    settings: dict[str, Any] = {
        'run_id': uuid.uuid4().hex,
        'model': model,
        'prompt': 'a red fox in the snow',
        'negative_prompt': '',
        'width': 64,
        'height': 64,
        'num_inference_steps': 4,
        'guidance_scale': 5.0,
        'outputs': outputs(*(seeds or (1,))),
        'staging_dir': staging,
        'is_checked': False,
    }
    return ImageRun(**{**settings, **changes})


async def hear(engine: Engine, run: Run) -> list[Report]:
    """All reports of a run."""
    return [report async for report in engine.run(run)]


async def files(engine: Engine, run: Run) -> list[FileMade]:
    """The files of a run by their positions."""
    made = [report for report in await hear(engine, run) if isinstance(report, FileMade)]
    return sorted(made, key=lambda file: file.position)


def video_run(model: ModelSource, staging: Path, *seeds: int, **changes: Any) -> VideoRun:
    """A small clip of 9 frames; without `seeds` one with seed 1."""
    settings: dict[str, Any] = {
        'run_id': uuid.uuid4().hex,
        'model': model,
        'prompt': 'a red fox runs through the snow',
        'negative_prompt': '',
        'width': 64,
        'height': 64,
        'num_inference_steps': 3,
        'guidance_scale': 4.0,
        'num_frames': 9,
        'fps': 8,
        'outputs': outputs(*(seeds or (1,))),
        'staging_dir': staging,
        'is_checked': False,
    }
    return VideoRun(**{**settings, **changes})
