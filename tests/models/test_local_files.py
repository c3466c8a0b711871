"""Folders of other tools are read as they are; families come from headers; pickles and fragments are refused."""

import json
import struct
from pathlib import Path

import pytest

from ourvidz.errors import BrokenModel
from ourvidz.models.catalog import Catalog
from ourvidz.models.headers import Nature, nature_of, read_header
from ourvidz.models.local_files import find
from ourvidz.settings import Settings
from tests.models.weights import (
    FLUX_LORA,
    SD15,
    SD15_LORA,
    SDXL,
    SDXL_LORA,
    WAN_LORA,
    WAN_TRANSFORMER,
    write_diffusers,
    write_weights,
)

DIFFUSERS_SDXL_LORA = {'unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight': (2, 2048)}
Z_IMAGE_LORA = {'diffusion_model.layers.0.attention.to_k.lora_A.weight': (2, 8)}
QWEN_LORA = {'transformer.transformer_blocks.0.attn.add_k_proj.lora_A.weight': (2, 8)}


def comfy(root: Path) -> Path:
    write_weights(root / 'models' / 'checkpoints' / 'xl' / 'dream.safetensors', SDXL)
    write_weights(root / 'models' / 'loras' / 'neon.safetensors', SDXL_LORA)
    write_weights(root / 'models' / 'diffusion_models' / 'wan.safetensors', WAN_TRANSFORMER)
    write_weights(root / 'models' / 'vae' / 'vae.safetensors', {'decoder.conv_in.weight': (4,)})
    (root / 'models' / 'checkpoints' / 'old.ckpt').write_bytes(b'pickle')
    write_weights(root / 'custom_nodes' / 'inside.safetensors', SDXL)
    return root


def a1111(root: Path) -> Path:
    for name in ('photo', 'riddle'):
        write_weights(root / 'models' / 'Stable-diffusion' / f'{name}.safetensors', SD15)
    write_diffusers(root / 'models' / 'Stable-diffusion' / 'photo')
    write_weights(root / 'models' / 'Lora' / 'ink.safetensors', SD15_LORA)
    (root / 'embeddings').mkdir()
    (root / 'embeddings' / 'bad.pt').write_bytes(b'pickle')
    return root


def invoke(root: Path) -> Path:
    write_diffusers(root / 'models' / 'sdxl' / 'main' / 'juggler')
    write_weights(root / 'models' / '8f1c-uuid' / 'painter.safetensors', SDXL)
    return root


def test_the_layouts_of_other_tools_are_understood(tmp_path: Path) -> None:
    findings = find([comfy(tmp_path / 'comfy'), a1111(tmp_path / 'a1111'), invoke(tmp_path / 'invoke')])
    models = {model.path.stem: model.family or model.pipeline for model in findings.models}
    assert models == {
        'dream': 'sdxl',
        'photo': 'sd15',
        'juggler': 'StableDiffusionXLPipeline',
        'painter': 'sdxl',
    }
    assert {lora.path.stem: lora.family for lora in findings.loras} == {'neon': 'sdxl', 'ink': 'sd15'}
    refused = {refusal.path.name: refusal.because for refusal in findings.refused}
    assert refused.keys() == {'old.ckpt', 'bad.pt', 'riddle.safetensors', 'wan.safetensors'}
    assert 'a folder riddle beside it' in refused['riddle.safetensors']
    assert 'run any program' in refused['old.ckpt']
    assert 'only the transformer of a wan model' in refused['wan.safetensors']


@pytest.mark.parametrize(
    ('shapes', 'nature'),
    [
        (SDXL, Nature('checkpoint', 'sdxl')),
        (SD15, Nature('checkpoint', 'sd15')),
        (WAN_TRANSFORMER, Nature('transformer', 'wan')),
        (SDXL_LORA, Nature('lora', 'sdxl')),
        (DIFFUSERS_SDXL_LORA, Nature('lora', 'sdxl')),
        (SD15_LORA, Nature('lora', 'sd15')),
        (FLUX_LORA, Nature('lora', 'flux')),
        (WAN_LORA, Nature('lora', 'wan')),
        (Z_IMAGE_LORA, Nature('lora', 'z-image')),
        (QWEN_LORA, Nature('lora', 'qwen-image')),
        ({'some.lora_A.weight': (2, 8)}, Nature('lora', '')),
        ({'encoder.conv.weight': (2,)}, Nature('other', '')),
    ],
)
def test_the_family_is_in_the_header(tmp_path: Path, shapes: dict[str, tuple[int, ...]], nature: Nature) -> None:
    path = write_weights(tmp_path / 'flux-wan-sdxl.safetensors', shapes)
    assert nature_of(read_header(path)) == nature


def test_metadata_decides_where_tensors_leave_it_open(tmp_path: Path) -> None:
    stated = {'modelspec.architecture': 'stable-diffusion-xl-v1-base/lora'}
    path = write_weights(tmp_path / 'a.safetensors', {'some.lora_A.weight': (2, 8)}, stated)
    assert nature_of(read_header(path)) == Nature('lora', 'sdxl')


