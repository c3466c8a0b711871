"""Real pipelines on their rungs: where weights are changes no picture, and a run that finds no memory steps down."""

import shutil
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ourvidz.engine.messages import ImageRun, LoadProgressed, ModelSource
from ourvidz.engine.worker.allocations import Allocations
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.ladder import is_out_of_memory
from ourvidz.engine.worker.loading import load_pipeline
from ourvidz.engine.worker.memory.estimate import Work
from ourvidz.engine.worker.memory.rung import Decoding, Placement, Rung
from ourvidz.engine.worker.placing import place, set_decoding
from ourvidz.engine.worker.speed import blocks_cached, prepare
from ourvidz.engine.worker.texts import texts_remembered
from tests.engine.in_process import Ears, InProcess
from tests.engine.pixels import difference, pixels
from tests.engine.runs import image_run, source
from tests.video_checkpoints import tiny_wan

CPU = torch.device('cpu')
WHOLE = Rung(Placement.FULL, Decoding.WHOLE, 1)
LARGE = Work(256, 256)


def test_a_run_that_finds_no_memory_steps_down_says_so_and_makes_all_pictures(sdxl: ModelSource, staging: Path) -> None:
    """The record says that three at once take next to nothing; in truth only one at a time fits."""
    unlimited, quiet = InProcess(limit=10**9).make(_large_pictures(sdxl, staging, 1, 2, 3))
    assert not quiet.notes and len(unlimited) == 3
    weights = InProcess().shelf.weigh(sdxl)
    engine = InProcess(limit=weights.bytes + (peak_of(sdxl, staging, 1) + peak_of(sdxl, staging, 1, 2, 3)) // 2)
    engine.shelf.policy.worked(weights, LARGE, Rung(Placement.FULL, Decoding.WHOLE, 3), peak=1)
    made, ears = engine.make(_large_pictures(sdxl, staging, 1, 2, 3))
    assert '3 at once do not fit into memory, so' in ' '.join(ears.notes)
    assert engine.device.held == weights.bytes
    assert all(difference(pixels(one), pixels(two)) < 1 for one, two in zip(made, unlimited, strict=True))

    _, ears = engine.make(_large_pictures(sdxl, staging, 1, 2, 3))
    assert not ears.notes, 'it learned: what fits is tried at once'


def peak_of(sdxl: ModelSource, staging: Path, *seeds: int) -> int:
    """Bytes that a run takes beside the weights."""
    engine = InProcess(limit=10**9)
    engine.make(_large_pictures(sdxl, staging, *seeds))
    weights, rung = engine.shelf.weigh(sdxl), Rung(Placement.FULL, Decoding.WHOLE, len(seeds))
    return engine.shelf.policy.need(weights, LARGE, rung).total - weights.bytes


def _large_pictures(sdxl: ModelSource, staging: Path, *seeds: int) -> ImageRun:
    """Beside their memory that of a live preview, which a run shows if it takes long, is little."""
    return image_run(sdxl, staging, *seeds, width=LARGE.width, height=LARGE.height, num_inference_steps=2)


def test_a_repeated_prompt_is_encoded_once_whatever_else_changes(sdxl: ModelSource, staging: Path) -> None:
    engine = InProcess()
    calls: list[int] = []
    model = engine.shelf.get(sdxl, Ears(), WHOLE)
    model.pipeline.text_encoder.register_forward_hook(lambda *_: calls.append(1))
    for width in (64, 96):
        _, ears = engine.make(image_run(sdxl, staging, 1, 2, width=width, num_inference_steps=1))
        assert not [report for report in ears.heard if isinstance(report, LoadProgressed)]
    assert len(calls) == 1
    engine.make(image_run(sdxl, staging, prompt='another', num_inference_steps=1))
    assert len(calls) == 2


def test_the_least_recently_used_model_leaves_a_small_device(sdxl: ModelSource, staging: Path, tmp_path: Path) -> None:
    other = source(Path(shutil.copytree(sdxl.path, tmp_path / 'other')))
    engine = InProcess(limit=3_500_000)
    engine.make(image_run(sdxl, staging, num_inference_steps=1))
    engine.make(image_run(other, staging, num_inference_steps=1))
    assert [key.split()[0] for key, _ in engine.shelf.others('')] == [str(other.path)]


@pytest.mark.parametrize('placement', Placement)
def test_where_the_weights_are_changes_no_picture(sdxl: ModelSource, placement: Placement) -> None:
    """8 bits are a little less exact."""
    plain = _pipeline(sdxl)
    placed = _pipeline(sdxl)
    place(placed, placement, CPU, before=None)
    allowed = 8.0 if placement is Placement.FP8_OFFLOAD else 0.5
    assert difference(_picture(placed), _picture(plain)) <= allowed
    assert difference(_picture(placed), _picture(plain)) <= allowed, 'the second time too'
    if placement is Placement.FP8_OFFLOAD:
        assert torch.float8_e4m3fn in {weight.dtype for weight in placed.unet.parameters()}
    if placement is Placement.MODEL_OFFLOAD:
        place(placed, Placement.FULL, CPU, before=placement)
        assert difference(_picture(placed), _picture(plain)) <= allowed


@pytest.mark.parametrize('placement', [Placement.GROUP_OFFLOAD, Placement.FP8_OFFLOAD])
def test_clips_too_are_made_layer_by_layer_and_in_eight_bits(tmp_path: Path, placement: Placement) -> None:
    model = source(tiny_wan(tmp_path / 'wan'), pipeline='WanPipeline', family='wan')
    plain, placed = _pipeline(model), _pipeline(model)
    place(placed, placement, CPU, before=None)
    difference = (_latents(placed) - _latents(plain)).abs().mean()
    assert difference <= (0.2 if placement is Placement.FP8_OFFLOAD else 1e-4)
    assert placed.vae.dtype == torch.float32, "Wan's VAE keeps full precision"


@pytest.mark.long
def test_tiles_and_slices_take_less_memory(sdxl: ModelSource) -> None:
    pipeline = _pipeline(sdxl)
    latents = torch.randn(2, 4, 68, 68, generator=torch.Generator().manual_seed(1))
    peaks = {}
    for decoding in Decoding:
        set_decoding(pipeline, decoding)
        with torch.no_grad(), Allocations(10**10) as allocations:
            pipeline.vae.decode(latents)
        peaks[decoding] = allocations.peak
    assert peaks[Decoding.TILED] < peaks[Decoding.SLICED] < peaks[Decoding.WHOLE]


def test_a_limit_on_tensors_is_kept_and_given_back() -> None:
    with Allocations(10_000_000) as allocations:
        held = torch.zeros(1000, 1000)
        assert allocations.bytes == held.view(-1).nbytes == 4_000_000
        with pytest.raises(torch.OutOfMemoryError):
            torch.zeros(2000, 1000)
        del held
        assert (allocations.bytes, allocations.peak) == (0, 4_000_000)


def test_libraries_that_lack_memory_in_their_own_words_are_understood() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError('shapes do not match'))


