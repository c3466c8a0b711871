"""A real engine process makes real pictures with a tiny SDXL checkpoint."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ourvidz.engine.messages import (
    FileMade,
    LoadProgressed,
    Lora,
    ModelSource,
    Noted,
    PreviewMade,
    RunFinished,
    StepProgressed,
)
from ourvidz.engine.process import EngineProcess
from tests.checkpoints import tiny_ip_adapter, tiny_lora, tiny_sdxl_file
from tests.engine.pixels import difference, pixels, slope
from tests.engine.runs import files, hear, image_run, outputs, source

pytestmark = pytest.mark.asyncio(loop_scope='session')


async def test_three_variations_come_with_progress_and_lie_in_the_staging_folder(
    engine: EngineProcess, sdxl: ModelSource, staging: Path
) -> None:
    reports = await hear(engine, image_run(sdxl, staging, 7, 8, 9, width=96, is_checked=True))

    made = [report for report in reports if isinstance(report, FileMade)]
    assert sorted((file.position, file.seed) for file in made) == [(0, 7), (1, 8), (2, 9)]
    for file in made:
        assert (file.width, file.height, file.kind) == (96, 64, 'image')
        for path in (file.original_path, file.preview_path, file.thumbnail_path):
            with Image.open(path) as picture:
                assert picture.size == (96, 64)
        assert 20 < len(file.placeholder) < 50
        assert file.content_score is not None and 0 <= file.content_score <= 1
    shares = [report.share for report in reports if isinstance(report, StepProgressed)]
    assert shares == sorted(shares) and 0 < shares[0] < shares[-1] <= 1
    assert isinstance(reports[-1], RunFinished) and reports[-1].peak_memory > 0


async def test_a_seed_gives_the_same_picture_alone_and_among_others(
    engine: EngineProcess, sdxl: ModelSource, staging: Path
) -> None:
    among = await files(engine, image_run(sdxl, staging, 41, 42, 43))
    (alone,) = await files(engine, image_run(sdxl, staging, 42))

    assert difference(pixels(alone.original_path), pixels(among[1].original_path)) < 1
    assert difference(pixels(alone.original_path), pixels(among[0].original_path)) > 5


async def test_a_picture_may_have_a_prompt_of_its_own(engine: EngineProcess, sdxl: ModelSource, staging: Path) -> None:
    first, second = outputs(5, 5)
    own = replace(second, prompt='a lighthouse')
    made = await files(engine, image_run(sdxl, staging, outputs=(first, own)))
    (alone,) = await files(engine, image_run(sdxl, staging, 5, prompt='a lighthouse'))

    assert difference(pixels(made[0].original_path), pixels(made[1].original_path)) > 0.05
    assert difference(pixels(made[1].original_path), pixels(alone.original_path)) < 0.01
    with Image.open(made[1].original_path) as picture:
        assert json.loads(picture.text['ourvidz'])['final_prompt'] == 'a lighthouse'  # type: ignore[attr-defined]


async def test_every_control_changes_the_picture(engine: EngineProcess, sdxl: ModelSource, staging: Path) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {'prompt': 'a lighthouse'},
        {'negative_prompt': 'snow'},
        {'guidance_scale': 9.0},
    ]
    changes += [{'num_inference_steps': 6}]
    seen = [pixels((await files(engine, image_run(sdxl, staging, **change)))[0].original_path) for change in changes]

    for at, picture in enumerate(seen[1:], 1):
        assert difference(picture, seen[0]) > 0.05, changes[at]


async def test_a_picture_carries_its_parameters(engine: EngineProcess, sdxl: ModelSource, staging: Path) -> None:
    run = image_run(
        sdxl,
        staging,
        2**63 - 1,
        parameters={'prompt': 'ein Füchslein 🦊', 'quality': 'fast'},
    )
    (file,) = await files(engine, run)

    with Image.open(file.original_path) as picture:
        texts = dict(picture.text)  # type: ignore[attr-defined]
    assert texts['parameters'] == f'ein Fuchs 🦊\nSteps: 4, Seed: {2**63 - 1}'
    told = json.loads(texts['ourvidz'])
    assert told == {'prompt': 'ein Füchslein 🦊', 'quality': 'fast', 'seed': 2**63 - 1, 'width': 64, 'height': 64}


async def test_the_picture_can_be_seen_forming(engine: EngineProcess, sdxl: ModelSource, staging: Path) -> None:
    run = image_run(sdxl, staging, 1, 2, num_inference_steps=900)
    async for report in engine.run(run):
        if isinstance(report, PreviewMade) and report.position == 1:
            break
    else:
        raise AssertionError('no preview came')

    assert report.webp[:4] == b'RIFF' and len(report.webp) < 20_000


async def test_copy_returns_the_reference_and_modify_moves_on_from_it(
    engine: EngineProcess, sdxl: ModelSource, staging: Path
) -> None:
    reference = staging / 'reference.png'
    slope(64, 64).save(reference)
    copy = image_run(sdxl, staging, reference_path=reference, strength=0.05, guidance_scale=1.0, num_inference_steps=20)
    modify = image_run(sdxl, staging, reference_path=reference, strength=0.9)

    reports = await hear(engine, copy)
    (copied,) = [report for report in reports if isinstance(report, FileMade)]
    (modified,) = await files(engine, modify)

    assert [(report.step, report.steps) for report in reports if isinstance(report, StepProgressed)] == [(1, 1)]
    assert difference(pixels(copied.original_path), pixels(reference)) < 16
    assert difference(pixels(modified.original_path), pixels(reference)) > 24


async def test_a_reference_of_another_shape_is_cropped_and_never_boxed(
    engine: EngineProcess, sdxl: ModelSource, staging: Path
) -> None:
    reference = staging / 'wide.png'
    slope(256, 64).save(reference)
    run = image_run(sdxl, staging, reference_path=reference, strength=0.05, guidance_scale=1.0, num_inference_steps=20)
    (file,) = await files(engine, run)

    middle = Image.open(reference).crop((96, 0, 160, 64))
    middle.save(staging / 'middle.png')
    assert difference(pixels(file.original_path), pixels(staging / 'middle.png')) < 16


async def test_a_single_file_gives_the_same_picture_as_the_folder(
    engine: EngineProcess, sdxl: ModelSource, staging: Path, tmp_path: Path
) -> None:
    single = source(tiny_sdxl_file(tmp_path / 'one-file.safetensors'))

    (from_file,) = await files(engine, image_run(single, staging))
    (from_folder,) = await files(engine, image_run(sdxl, staging))

    assert difference(pixels(from_file.original_path), pixels(from_folder.original_path)) < 1


async def test_two_models_that_fit_are_loaded_once(
    engine: EngineProcess, sdxl: ModelSource, staging: Path, tmp_path: Path
) -> None:
    other = source(tiny_sdxl_file(tmp_path / 'other.safetensors', seed=5))
    await hear(engine, image_run(sdxl, staging))
    await hear(engine, image_run(other, staging))

    for model in (sdxl, other, sdxl):
        reports = await hear(engine, image_run(model, staging))
        assert not [report for report in reports if isinstance(report, LoadProgressed)]

    await engine.unload()
    loaded = [
        report.share for report in await hear(engine, image_run(sdxl, staging)) if isinstance(report, LoadProgressed)
    ]
    assert loaded[0] == 0 and loaded[-1] == 1 and all(one <= two for one, two in pairwise(loaded))


async def test_a_lora_acts_for_its_run_only(
    engine: EngineProcess, sdxl: ModelSource, staging: Path, tmp_path: Path
) -> None:
    lora = Lora(path=tiny_lora(tmp_path / 'ink.safetensors'), weight=1.0)
    (before,) = await files(engine, image_run(sdxl, staging))
    (with_lora,) = await files(engine, image_run(sdxl, staging, loras=(lora,)))
    (after,) = await files(engine, image_run(sdxl, staging))

    assert difference(pixels(with_lora.original_path), pixels(before.original_path)) > 1
    assert difference(pixels(after.original_path), pixels(before.original_path)) < 0.1


async def test_a_style_reference_without_an_adapter_is_said_to_have_no_effect(
    engine: EngineProcess, sdxl: ModelSource, staging: Path
) -> None:
    style = staging / 'style.png'
    slope(64, 64).save(style)
    reports = await hear(engine, image_run(sdxl, staging, style_reference_path=style))

    (note,) = [report.text for report in reports if isinstance(report, Noted)]
    assert 'style' in note and isinstance(reports[-1], RunFinished)


async def test_a_style_reference_steers_the_picture_by_its_strength(
    engine: EngineProcess, sdxl: ModelSource, staging: Path, tmp_path: Path
) -> None:
    adapter = tiny_ip_adapter(tmp_path / 'ip-adapter')
    style = tmp_path / 'style.png'
    slope(300, 200).save(style)
    seen = []
    for strength in (0.0, 0.4, 1.0):
        run = image_run(sdxl, staging, style_reference_path=style, style_adapter_path=adapter, style_strength=strength)
        seen.append(pixels((await files(engine, run))[0].original_path))
    (plain,) = await files(engine, image_run(sdxl, staging))

    assert difference(seen[0], pixels(plain.original_path)) < 0.1
    assert difference(seen[1], seen[0]) > 0.1 and difference(seen[2], seen[1]) > 0.1
