"""Models whose files are missing, cut off, damaged or pickles fail with a sentence, and the engine goes on."""

import shutil
from pathlib import Path

import pytest

from ourvidz.engine.messages import Lora, ModelSource
from ourvidz.engine.process import EngineProcess
from ourvidz.errors import BrokenModel, EngineFailure
from tests.engine.runs import files, hear, image_run, source

pytestmark = pytest.mark.asyncio(loop_scope='session')


@pytest.fixture
def copy(sdxl: ModelSource, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sdxl.path, tmp_path / 'copy'))


async def fails(engine: EngineProcess, model: ModelSource, staging: Path) -> str:
    """Run a broken model: what the person is told."""
    with pytest.raises(BrokenModel) as failed:
        await hear(engine, image_run(model, staging))
    assert failed.value.advice
    assert not list(staging.iterdir())
    return failed.value.message


async def test_a_model_that_is_gone(engine: EngineProcess, staging: Path, tmp_path: Path) -> None:
    assert 'no longer' in await fails(engine, source(tmp_path / 'gone'), staging)


async def test_a_model_without_its_index(engine: EngineProcess, copy: Path, staging: Path) -> None:
    (copy / 'model_index.json').unlink()
    assert 'incomplete' in await fails(engine, source(copy), staging)


async def test_a_model_that_lacks_a_part(engine: EngineProcess, copy: Path, staging: Path) -> None:
    shutil.rmtree(copy / 'vae')
    assert 'cannot be loaded' in await fails(engine, source(copy), staging)


async def test_weights_that_were_cut_off(engine: EngineProcess, sdxl: ModelSource, copy: Path, staging: Path) -> None:
    weights = copy / 'unet' / 'diffusion_pytorch_model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert 'ends after' in await fails(engine, source(copy), staging)
    assert len(await files(engine, image_run(sdxl, staging))) == 1


async def test_weights_that_are_noise(engine: EngineProcess, copy: Path, staging: Path) -> None:
    (copy / 'unet' / 'diffusion_pytorch_model.safetensors').write_bytes(b'\x40\0\0\0\0\0\0\0' + b'noise' * 100)
    assert 'damaged' in await fails(engine, source(copy), staging)


async def test_pickles_are_refused(engine: EngineProcess, copy: Path, staging: Path, tmp_path: Path) -> None:
    for weights in copy.glob('*/*.safetensors'):
        weights.rename(weights.with_suffix('.bin'))
    assert 'can run any code' in await fails(engine, source(copy), staging)

    pickle = tmp_path / 'model.ckpt'
    pickle.write_bytes(b'\x80\x04.')
    assert 'can run any code' in await fails(engine, source(pickle), staging)


async def test_a_pipeline_that_diffusers_does_not_know(engine: EngineProcess, copy: Path, staging: Path) -> None:
    told = await fails(engine, source(copy, pipeline='TomorrowPipeline'), staging)
    assert 'TomorrowPipeline' in told


async def test_a_lora_that_does_not_fit(
    engine: EngineProcess, sdxl: ModelSource, staging: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / 'wrong.safetensors'
    wrong.write_bytes(b'nonsense')
    with pytest.raises(EngineFailure, match='does not fit'):
        await hear(engine, image_run(sdxl, staging, loras=(Lora(path=wrong, weight=1.0),)))
    assert len(await files(engine, image_run(sdxl, staging))) == 1