def test_blocks_that_change_little_are_skipped_for_one_run_only(tmp_path: Path) -> None:
    pipeline = _pipeline(source(tiny_wan(tmp_path / 'wan'), pipeline='WanPipeline', family='wan'))
    calls: list[int] = []
    pipeline.transformer.blocks[1].attn1.register_forward_hook(lambda *_: calls.append(1))
    seen: list[tuple[int, torch.Tensor]] = []
    for threshold in (None, 1e9, 0.0, None):
        calls.clear()
        with blocks_cached(pipeline, threshold):
            latents = _latents(pipeline)
        seen.append((len(calls), latents))
    (whole, plain), (skipped, quick), (exact, same), (after, again) = seen
    assert whole == exact == after > skipped == 2, 'once with the prompt, once with the negative prompt'
    assert torch.allclose(plain, again) and torch.allclose(plain, same, atol=1e-4) and not torch.allclose(plain, quick)


def test_any_pipeline_encodes_a_repeated_prompt_once(tmp_path: Path) -> None:
    pipeline = _pipeline(source(tiny_wan(tmp_path / 'wan'), pipeline='WanPipeline', family='wan'))
    calls: list[int] = []
    pipeline.text_encoder.register_forward_hook(lambda *_: calls.append(1))
    texts: OrderedDict[Any, Any] = OrderedDict()
    made = []
    for _ in range(2):
        with texts_remembered(pipeline, texts):
            made.append(_latents(pipeline))
    assert len(calls) == 2 and torch.allclose(made[0], made[1])
    _latents(pipeline)
    assert len(calls) == 4


def test_blocks_are_compiled_if_so_chosen(sdxl: ModelSource) -> None:
    pipeline = _pipeline(sdxl)
    blocks = [part for part in pipeline.unet.modules() if type(part).__name__ == 'BasicTransformerBlock']
    prepare(pipeline, device=CPU, is_compiled=False)
    assert blocks and all(block._compiled_call_impl is None for block in blocks)
    prepare(pipeline, device=CPU, is_compiled=True)
    assert all(block._compiled_call_impl is not None for block in blocks)


def _pipeline(model: ModelSource) -> Any:
    return load_pipeline(model, device=Device('cpu'), talk=Ears())


def _picture(pipeline: Any) -> NDArray[np.float64]:
    random = torch.Generator().manual_seed(1)
    arguments = {'prompt': 'a fox', 'width': 64, 'height': 64, 'num_inference_steps': 2}
    return np.asarray(pipeline(**arguments, generator=random).images[0], np.float64)


def _latents(pipeline: Any) -> torch.Tensor:
    arguments = {'prompt': 'a fox', 'width': 64, 'height': 64, 'num_frames': 5, 'num_inference_steps': 4}
    random = torch.Generator().manual_seed(1)
    latents: torch.Tensor = pipeline(**arguments, generator=random, output_type='latent').frames
    return latents
