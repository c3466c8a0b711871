"""The embedded clip model in a real engine process: clips that follow their words and go on from a picture."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ourvidz.engine.process import EngineProcess
from ourvidz.settings import ASSETS_DIR
from ourvidz.spark.clip_renderer import render_clip
from ourvidz.spark.clip_scene import ClipScene
from tests.engine.pixels import difference, frames, pixels
from tests.engine.runs import files, source, video_run

pytestmark = pytest.mark.asyncio(loop_scope='session')

MODEL = source(ASSETS_DIR / 'models' / 'spark-clip', pipeline='WanPipeline', family='spark-clip')
SETTINGS = {'width': 224, 'height': 128, 'num_inference_steps': 5, 'guidance_scale': 3.0, 'flow_shift': 3.0}


@pytest.mark.long
async def test_a_clip_shows_the_place_and_time_that_it_is_asked_for(engine: EngineProcess, staging: Path) -> None:
    seen: dict[str, NDArray[np.float64]] = {}
    for prompt in ('the meadow at day', 'the meadow at night', 'the snow at day'):
        (file,) = await files(engine, video_run(MODEL, staging, prompt=prompt, num_frames=9, **SETTINGS))
        shown = frames(file.original_path)
        assert len(shown) == 9
        assert file.duration == 9 / 8
        seen[prompt] = shown[4]
    day, night, snow = (seen[prompt] for prompt in seen)
    assert night.mean() < day.mean() - 30
    red, green, blue = day[90:].mean((0, 1))
    assert green > max(red, blue)
    assert snow[90:].mean() > day[90:].mean()


async def test_a_clip_begins_with_the_picture_it_is_given(engine: EngineProcess, staging: Path, tmp_path: Path) -> None:
    scene = ClipScene(subject='car', colour='red', place='beach', motion='right')
    given = tmp_path / 'given.png'
    Image.fromarray(render_clip(scene)[0][0]).save(given)
    run = video_run(MODEL, staging, prompt='a red car on the beach', start_frame_path=given, **SETTINGS)

    (file,) = await files(engine, run)

    assert difference(frames(file.original_path)[0], pixels(given)) < 12
