"""The catalog's facts hold together, folders become models, and what fits is said in words."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ourvidz.engine.messages import EngineReady
from ourvidz.errors import NotFound
from ourvidz.models.catalog import Catalog
from ourvidz.models.spec import Ability, ModelFile, ModelSpec
from ourvidz.settings import Settings
from tests.models.weights import SDXL, write_diffusers, write_language_model, write_weights

CARD = EngineReady(device='cuda', device_name='RTX 3060', memory_total=12_000_000_000, main_memory=64 * 10**9)
EXPECTED = {
    *('sdxl-base', 'sdxl-turbo', 'z-image-turbo', 'flux2-klein-4b', 'qwen-image'),
    *('wan21-t2v-1_3b', 'wan21-vace-1_3b', 'wan22-ti2v-5b', 'wan22-t2v-a14b', 'wan22-i2v-a14b', 'ltx-2'),
    *('qwen25-7b-instruct', 'qwen25-7b-base', 'qwen3-4b-instruct', 'qwen3-4b-base'),
}


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    yield Settings(data_dir=tmp_path / 'data')


async def opened(settings: Settings) -> Catalog:
    catalog = Catalog(settings)
    await catalog.rescan()
    return catalog


async def test_every_entry_is_complete(settings: Settings) -> None:
    catalog = await opened(settings)
    specs = {spec.id: spec for spec in catalog.specs() if not spec.is_embedded}
    assert specs.keys() == EXPECTED
    assert catalog.problems == ()
    for spec in specs.values():
        assert spec.repository and spec.licence != 'unknown' and spec.about and spec.title != spec.id
        assert all(because[0].isupper() and because.endswith('.') for because in spec.because.values())
        assert spec.download_size > 1e9 and spec.memory_gb['full'] > 0 and spec.abilities
        if spec.kind != 'text':
            assert_makes_pictures(spec)
        if spec.few_step_lora:
            quick = catalog.get(spec.few_step_lora)
            assert quick.kind == 'add-on' and quick.defaults('fast').num_inference_steps <= 8
    for addition in catalog.add_ons():
        assert addition.repository and addition.licence != 'unknown' and addition.about and addition.download_size > 1e8


def assert_makes_pictures(spec: ModelSpec) -> None:
    assert set(spec.sizes) == {'16:9', '1:1', '9:16'}
    for ratio, shape in {'16:9': 16 / 9, '1:1': 1, '9:16': 9 / 16}.items():
        width, height = spec.sizes[ratio]
        assert width % 16 == height % 16 == 0
        assert abs(width / height / shape - 1) < 0.06
    assert spec.defaults('high').num_inference_steps >= spec.defaults('fast').num_inference_steps
    if spec.kind == 'video':
        assert spec.defaults('fast').fps and (spec.defaults('fast').num_frames or 0) % 4 == 1
    if spec.can(Ability.NEGATIVE_PROMPT):
        assert 'child' in spec.negative_prompt(is_nsfw=True, is_image_to_image=True)
        assert 'nsfw' in spec.negative_prompt(is_nsfw=False, is_image_to_image=False)
    else:
        assert spec.refusal(Ability.NEGATIVE_PROMPT)


async def test_an_unknown_model_is_not_found(settings: Settings) -> None:
    catalog = await opened(settings)
    with pytest.raises(NotFound, match='no model'):
        catalog.get('nothing')


async def test_folders_and_files_are_models_named_after_themselves(settings: Settings) -> None:
    write_diffusers(settings.models_path / 'dreams', sample_size=32)
    write_diffusers(settings.models_path / 'clips', 'WanVACEPipeline')
    write_weights(settings.models_path / 'photo v2.safetensors', SDXL)
    write_language_model(settings.models_path / 'writer', is_instruct=True)
    write_diffusers(settings.models_path / 'odd', 'OddPipeline')
    catalog = await opened(settings)
    dreams, clips, photo = catalog.get('dreams'), catalog.get('clips'), catalog.get('photo v2')
    assert (dreams.family, dreams.pipeline, dreams.kind) == ('sdxl', 'StableDiffusionXLPipeline', 'image')
    assert dreams.sizes == {'16:9': (336, 192), '1:1': (256, 256), '9:16': (192, 336)}
    assert photo.family == 'sdxl' and photo.sizes['1:1'] == (1024, 1024) and photo.can(Ability.LORA)
    assert clips.kind == 'video' and clips.can(Ability.BOTH_FRAMES)
    assert catalog.get('writer').abilities == {Ability.INSTRUCT}
    assert any('OddPipeline' in problem for problem in catalog.problems)


async def test_models_of_one_name_are_told_apart_by_their_folders(settings: Settings) -> None:
    for place in ('', 'a/x', 'b/x'):
        write_diffusers(settings.models_path / place / 'dreams')
    catalog = await opened(settings)
    found = {spec.path: spec.id for spec in catalog.specs() if spec.id.endswith('dreams')}
    assert len(found) == len(set(found.values())) == 3


async def test_what_is_refused_later_is_told(settings: Settings) -> None:
    catalog, told = await opened(settings), list[bool]()
    catalog.CHANGED.subscribe(lambda: told.append(True))
    await catalog.rescan()
    assert not told
    (settings.models_path / 'old.ckpt').write_bytes(b'pickle')
    await catalog.rescan()
    assert told and [refused.path.name for refused in catalog.refused] == ['old.ckpt']


async def test_what_a_wan_model_can_is_seen_by_its_configuration(settings: Settings) -> None:
    names = {'reads': 'WanPipeline', 'starts': 'WanPipeline', 'leads': 'WanImageToVideoPipeline'}
    folders = {name: write_diffusers(settings.models_path / name, pipeline) for name, pipeline in names.items()}
    index = folders['starts'] / 'model_index.json'
    index.write_text(json.dumps(json.loads(index.read_text()) | {'expand_timesteps': True}))
    (folders['leads'] / 'transformer').mkdir(exist_ok=True)
    (folders['leads'] / 'transformer' / 'config.json').write_text('{"pos_embed_seq_len": 514}')
    catalog = await opened(settings)
    frames = {Ability.TEXT_TO_VIDEO, Ability.START_FRAME, Ability.END_FRAME, Ability.BOTH_FRAMES}
    assert catalog.get('reads').abilities & frames == {Ability.TEXT_TO_VIDEO}
    assert catalog.get('starts').abilities & frames == {Ability.TEXT_TO_VIDEO, Ability.START_FRAME}
    assert catalog.get('leads').abilities & frames == {Ability.BOTH_FRAMES}


async def test_a_folder_can_describe_itself(settings: Settings) -> None:
    folder = write_diffusers(settings.models_path / 'mine')
    (folder / 'ourvidz.toml').write_text('title = "My own"\nabilities = ["text_to_image"]\n')
    catalog = await opened(settings)
    mine = catalog.get('mine')
    assert mine.title == 'My own'
    assert mine.abilities == {Ability.TEXT_TO_IMAGE}


async def test_the_folder_of_a_catalog_entry_is_that_entry(settings: Settings) -> None:
    write_diffusers(settings.models_path / 'sdxl-turbo')
    turbo = (await opened(settings)).get('sdxl-turbo')
    assert turbo.is_installed and turbo.title == 'SDXL Turbo' and turbo.defaults('fast').num_inference_steps == 1


async def test_people_add_their_own_entries_and_hear_of_mistakes(settings: Settings) -> None:
    own = settings.data_dir / 'models' / 'catalog.toml'
    own.parent.mkdir(parents=True)
    own.write_text(
        '[models.mine]\nfamily = "sdxl"\ntitle = "Mine"\nrepository = "me/mine"\n'
        '[models.bad]\nfamily = "sdxl"\nrank = "high"\n[models.lost]\nfamily = "unheard"\n'
    )
    catalog = await opened(settings)
    assert catalog.get('mine').can(Ability.STYLE_REFERENCE)
    assert any('bad' in problem and 'rank' in problem for problem in catalog.problems)
    assert any('unheard' in problem for problem in catalog.problems)
    own.write_text('[models.mine')
    await catalog.rescan()
    assert any('cannot be read' in problem for problem in catalog.problems)
    assert catalog.get('sdxl-base')


async def test_what_fits_is_said_in_words(settings: Settings) -> None:
    catalog = await opened(settings)
    catalog.set_device(CARD)
    base = catalog.get('sdxl-base').model_copy(update={'files': ()})
    assert catalog.fit(base).placement == 'full'
    assert 'RTX 3060' in catalog.fit(base).because
    catalog.set_device(replace(CARD, memory_total=7_800_000_000))
    assert catalog.fit(base).placement == 'model_offload'
    catalog.set_device(replace(CARD, memory_total=2_000_000_000))
    assert not catalog.fit(base).fits
    assert 'at least 4.0 GB' in catalog.fit(base).because
    catalog.set_device(replace(CARD, memory_total=7_800_000_000, main_memory=7_000_000_000))
    assert 'of main memory; this machine has 7.0 GB, 2.0 GB are kept' in catalog.fit(base).because
    catalog.set_device(replace(CARD, device='mps', memory_total=10_000_000_000))
    assert not catalog.fit(base).fits, 'there is nothing to take turns with'
    huge = base.model_copy(update={'files': (ModelFile(name='*', size=10**15),)})
    assert not catalog.fit(huge).fits and 'on the disk' in catalog.fit(huge).because


async def test_the_default_is_the_best_that_fits_and_can(settings: Settings) -> None:
    write_diffusers(settings.models_path / 'sdxl-base')
    write_diffusers(settings.models_path / 'sdxl-turbo')
    catalog = await opened(settings)
    catalog.set_device(CARD)
    best = catalog.default('image')
    assert best and best.id == 'sdxl-base'
    catalog.set_device(replace(CARD, memory_total=4_400_000_000))
    smaller = catalog.default('image', {Ability.LORA})
    assert smaller and smaller.id == 'sdxl-turbo'
    assert catalog.default('image', {Ability.STYLE_REFERENCE}) is None
    assert catalog.default('video', {Ability.END_FRAME}) is None


async def test_changes_in_the_folders_are_noticed(settings: Settings) -> None:
    catalog = Catalog(settings)
    await catalog.open()
    try:
        changed = asyncio.Event()
        catalog.CHANGED.subscribe(changed.set)
        async with asyncio.timeout(60):
            while not any(spec.id == 'late' for spec in catalog.specs()):
                write_diffusers(settings.models_path / 'late')
                changed.clear()
                with_timeout = asyncio.wait_for(changed.wait(), 1)
                await asyncio.gather(with_timeout, return_exceptions=True)
        assert catalog.get('late').is_installed
    finally:
        await catalog.close()


async def test_a_style_reference_needs_its_adapter_and_says_so(settings: Settings) -> None:
    write_diffusers(settings.models_path / 'dreams')
    catalog = await opened(settings)
    assert not catalog.get('dreams').can(Ability.STYLE_REFERENCE)
    assert 'Models page' in catalog.get('dreams').refusal(Ability.STYLE_REFERENCE)
    adapter = catalog.get('ip-adapter')
    assert not adapter.is_installed and catalog.style_adapter_path is None and catalog.fit(adapter).fits
    folder = settings.models_path / adapter.id
    write_weights(folder / 'ip-adapter_sdxl.safetensors', {'image_proj.weight': (4,)})
    await catalog.rescan()
    assert catalog.get('dreams').can(Ability.STYLE_REFERENCE)
    assert catalog.style_adapter_path == folder
    assert adapter.id not in {spec.id for spec in catalog.specs()}
