"""Each control changes what the model reads, the person's words are kept, and nothing goes missing without a word."""

from pathlib import Path
from typing import Any

import pytest

from ourvidz.generation.prompting import FinalPrompt, TokenCounter, final_prompt
from ourvidz.generation.request import GenerationRequest
from ourvidz.models.catalog import Catalog
from ourvidz.models.spec import ModelSpec
from ourvidz.settings import Settings
from tests.models.weights import write_clip_tokenizer, write_words

REFERENCE = 'a' * 32


@pytest.fixture
async def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(Settings(data_dir=tmp_path))
    await catalog.rescan()
    return catalog


@pytest.fixture
def spark(tmp_path: Path) -> ModelSpec:
    return ModelSpec(id='spark', title='Spark', kind='image', family='spark', pipeline='X', path=write_words(tmp_path))


def read(spec: ModelSpec, **controls: Any) -> FinalPrompt:
    request = GenerationRequest.model_validate({'prompt': 'a fox in the snow'} | controls)
    return final_prompt(request, spec, counter=TokenCounter())


def test_sdxl_reads_phrases_in_order(catalog: Catalog) -> None:
    sdxl = catalog.get('sdxl-base')
    assert read(sdxl).text == 'a fox in the snow'
    full = read(sdxl, shot_type='close', camera_angle='low_angle', style='film noir')
    assert full.text == 'a fox in the snow, close-up shot, low angle shot, film noir'
    assert full.dropped == () and full.unread == ''


def test_video_models_read_one_sentence(catalog: Catalog) -> None:
    wan = catalog.get('wan21-t2v-1_3b')
    full = read(wan, prompt='A fox runs.', shot_type='medium', camera_angle='overhead', style='Vintage')
    assert full.text == 'A fox runs, seen in a medium shot, viewed from directly overhead, in Vintage style.'
    assert read(wan, prompt='A fox runs.').text == 'A fox runs.'


def test_spark_reads_the_words_it_was_trained_on(spark: ModelSpec) -> None:
    assert read(spark, prompt='a red car').text == 'a red car, wide shot'
    full = read(spark, prompt='a tiger', shot_type='close', camera_angle='bird_eye', style='aquarelle')
    assert full.text == "a lion, close-up shot, bird's eye view, watercolor style"
    assert full.replaced == (('tiger', 'lion'), ('aquarelle', 'watercolor'))
    assert read(spark, prompt='a red car, close-up').text == 'a red car, close-up'
    assert read(spark, prompt='a red car, close-up', shot_type='medium').text == 'a red car, close-up, medium shot'
    assert read(spark, prompt='a red teapot').unknown == ('teapot',)


def test_what_is_left_open_is_chosen_by_the_seed_and_only_without_a_picture(spark: ModelSpec) -> None:
    final = read(spark, prompt='a red car')
    told = {final.for_seed(seed) for seed in range(40)}
    assert told == {
        f'a red car, wide shot, on the {side}, {time}' for side in ('left', 'right') for time in ('at sunset', 'by day')
    }
    assert final.for_seed(7) == final.for_seed(7)
    assert read(spark, prompt='a red car on the left by night').for_seed(7) == (
        'a red car on the left by night, wide shot'
    )
    assert not read(spark, prompt='blue', reference_id=REFERENCE).unsaid


@pytest.mark.parametrize('model', ['sdxl-base', 'z-image-turbo', 'wan22-ti2v-5b', 'ltx-2', 'spark'])
def test_every_value_of_every_control_is_read(catalog: Catalog, spark: ModelSpec, model: str) -> None:
    spec = spark if model == 'spark' else catalog.get(model)
    values: dict[str, list[str]] = {
        'shot_type': ['wide', 'medium', 'close'],
        'camera_angle': ['none', 'eye_level', 'low_angle', 'over_shoulder', 'overhead', 'bird_eye'],
        'style': ['', 'pop', 'dreamy'],
    }
    for control, choices in values.items():
        texts = {read(spec, prompt='popcorn', **{control: choice}).text for choice in choices}
        assert len(texts) == len(choices)


def test_what_the_words_say_already_is_not_said_twice(catalog: Catalog) -> None:
    full = read(catalog.get('sdxl-base'), prompt='a fox, Close-up Shot', shot_type='close')
    assert full.text == 'a fox, Close-up Shot'