def test_broken_files_are_refused_with_the_reason(tmp_path: Path) -> None:
    whole = write_weights(tmp_path / 'whole.safetensors', SDXL).read_bytes()
    (tmp_path / 'cut.safetensors').write_bytes(whole[:-10])
    (tmp_path / 'empty.safetensors').write_bytes(b'')
    (tmp_path / 'lies.safetensors').write_bytes(struct.pack('<Q', 2**60) + b'{}')
    (tmp_path / 'junk.safetensors').write_bytes(struct.pack('<Q', 4) + b'junk')
    (tmp_path / 'list.safetensors').write_bytes(struct.pack('<Q', 2) + b'[]')
    refused = {refusal.path.name: refusal.because for refusal in find([tmp_path]).refused}
    assert '10 bytes are missing' in refused['cut.safetensors']
    assert set(refused) == {f'{name}.safetensors' for name in ('cut', 'empty', 'lies', 'junk', 'list')}
    with pytest.raises(BrokenModel, match='cut short'):
        read_header(tmp_path / 'empty.safetensors')


def test_nothing_vanishes_without_a_word(tmp_path: Path) -> None:
    write_weights(tmp_path / 'style.safetensors', {'lora_unet_mid_block.hada_w1_a': (4, 4)})
    refused = {file.path.name: file.because for file in find([tmp_path, tmp_path / 'gone']).refused}
    assert 'LoHa' in refused['style.safetensors']
    assert refused['gone'] == 'There is no such folder.'


def test_links_in_circles_end(tmp_path: Path) -> None:
    write_weights(tmp_path / 'a.safetensors', SDXL)
    (tmp_path / 'round').symlink_to(tmp_path)
    assert len(find([tmp_path, tmp_path / 'round', tmp_path / 'missing']).models) == 1


async def catalog_with(tmp_path: Path) -> Catalog:
    catalog = Catalog(Settings(data_dir=tmp_path / 'data', more_model_dirs=(tmp_path / 'loras',)))
    await catalog.rescan()
    return catalog


async def test_loras_that_do_not_fit_say_why(tmp_path: Path) -> None:
    write_weights(tmp_path / 'loras' / 'neon.safetensors', SDXL_LORA, {'modelspec.trigger_phrase': 'neon glow, n30n'})
    write_weights(tmp_path / 'loras' / 'walk.safetensors', WAN_LORA)
    write_weights(tmp_path / 'loras' / 'what.safetensors', {'some.lora_A.weight': (2, 8)})
    catalog = await catalog_with(tmp_path)
    choices = {choice.title: choice for choice in catalog.loras_for(catalog.get('sdxl-base'))}
    assert list(choices) == ['neon', 'walk', 'what']
    assert choices['neon'].because == '' and choices['neon'].trigger_words == ('neon glow', 'n30n')
    assert choices['walk'].because == 'It was made for Wan models, not for SDXL models like Stable Diffusion XL 1.0.'
    assert 'does not tell' in choices['what'].because
    vace = {choice.title: choice.because for choice in catalog.loras_for(catalog.get('wan21-vace-1_3b'))}
    assert vace['walk'] == '' and vace['neon']


async def test_a_wan_lora_of_another_size_does_not_fit(tmp_path: Path) -> None:
    write_weights(tmp_path / 'loras' / 'walk.safetensors', WAN_LORA)
    folder = write_diffusers(tmp_path / 'data' / 'models' / 'wan14', 'WanPipeline')
    (folder / 'transformer').mkdir()
    size = {'num_attention_heads': 40, 'attention_head_dim': 128}
    (folder / 'transformer' / 'config.json').write_text(json.dumps(size))
    catalog = await catalog_with(tmp_path)
    (choice,) = catalog.loras_for(catalog.get('wan14'))
    assert '1536 wide' in choice.because and '5120 wide' in choice.because


async def test_trigger_words_come_from_tags_and_notes_too(tmp_path: Path) -> None:
    tags = {'ss_tag_frequency': json.dumps({'10_set': {'ohwx man': 20, 'smile': 3}, '5_more': {'ohwx man': 4}})}
    write_weights(tmp_path / 'loras' / 'man.safetensors', SDXL_LORA, tags)
    noted = write_weights(tmp_path / 'loras' / 'noted.safetensors', SDXL_LORA)
    noted.with_suffix('.json').write_text(json.dumps({'activation text': 'abc style'}))
    write_weights(tmp_path / 'loras' / 'odd.safetensors', SDXL_LORA, {'ss_tag_frequency': '[1'})
    write_weights(tmp_path / 'loras' / 'more' / 'man.safetensors', SDXL_LORA)
    catalog = await catalog_with(tmp_path)
    words = {choice.id: choice.trigger_words for choice in catalog.loras_for(catalog.get('sdxl-base'))}
    assert words == {'man': ('ohwx man',), 'more/man': (), 'noted': ('abc style',), 'odd': ()}
