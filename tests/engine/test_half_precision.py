"""Models as a graphics card keeps them: what fits together on the processor must also in half precision."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from ourvidz.engine.messages import ImageRun, Lora, ModelSource, VideoRun
from ourvidz.engine.worker.device import Device, gpu_dtype
from ourvidz.engine.worker.memory.rung import Decoding, Placement, Rung
from ourvidz.settings import ASSETS_DIR
from tests.checkpoints import tiny_ip_adapter, tiny_lora
from tests.engine.in_process import Ears, InProcess
from tests.engine.pixels import difference, frames, pixels, slope
from tests.engine.runs import image_run, source, video_run
from tests.video_checkpoints import WanKind, tiny_wan

EMBEDDED = ASSETS_DIR / 'models'


class Card(Device):
    """The processor, but weights are as on a card."""

    def __init__(self) -> None:
        super().__init__('cpu')

    def dtype(self, family: str) -> torch.dtype:
        return gpu_dtype(family, has_bfloat=True)


def as_on_a_card(run: ImageRun | VideoRun) -> list[Path]:
    return InProcess(device=Card()).make(run)[0]


def test_a_picture_is_about_the_same(sdxl: ModelSource, staging: Path) -> None:
    run = image_run(sdxl, staging)
    exact, _ = InProcess().make(run)
    before = pixels(exact[0])
    assert difference(pixels(as_on_a_card(run)[0]), before) < 8


def test_everything_that_is_added_to_a_picture_works(sdxl: ModelSource, staging: Path, tmp_path: Path) -> None:
    for name in ('style', 'reference'):
        slope(64, 64).save(tmp_path / f'{name}.png')
    run = image_run(
        sdxl,
        staging,
        1,
        2,
        reference_path=tmp_path / 'reference.png',
        strength=0.6,
        style_reference_path=tmp_path / 'style.png',
        style_adapter_path=tiny_ip_adapter(tmp_path / 'ip-adapter'),
        style_strength=1.0,
        loras=(Lora(path=tiny_lora(tmp_path / 'ink.safetensors'), weight=0.8),),
    )
    assert len(as_on_a_card(run)) == 2


@pytest.mark.parametrize('has_reference', [False, True])
def test_the_embedded_image_model(staging: Path, tmp_path: Path, has_reference: bool) -> None:
    slope(448, 256).save(tmp_path / 'reference.png')
    more = {'reference_path': tmp_path / 'reference.png', 'strength': 0.5} if has_reference else {}
    model = source(EMBEDDED / 'spark-image', family='spark')
    run = image_run(model, staging, width=448, height=256, num_inference_steps=2, **more)
    assert pixels(as_on_a_card(run)[0]).std() > 10


@pytest.mark.parametrize('has_frame', [False, True])
def test_the_embedded_clip_model(staging: Path, tmp_path: Path, has_frame: bool) -> None:
    slope(224, 128).save(tmp_path / 'start.png')
    more = {'start_frame_path': tmp_path / 'start.png'} if has_frame else {}
    model = source(EMBEDDED / 'spark-clip', pipeline='WanPipeline', family='spark-clip')
    run = video_run(model, staging, width=224, height=128, num_inference_steps=2, **more)
    assert len(frames(as_on_a_card(run)[0])) == 9


@pytest.mark.parametrize('kind', ['t2v', 'i2v', 'vace'])
def test_clips(staging: Path, tmp_path: Path, kind: WanKind) -> None:
    slope(64, 64).save(tmp_path / 'start.png')
    pipelines = {'vace': 'WanVACEPipeline', 'i2v': 'WanImageToVideoPipeline'}
    model = source(tiny_wan(tmp_path / kind, kind=kind), pipeline=pipelines.get(kind, 'WanPipeline'), family='wan')
    more = {} if kind == 't2v' else {'start_frame_path': tmp_path / 'start.png'}
    assert len(frames(as_on_a_card(video_run(model, staging, **more))[0])) == 9


def test_a_vae_is_as_it_was_though_memory_ran_out_while_it_decoded_in_full_precision(sdxl: ModelSource) -> None:
    """Pipelines go back to half of it only after a picture; the next run would meet a mixture that fits nowhere."""
    shelf = InProcess(device=Card()).shelf
    model = shelf.get(sdxl, Ears(), Rung(Placement.FULL, Decoding.WHOLE, 1))
    assert model.pipeline.vae.dtype is torch.float16
    model.pipeline.upcast_vae()
    model.rest()
    assert model.pipeline.vae.dtype is torch.float16


@pytest.mark.parametrize('placement', [Placement.FULL, Placement.MODEL_OFFLOAD, Placement.GROUP_OFFLOAD])
def test_a_vae_that_needs_full_precision_decodes_in_it_wherever_the_weights_are(
    sdxl: ModelSource, tmp_path: Path, placement: Placement
) -> None:
    folder = tmp_path / 'real'
    shutil.copytree(sdxl.path, folder)
    config = folder / 'vae' / 'config.json'
    config.write_text(json.dumps(json.loads(config.read_text()) | {'force_upcast': True}))
    shelf = InProcess(device=Card()).shelf
    model = shelf.get(source(folder), Ears(), Rung(placement, Decoding.WHOLE, 1))
    made = [model.pipeline('a fox', num_inference_steps=2, width=64, height=64).images for _ in range(2)]
    assert [len(each) for each in made] == [1, 1]
    hooks = [part for part in model.pipeline.vae.modules() if hasattr(part, '_diffusers_hook')]
    assert not hooks, 'its layers would come as they were'
    assert (model.kept > 0) is (placement is not Placement.MODEL_OFFLOAD)
