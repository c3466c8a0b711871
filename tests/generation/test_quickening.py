"""Few steps: used at quality fast where the addition is installed and honours what is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ourvidz.engine.messages import ImageRun
from ourvidz.generation.planning import Planner
from ourvidz.generation.references import References
from ourvidz.generation.request import GenerationRequest
from ourvidz.library.tables import Job
from ourvidz.models.catalog import Catalog
from ourvidz.settings import Settings
from tests.models.weights import SDXL_LORA, write_diffusers, write_weights

OWN = """
[models.tiny]
family = 'sdxl'
title = 'Tiny'
few_step_lora = 'quick'
[models.quick]
family = 'few-steps'
title = 'Quick'
repository = 'me/quick'
[models.quick.fast]
num_inference_steps = 3
guidance_scale = 0.0
scheduler = { name = 'LCMScheduler' }
"""


@dataclass
class Desk:
    """Where requests become runs."""

    settings: Settings

    async def run(self, **wishes: Any) -> ImageRun:
        catalog = Catalog(self.settings)
        await catalog.rescan()
        planner = Planner(
            catalog=catalog, references=References(self.settings.references_dir), staging_dir=self.settings.staging_dir
        )
        request = GenerationRequest.model_validate({'prompt': 'a fox', 'model': 'tiny', **wishes})
        job = Job(mode='image', request={}, prompt='a fox', seed=1, rank=1)
        plan = await planner.plan(job, request, catalog.get('tiny'), made=frozenset())
        assert isinstance(plan.run, ImageRun)
        return plan.run


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path)
    write_diffusers(settings.models_path / 'tiny')
    (settings.models_path / 'catalog.toml').write_text(OWN)
    yield Desk(settings)


async def test_without_the_addition_all_steps_are_run(desk: Desk) -> None:
    run = await desk.run(quality='fast')
    assert (run.num_inference_steps, run.loras, run.scheduler) == (15, (), None)


async def test_at_quality_fast_its_numbers_are_used(desk: Desk) -> None:
    file = write_weights(desk.settings.models_path / 'quick' / 'lora.safetensors', SDXL_LORA)
    run = await desk.run(quality='fast')
    assert [(lora.path, lora.weight) for lora in run.loras] == [(file, 1.0)]
    assert (run.num_inference_steps, run.guidance_scale, run.scheduler) == (3, 0.0, {'name': 'LCMScheduler'})
    assert run.negative_prompt == '' and run.parameters['loras'] == ['Quick']


@pytest.mark.parametrize(
    'wishes',
    [{'quality': 'high'}, {'negative_prompt': 'rain'}, {'num_inference_steps': 20}, {'guidance_scale': 7.0}],
    ids=str,
)
async def test_what_it_would_not_honour_gets_all_steps(desk: Desk, wishes: dict[str, Any]) -> None:
    write_weights(desk.settings.models_path / 'quick' / 'lora.safetensors', SDXL_LORA)
    run = await desk.run(**{'quality': 'fast', **wishes})
    assert run.num_inference_steps > 3 and run.guidance_scale > 5 and not run.loras and run.scheduler is None
    assert 'blurry' in run.negative_prompt


async def test_it_can_be_switched_off_and_is_no_lora_to_choose(desk: Desk) -> None:
    write_weights(desk.settings.models_path / 'quick' / 'lora.safetensors', SDXL_LORA)
    catalog = Catalog(desk.settings)
    await catalog.rescan()
    assert catalog.loras == () and catalog.get('quick').is_installed
    desk.settings = desk.settings.model_copy(update={'are_few_steps_used': False})
    assert (await desk.run(quality='fast')).num_inference_steps == 15