def test_phrases_without_room_are_dropped_from_the_end_and_named(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / 'model'
    write_clip_tokenizer(folder / 'tokenizer')
    sdxl = catalog.get('sdxl-base').model_copy(update={'path': folder})
    prompt = 'a ' + 'b' * 50
    full = read(sdxl, prompt=prompt, shot_type='close', camera_angle='overhead', style='a very long style')
    assert full.text == f'{prompt}, close-up shot'
    assert full.dropped == ('overhead view', 'a very long style')
    assert full.tokens <= full.limit == 77 and full.is_exact


def test_own_words_are_never_cut_and_what_is_not_read_is_told(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / 'model'
    write_clip_tokenizer(folder / 'tokenizer')
    sdxl = catalog.get('sdxl-base').model_copy(update={'path': folder})
    prompt = ' '.join(['word'] * 19 + ['last'])
    full = read(sdxl, prompt=prompt, style='noir')
    assert full.text == prompt
    assert full.dropped == ('noir',)
    assert full.unread == 'word last'
    assert full.left_out('SDXL') == 'Left out, too long for SDXL: noir. Too long: SDXL does not read “word last”.'
    assert full.tokens == 82


def test_what_is_not_read_of_a_negative_prompt_is_told(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / 'model'
    write_clip_tokenizer(folder / 'tokenizer')
    sdxl = catalog.get('sdxl-base').model_copy(update={'path': folder})
    full = read(sdxl, negative_prompt=' '.join(['word'] * 19 + ['last']))
    assert full.negative.endswith('word last')
    assert full.unread_negative == 'word last'
    assert 'of what to leave out SDXL does not read “word last”' in full.left_out('SDXL')


def test_the_marks_of_other_tools_are_told_to_be_plain_words(catalog: Catalog) -> None:
    full = read(catalog.get('sdxl-base'), prompt='a (red fox:1.3) (in snow) at 7:30 <lora:none:1>')
    assert full.text == 'a (red fox:1.3) (in snow) at 7:30 <lora:none:1>'
    assert full.plain == ('(red fox:1.3)', '<lora:none:1>')
    assert 'reads “(red fox:1.3), <lora:none:1>” as plain words' in full.left_out('SDXL')


def test_the_enhanced_prompt_takes_the_place_of_the_prompt(catalog: Catalog) -> None:
    full = read(catalog.get('sdxl-base'), enhanced_prompt='a red fox in deep snow, soft light', shot_type='medium')
    assert full.text == 'a red fox in deep snow, soft light, medium shot'


def test_a_copy_is_told_nothing_new(catalog: Catalog) -> None:
    controls = {'enhanced_prompt': 'much more', 'style': 'noir', 'shot_type': 'close', 'reference_id': REFERENCE}
    assert read(catalog.get('sdxl-base'), **controls, reference_mode='copy').text == 'a fox in the snow'
    assert read(catalog.get('sdxl-base'), **controls).text == 'much more, close-up shot, noir'


def test_negative_prompts_differ_by_content_and_task(catalog: Catalog) -> None:
    sdxl = catalog.get('sdxl-base')
    controls: tuple[dict[str, str], ...] = (
        {},
        {'content': 'nsfw'},
        {'reference_id': REFERENCE},
        {'content': 'nsfw', 'reference_id': REFERENCE},
    )
    negatives = {read(sdxl, **some).negative for some in controls}
    assert len(negatives) == 4
    assert read(sdxl, negative_prompt='hats').negative.endswith(', hats')


def test_a_negative_prompt_that_has_no_effect_is_told(catalog: Catalog) -> None:
    full = read(catalog.get('z-image-turbo'), negative_prompt='hats')
    assert full.negative == '' and full.dropped == ('hats',)


def test_a_long_negative_prompt_drops_terms_of_the_model_first(catalog: Catalog, tmp_path: Path) -> None:
    write_clip_tokenizer(tmp_path / 'model' / 'tokenizer')
    sdxl = catalog.get('sdxl-base').model_copy(update={'path': tmp_path / 'model'})
    full = read(sdxl, negative_prompt='no hats of any kind')
    assert full.negative.endswith('no hats of any kind') and full.negative.startswith('nsfw')
    assert 'watermark' in full.dropped
