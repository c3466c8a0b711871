"""Given frames reach the latents that Wan's transformers are conditioned on: seen at the transformer's own door."""

from pathlib import Path
from typing import Any

import pytest
import torch

from ourvidz.engine.messages import VideoRun
from ourvidz.engine.worker.decoding import wan_frames
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.loading import load_pipeline
from ourvidz.engine.worker.shelf import LoadedModel
from ourvidz.engine.worker.talk import Talk
from ourvidz.engine.worker.video_call import plan_video_call
from tests.engine.pixels import difference, pixels, slope
from tests.engine.runs import source, video_run
from tests.video_checkpoints import WanKind, tiny_wan


class Silence(Talk):
    """A run that nobody listens to."""

    def __init__(self) -> None:
        self.run_id = 'alone'

    def send(self, report: object) -> None:
        """Say nothing."""


def conditions(run: VideoRun) -> tuple[Any, Any]:
    """The pipeline and what its transformer is called with at the first step."""
    model = LoadedModel(source=run.model, pipeline=load_pipeline(run.model, device=Device('cpu'), talk=Silence()))
    pipeline, arguments = plan_video_call(run, model)
    seen: list[dict[str, Any]] = []
    pipeline.transformer.register_forward_pre_hook(lambda _module, _args, named: seen.append(named), with_kwargs=True)
    pipeline(**arguments, generator=torch.Generator().manual_seed(1), output_type='latent')
    return pipeline, seen[0]


def shown(pipeline: Any, latents: torch.Tensor) -> list[Any]:
    """What the latents show, frame by frame."""
    return [frame.astype(float) for frame in wan_frames(pipeline.vae, latents, tick=lambda: None)]


@pytest.fixture
def start(tmp_path: Path) -> Path:
    slope(64, 64).save(tmp_path / 'start.png')
    return tmp_path / 'start.png'


@pytest.fixture
def end(tmp_path: Path) -> Path:
    slope(64, 64).rotate(180).save(tmp_path / 'end.png')
    return tmp_path / 'end.png'


def run_of(kind: WanKind, folder: Path, **given: Path) -> VideoRun:
    name = 'WanVACEPipeline' if kind == 'vace' else 'WanImageToVideoPipeline'
    return video_run(source(tiny_wan(folder / kind, kind=kind), pipeline=name, family='wan'), folder, **given)


@pytest.mark.parametrize('kind', ['i2v', 'flf2v'])
def test_image_to_video_sees_the_first_and_the_last_frame(
    tmp_path: Path, start: Path, end: Path, kind: WanKind
) -> None:
    pipeline, seen = conditions(run_of(kind, tmp_path, start_frame_path=start, end_frame_path=end))

    frames = shown(pipeline, seen['hidden_states'][:, 20:])
    assert difference(frames[0], pixels(start)) < 6
    assert difference(frames[8], pixels(end)) < 6
    known = seen['hidden_states'][0, 16:20, :, 0, 0]
    assert known[:, 0].tolist() == [1, 1, 1, 1] and known[:, 2].tolist() == [0, 0, 0, 1]


def test_vace_keeps_given_frames_and_makes_the_others(tmp_path: Path, start: Path, end: Path) -> None:
    pipeline, seen = conditions(run_of('vace', tmp_path, start_frame_path=start, end_frame_path=end))

    kept = shown(pipeline, seen['control_hidden_states'][:, :16])
    made = shown(pipeline, seen['control_hidden_states'][:, 16:32])
    assert difference(kept[0], pixels(start)) < 6 and difference(kept[8], pixels(end)) < 6
    assert abs(made[0] - 128).max() < 3 and abs(made[4] - 128).max() < 3


def test_vace_ends_on_a_frame_alone_and_shows_a_picture_anywhere(tmp_path: Path, start: Path, end: Path) -> None:
    pipeline, seen = conditions(run_of('vace', tmp_path, end_frame_path=end))
    assert difference(shown(pipeline, seen['control_hidden_states'][:, :16])[8], pixels(end)) < 6

    pipeline, seen = conditions(run_of('vace', tmp_path, single_frame_path=start))
    assert difference(shown(pipeline, seen['control_hidden_states'][:, :16, :1])[0], pixels(start)) < 6
