"""The form becomes a request, and survives a restart."""

from pathlib import Path

import pytest

from ourvidz.errors import InvalidInput
from ourvidz.generation.references import Reference
from ourvidz.generation.request import AspectRatio, CameraAngle, Content, Mode, idle_fields
from ourvidz.workspace.prompt_form import PromptForm, validated


def test_every_control_of_the_form_reaches_the_request() -> None:
    given = Reference('a' * 32, 64, 64, 'file', Path('a.png'), Path('a.webp'))
    plain = PromptForm(prompt='a fox', reference=given, style_reference=given).request()
    changed = {
        'prompt': 'a car',
        'negative_prompt': 'rain',
        'aspect_ratio': AspectRatio.TALL,
        'shot_type': 'close',
        'camera_angle': CameraAngle.OVERHEAD,
        'style': 'noir',
        'quality': 'high',
        'variations': 6,
        'seed': 7,
        'image_model': 'tiny',
        'content': 'nsfw',
        'enhancement': 'base',
        'strength': 0.3,
        'style_strength': 0.9,
        'reference_mode': 'copy',
    }
    for control, value in changed.items():
        form = PromptForm(prompt='a fox', reference=given, style_reference=given)
        setattr(form, control, value)
        assert form.request() != plain, control


def test_a_form_is_kept_and_taken_up_again() -> None:
    form = PromptForm(prompt='ein Fuchs 🦊', seed=5, camera_angle=CameraAngle.LOW_ANGLE, style='noir', num_frames=33)
    again = PromptForm()
    again.take(form.kept())
    assert again == form


def test_kept_values_that_make_no_sense_are_left_out() -> None:
    form = PromptForm()
    form.take(
        {'mode': 'hologram', 'seed': 'seven', 'prompt': 3, 'loras': [{'id': ''}], 'refusals': {}, 'style': 'noir'}
    )
    assert form == PromptForm(style='noir')


def test_a_disabled_control_is_not_sent() -> None:
    form = PromptForm(prompt='a fox', negative_prompt='rain', refusals={'negative_prompt': 'Tiny reads none.'})
    assert form.request().negative_prompt == ''
    stuck = PromptForm(prompt='a fox', content=Content.NSFW, refusals={'content': 'NSFW is off.'})
    assert stuck.request().content is Content.SFW


def test_what_acts_on_a_reference_alone_is_not_sent_without_one() -> None:
    assert idle_fields(PromptForm(prompt='a fox', strength=0.3, style_strength=0.9).request()) == {}
    assert idle_fields(PromptForm(prompt='a fox', num_frames=9, fps=8).request()) == {}


def test_an_enhanced_prompt_counts_only_once_it_is_written() -> None:
    form = PromptForm(prompt='a fox', enhanced_prompt='a red fox in', enhanced_of='a fox', is_enhancing=True)
    assert form.request().enhanced_prompt == ''
    form.is_enhancing = False
    assert form.request().enhanced_prompt == 'a red fox in'


def test_an_enhanced_prompt_counts_only_for_for_the_prompt_that_it_was_made_of() -> None:
    form = PromptForm(prompt='a fox', enhanced_prompt='a red fox in the snow', enhanced_of='a fox')
    assert form.request().enhanced_prompt == 'a red fox in the snow'
    form.prompt = 'a car'
    assert form.request().enhanced_prompt == ''


@pytest.mark.parametrize(
    ('values', 'field', 'words'),
    [
        ({'prompt': '   '}, 'prompt', 'prompt is empty'),
        ({}, 'prompt', 'prompt is empty'),
        ({'prompt': 'x' * 100_000}, 'prompt', 'longer than 4,000 characters'),
        ({'prompt': 'a\x00b'}, 'prompt', 'NUL'),
        ({'prompt': 'a', 'variations': 4}, 'variations', '1, 3 or 6'),
        ({'prompt': 'a', 'seed': -1}, 'seed', 'greater than or equal to 0'),
        ({'prompt': 'a', 'seed': 10**40}, 'seed', ''),
        ({'prompt': 'a', 'guidance_scale': float('nan')}, 'guidance_scale', ''),
        ({'prompt': 'a', 'aspect_ratio': '4:3'}, 'aspect_ratio', "'16:9', '1:1' or '9:16'"),
        ({'prompt': 'a', 'shot': 'wide'}, 'shot', 'no control named shot'),
        ({'prompt': 'a', 'num_frames': 10_000, 'mode': 'video'}, 'num_frames', ''),
        ({'prompt': 'a', 'num_frames': 0, 'mode': 'video'}, 'num_frames', ''),
    ],
)
def test_what_cannot_be_is_refused_with_field_and_reason(values: dict[str, object], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        validated(values)
    assert refusal.value.field == field
    assert words in refusal.value.message


def test_emoji_and_right_to_left_text_pass_unchanged() -> None:
    for prompt in ('🦊' * 50, 'قطة حمراء', 'ז׳בוטינסקי', 'a\tfox\nin snow'):
        assert validated({'prompt': prompt, 'mode': Mode.IMAGE}).prompt == prompt
