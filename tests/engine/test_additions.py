"""What is added for a run works wherever the weights are: style references, LoRAs, few steps."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import LCMScheduler
from diffusers.hooks import HookRegistry
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from ourvidz.engine.messages import ImageRun, Lora, ModelSource, Noted
from ourvidz.engine.worker.additions import loras_applied, scheduler_replaced, take_loras_off
from ourvidz.engine.worker.call import Call, plan_call
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.loading import load_pipeline
from ourvidz.engine.worker.memory.rung import Placement
from ourvidz.engine.worker.placing import place
from ourvidz.engine.worker.shelf import LoadedModel
from ourvidz.engine.worker.style import style_applied
from ourvidz.engine.worker.talk import Talk
from tests.checkpoints import tiny_ip_adapter, tiny_lora, tiny_sdxl_file
from tests.engine.pixels import difference, slope
from tests.engine.runs import image_run, outputs, source
from tests.video_checkpoints import tiny_wan, tiny_wan_lora

CPU = torch.device('cpu')


class Silence(Talk):
    """A run that nobody listens to."""

    def __init__(self) -> None:
        self.run_id = 'alone'
        self.notes: list[str] = []

    def send(self, report: object) -> None:
        self.notes += [report.text] if isinstance(report, Noted) else []


def placed(model: ModelSource, placement: Placement) -> LoadedModel:
    pipeline = load_pipeline(model, device=Device('cpu'), talk=Silence())
    place(pipeline, placement, CPU, before=None)
    return LoadedModel(source=model, pipeline=pipeline, placement=placement)


@pytest.fixture(scope='module')
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_ip_adapter(tmp_path_factory.mktemp('models') / 'ip-adapter')


@pytest.fixture
def styled(sdxl: ModelSource, adapter: Path, tmp_path: Path) -> ImageRun:
    """An image to image run that follows a style."""
    for name, size in (('style.png', (300, 200)), ('reference.png', (64, 64))):
        slope(*size).save(tmp_path / name)
    return image_run(
        sdxl,
        tmp_path,
        reference_path=tmp_path / 'reference.png',
        strength=0.9,
        style_reference_path=tmp_path / 'style.png',
        style_adapter_path=adapter,
        style_strength=1.0,
    )


def picture(run: ImageRun, model: LoadedModel, talk: Talk) -> NDArray[np.float64]:
    call = plan_call(run, model)
    with style_applied(call.pipeline, run, model=model, device=CPU, talk=talk) as more:
        if model.placement is Placement.GROUP_OFFLOAD:
            assert all_come_by_themselves(call.pipeline.unet)
        made = np.asarray(call(list(run.outputs), **more)[0], np.float64)
    model.rest()
    return made


def all_come_by_themselves(unet: Any) -> bool:
    """Whether each layer with weights has the hook that brings it to the device."""
    leaves = [part for part in unet.modules() if isinstance(part, torch.nn.Linear | torch.nn.Conv2d)]
    hooks = [HookRegistry.check_if_exists_or_initialize(leaf).get_hook('group_offloading') for leaf in leaves]
    return all(hook is not None for hook in hooks)


@pytest.mark.parametrize('placement', Placement)
def test_a_style_is_followed_from_a_picture_wherever_the_weights_are(
    sdxl: ModelSource, styled: ImageRun, placement: Placement
) -> None:
    talk = Silence()
    followed = picture(styled, placed(sdxl, Placement.FULL), talk)
    model = placed(sdxl, placement)
    allowed = 16.0 if placement is Placement.FP8_OFFLOAD else 0.5
    assert difference(picture(styled, model, talk), followed) <= allowed
    assert difference(picture(styled, model, talk), followed) <= allowed, 'the second time too'
    assert len([key for key in model.texts if key[0] == 'style']) == 1, 'the style was looked at once'
    assert not talk.notes


def test_a_style_is_seen_as_diffusers_sees_it(sdxl: ModelSource, styled: ImageRun, adapter: Path) -> None:
    model = placed(sdxl, Placement.FULL)
    ours = picture(styled, model, Silence())
    call = plan_call(styled, model)
    call.pipeline.load_ip_adapter(str(adapter), subfolder='', weight_name='ip-adapter_sdxl.safetensors')
    call.pipeline.set_ip_adapter_scale({'up': {'block_0': [0.0, 1.0]}})
    theirs = call(list(styled.outputs), ip_adapter_image=slope(300, 200))[0]
    assert difference(ours, np.asarray(theirs, np.float64)) < 0.5


def test_loras_stay_loaded_for_the_next_run_with_the_same_ones(sdxl: ModelSource, tmp_path: Path) -> None:
    pipeline = placed(sdxl, Placement.FULL).pipeline
    ink = Lora(path=tiny_lora(tmp_path / 'ink.safetensors'), weight=1.0)
    with loras_applied(pipeline, (ink,), title='Tiny'):
        first = pipeline.unet.state_dict().keys()
    layers = {id(part) for part in pipeline.unet.modules()}
    with loras_applied(pipeline, (Lora(path=ink.path, weight=0.3),), title='Tiny'):
        assert {id(part) for part in pipeline.unet.modules()} == layers
    with loras_applied(pipeline, (), title='Tiny'):
        assert len(pipeline.unet.state_dict()) < len(first)


def test_a_lora_for_wan_reaches_both_experts_or_the_one_in_its_name(tmp_path: Path) -> None:
    model = source(tiny_wan(tmp_path / 'wan', kind='a14b'), pipeline='WanPipeline', family='wan')
    pipeline = load_pipeline(model, device=Device('cpu'), talk=Silence())
    reached = {}
    for name in ('both', 'high_noise_model', 'Quick_LOW_fp16'):
        lora = Lora(path=tiny_wan_lora(tmp_path / f'{name}.safetensors'), weight=1.0)
        with loras_applied(pipeline, (lora,), title='Wan'):
            reached[name] = {part for part, adapters in pipeline.get_list_adapters().items() if adapters}
        take_loras_off(pipeline)
    experts = {'transformer', 'transformer_2'}
    assert reached == {'both': experts, 'high_noise_model': {'transformer'}, 'Quick_LOW_fp16': {'transformer_2'}}


def test_each_picture_has_the_reference_for_itself() -> None:
    """Some pipelines would read one picture for all once, and spend the first seed on it."""
    heard: dict[str, Any] = {}

    def pipeline(**arguments: Any) -> SimpleNamespace:
        heard.update(arguments)
        return SimpleNamespace(images=[])

    Call(pipeline, {'image': 'picture', 'strength': 0.5}, 2, lambda _: {})(list(outputs(1, 2)))
    assert heard['image'] == ['picture'] * 2 and len(heard['generator']) == 2


def test_a_checkpoint_that_foretells_velocity_is_sampled_so(tmp_path: Path) -> None:
    """Its maker says so with a tensor that means nothing else."""
    path = tiny_sdxl_file(tmp_path / 'plain.safetensors')
    marked = tmp_path / 'marked.safetensors'
    shutil.copytree(path.with_suffix(''), marked.with_suffix(''))
    told = []
    for marks in ((), ('v_pred',), ('v_pred', 'ztsnr')):
        save_file(load_file(path) | {mark: torch.zeros(1) for mark in marks}, marked)
        config = load_pipeline(source(marked), device=Device('cpu'), talk=Silence()).scheduler.config
        told.append((config.prediction_type, config.get('rescale_betas_zero_snr', False)))
    assert told == [('epsilon', False), ('v_prediction', False), ('v_prediction', True)]


def test_another_scheduler_serves_for_one_run(sdxl: ModelSource) -> None:
    pipeline = placed(sdxl, Placement.FULL).pipeline
    own = pipeline.scheduler
    with scheduler_replaced(pipeline, {'name': 'LCMScheduler', 'original_inference_steps': 20}):
        assert isinstance(pipeline.scheduler, LCMScheduler)
        assert pipeline.scheduler.config.beta_start == own.config.beta_start
    with scheduler_replaced(pipeline, {'timestep_spacing': 'trailing'}):
        assert type(pipeline.scheduler) is type(own) and pipeline.scheduler.config.timestep_spacing == 'trailing'
    assert pipeline.scheduler is own
