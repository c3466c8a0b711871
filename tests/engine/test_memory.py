"""The memory policy on a simulated device: the ladder, who leaves first, and that nothing fails that could fit."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from ourvidz.engine.messages import ModelSource
from ourvidz.engine.worker.memory.estimate import Work
from ourvidz.engine.worker.memory.policy import MemoryPolicy
from ourvidz.engine.worker.memory.record import MemoryRecord
from ourvidz.engine.worker.memory.rung import Decoding, Placement, Rung, ladder
from ourvidz.engine.worker.memory.weights import Stage, read_weights
from ourvidz.errors import OutOfMemory
from tests.engine.simulated import GB, SimulatedEngine, sdxl_like

SQUARE = Work(1024, 1024)
SIZES = (SQUARE, Work(1344, 768), Work(512, 512), Work(2048, 2048), Work(832, 480, 81))


def test_a_large_device_takes_everything_at_once() -> None:
    engine = SimulatedEngine(size=48 * GB)
    assert engine.run(sdxl_like(), SQUARE, count=6) == [Rung(Placement.FULL, Decoding.WHOLE, 6)]
    assert not engine.notes


def test_the_less_memory_the_lower_the_rung() -> None:
    """From 40 GB down to 1 GB the same picture is made, ever slower."""
    rungs = [SimulatedEngine(size=size * GB // 2).run(sdxl_like(), SQUARE)[0] for size in range(80, 0, -1)]
    assert rungs == sorted(rungs)
    placements = list(dict.fromkeys(rung.placement for rung in rungs))
    assert placements == [Placement.FULL, Placement.MODEL_OFFLOAD, Placement.GROUP_OFFLOAD, Placement.CPU]


def test_eight_bits_come_before_the_processor_where_main_memory_is_short() -> None:
    """Streams want the weights twice in main memory; 8 bits are content with half of them."""
    engine = SimulatedEngine(size=int(3.8 * GB), host=10 * GB)
    assert engine.run(sdxl_like(), Work(512, 512))[0].placement is Placement.FP8_OFFLOAD
    assert '8 bits' in engine.notes[0]


def test_eight_bits_are_no_place_for_loras() -> None:
    engine = SimulatedEngine(size=int(3.8 * GB), host=20 * GB)
    assert engine.run(sdxl_like(), Work(512, 512, has_loras=True))[0].placement is Placement.GROUP_OFFLOAD
    engine.host = 10 * GB
    with pytest.raises(OutOfMemory):
        engine.run(sdxl_like(), Work(512, 512, has_loras=True))


def test_on_the_processor_weights_take_twice_the_memory() -> None:
    """Nobody is helped by a machine that swaps, or by Linux ending the engine."""
    assert SimulatedEngine(size=GB // 2, host=20 * GB).run(sdxl_like(), SQUARE)[0].placement is Placement.CPU
    with pytest.raises(OutOfMemory):
        SimulatedEngine(size=GB // 2, host=12 * GB).run(sdxl_like(), SQUARE)


def test_out_of_memory_steps_down_once_more_says_so_and_is_remembered() -> None:
    """Decoding takes three times what was estimated; the device finds out and does not try it again."""
    engine = SimulatedEngine(size=16 * GB, truth={'sdxl': {Stage.DECODE: 2.5}})
    assert sum(rung.batch for rung in engine.run(sdxl_like(), SQUARE, count=3)) == 3
    assert len(engine.attempts) > 1 and engine.notes

    failed = set(engine.attempts[:-1]) - {engine.attempts[-1]}
    engine.attempts.clear()
    engine.run(sdxl_like(), SQUARE, count=3)
    assert not failed & set(engine.attempts)


def test_what_was_measured_outlives_the_process_and_a_damaged_record_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / 'engine-memory.json'
    truth = {'sdxl': {Stage.DECODE: 2.5}}
    first = SimulatedEngine(size=16 * GB, truth=truth, record=MemoryRecord(path))
    first.run(sdxl_like(), SQUARE, count=3)
    again = SimulatedEngine(size=16 * GB, truth=truth, record=MemoryRecord(path))
    again.run(sdxl_like(), SQUARE, count=3)
    assert len(again.attempts) < len(first.attempts)

    path.write_text('{"runs": ')
    SimulatedEngine(size=16 * GB, truth=truth, record=MemoryRecord(path)).run(sdxl_like(), SQUARE, count=3)


def test_a_run_over_which_the_process_was_killed_takes_a_lower_rung(tmp_path: Path) -> None:
    path, weights = tmp_path / 'engine-memory.json', sdxl_like()
    first = MemoryPolicy(device='cpu', record=MemoryRecord(path))
    risky = first.choose(weights, SQUARE, count=1, capacity=10 * GB)
    assert risky and risky.rung == Rung(Placement.FULL, Decoding.WHOLE, 1)
    first.begin(weights, SQUARE, risky)

    reborn = MemoryPolicy(device='cpu', record=MemoryRecord(path))
    choice = reborn.choose(weights, SQUARE, count=1, capacity=10 * GB)
    assert choice and choice.rung.decoding is Decoding.TILED


def test_a_failed_rung_is_tried_again_when_there_is_more_room() -> None:
    engine = SimulatedEngine(size=9 * GB, truth={'sdxl': {Stage.DECODE: 1.9}})
    assert engine.run(sdxl_like(), SQUARE)[0] != Rung(Placement.FULL, Decoding.WHOLE, 1)
    engine.device.size = 40 * GB
    assert engine.run(sdxl_like(), SQUARE)[0] == Rung(Placement.FULL, Decoding.WHOLE, 1)


def test_measured_peaks_let_more_fit_than_the_estimate_would() -> None:
    """A model that takes a quarter of its estimate climbs up again after its first run."""
    engine = SimulatedEngine(size=9 * GB, truth={'sdxl': {Stage.DECODE: 0.3, Stage.DENOISE: 0.3}})
    assert engine.run(sdxl_like(), SQUARE)[0].decoding is Decoding.TILED
    engine.run(sdxl_like(), Work(768, 768))
    assert engine.run(sdxl_like(), SQUARE)[0] == Rung(Placement.FULL, Decoding.WHOLE, 1)


def test_models_that_fit_together_are_loaded_once_and_the_least_recently_used_leaves_first() -> None:
    engine = SimulatedEngine(size=20 * GB)
    one, two, three = sdxl_like('one'), sdxl_like('two'), sdxl_like('three')
    for model in (one, two, one, two, one):
        engine.run(model, SQUARE)
    assert engine.loads == ['one', 'two']

    engine.run(three, SQUARE)
    assert list(engine.loaded) == ['one', 'three']
    engine.run(two, SQUARE)
    assert list(engine.loaded) == ['three', 'two']


def test_models_leave_when_others_take_memory_away() -> None:
    engine = SimulatedEngine(size=26 * GB)
    for key in ('one', 'two'):
        engine.run(sdxl_like(key), SQUARE)
    engine.device.size = 12 * GB
    engine.run(sdxl_like('two'), SQUARE)
    assert list(engine.loaded) == ['two'] and engine.device.used <= 12 * GB


def test_what_fits_nowhere_is_refused_with_advice() -> None:
    engine = SimulatedEngine(size=100_000_000, kind='cpu')
    with pytest.raises(OutOfMemory, match='1024x1024 with sdxl does not fit'):
        engine.run(sdxl_like(), SQUARE)


@pytest.mark.parametrize('hundred', range(10))
def test_1000_random_sequences_never_fail_where_a_lower_rung_fits(hundred: int) -> None:
    """Load, run, switch, and memory that shrinks and grows: a run fails only if no rung fits the empty device."""
    for seed in range(100 * hundred, 100 * hundred + 100):
        _random_sequence(random.Random(seed))


def _random_sequence(chance: random.Random) -> None:
    pipelines = ['StableDiffusionXLPipeline', 'WanPipeline', 'SanaPipeline']
    models = [
        sdxl_like(f'model {at}', scale=chance.uniform(0.02, 2), pipeline=chance.choice(pipelines)) for at in range(4)
    ]
    truth = {model.key: {stage: chance.uniform(0.5, 2.5) for stage in Stage} for model in models}
    engine = SimulatedEngine(size=24 * GB, kind=chance.choice(['cuda', 'cuda', 'cpu']), truth=truth)
    for _ in range(8):
        if chance.random() < 0.3:
            engine.device.size = int(chance.uniform(0.2, 24) * GB)
        engine.host = chance.choice([None, int(chance.uniform(0, 20) * GB)]) if engine.kind == 'cuda' else None
        model, work = chance.choice(models), chance.choice(SIZES)
        engine.device.peak = 0
        try:
            rungs = engine.run(model, work, count=chance.choice([1, 1, 3, 6]))
        except OutOfMemory:
            assert not engine.could_fit(model, work)
        else:
            assert rungs and next(reversed(engine.loaded)) == model.key
        assert engine.device.peak <= engine.device.size


def test_a_model_is_weighed_by_its_headers(sdxl: ModelSource) -> None:
    weights = read_weights(sdxl.path, key='tiny', pipeline='StableDiffusionXLPipeline', value_bytes=4)
    assert {name: part.stage for name, part in weights.parts.items()} == {
        'text_encoder': Stage.ENCODE,
        'text_encoder_2': Stage.ENCODE,
        'unet': Stage.DENOISE,
        'vae': Stage.DECODE,
    }
    on_disk = sum(file.stat().st_size for file in sdxl.path.glob('*/*.safetensors'))
    assert 0.9 * on_disk < weights.bytes < on_disk
    assert (weights.hidden, weights.channels) == (64, 8)


def test_ladders_hold_what_a_pipeline_can_do() -> None:
    """Only known transformers and UNets are kept in 8 bits; a processor has nowhere to offload to."""
    assert {rung.placement for rung in ladder('SanaPipeline', 'cuda', count=1)}.isdisjoint({Placement.FP8_OFFLOAD})
    assert {rung.placement for rung in ladder('WanPipeline', 'cpu', count=6)} == {Placement.FULL}
    assert replace(SQUARE, frames=81).cells(sdxl_like()) == 21 * SQUARE.cells(sdxl_like())


@pytest.mark.parametrize(
    ('pipeline', 'config', 'cells'),
    [
        ('StableDiffusionXLPipeline', {}, 128 * 128),
        ('WanPipeline', {'scale_factor_spatial': 16, 'scale_factor_temporal': 4}, 64 * 64),
        ('LTX2Pipeline', {'spatial_compression_ratio': 32, 'temporal_compression_ratio': 8}, 64 * 64),
    ],
)
def test_what_a_denoiser_works_on_is_told_by_the_vae(
    tmp_path: Path, pipeline: str, config: dict[str, int], cells: int
) -> None:
    (tmp_path / 'vae').mkdir()
    (tmp_path / 'vae' / 'config.json').write_text(json.dumps(config))
    assert SQUARE.cells(read_weights(tmp_path, key='', pipeline=pipeline, value_bytes=2)) == cells


def test_the_processor_comes_last_for_estimates_may_be_wrong() -> None:
    """What is thought to need almost twice the card is tried on it, and there it fits."""
    real = SimulatedEngine(size=16 * GB, host=64 * GB, truth={'sdxl': {Stage.DENOISE: 0.3}})
    heavy = replace(sdxl_like(), hidden=1280 * 14)
    assert real.run(heavy, SQUARE)[0].placement is not Placement.CPU
