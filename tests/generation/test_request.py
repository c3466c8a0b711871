"""A request holds exactly what was asked for, or is refused with the field and the reason."""

from typing import Any

import pytest
from pydantic import ValidationError

from ourvidz.generation.request import MAX_PROMPT, MAX_SEED, AspectRatio, GenerationRequest, idle_fields

ID = 'a' * 32


def test_a_prompt_is_enough() -> None:
    request = GenerationRequest(prompt='a red car on a beach at sunset')
    assert (request.variations, request.aspect_ratio, request.seed) == (3, AspectRatio.WIDE, None)


@pytest.mark.parametrize('prompt', ['🦊', 'ثعلب أحمر', '((a fox', '"a" AND "b"', ' two\nlines ', 'x' * MAX_PROMPT])
def test_words_are_kept_to_the_letter(prompt: str) -> None:
    assert GenerationRequest(prompt=prompt).prompt == prompt


@pytest.mark.parametrize('seed', [0, 1, 2**32, 2**53 + 1, MAX_SEED])
def test_seeds_are_kept_to_the_digit(seed: int) -> None:
    request = GenerationRequest(prompt='a fox', seed=seed)
    assert GenerationRequest.model_validate_json(request.model_dump_json()) == request
    assert request.seed == seed


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('prompt', ''),
        ('prompt', ' \n\u200b'),
        ('prompt', 'a\x00fox'),
        ('prompt', 'a \ud800 fox'),
        ('prompt', 'x' * 100_000),
        ('prompt', None),
        ('negative_prompt', 'a\x00fox'),
        ('aspect_ratio', '4:3'),
        ('variations', 2),
        ('variations', True),
        ('seed', -1),
        ('seed', MAX_SEED + 1),
        ('seed', 1.5),
        ('seed', '7'),
        ('seed', True),
        ('model', ''),
        ('num_inference_steps', 0),
        ('num_inference_steps', 10**9),
        ('guidance_scale', -0.1),
        ('guidance_scale', float('nan')),
        ('guidance_scale', float('inf')),
        ('colour', 'red'),
    ],
)
def test_what_cannot_be_is_refused_by_field(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        GenerationRequest.model_validate({'prompt': 'a fox', field: value})
    assert refusal.value.errors()[0]['loc'] == (field,)


def test_a_request_is_frozen() -> None:
    request = GenerationRequest(prompt='a fox')
    with pytest.raises(ValidationError, match='frozen'):
        request.prompt = 'a bear'  # type: ignore[misc]


@pytest.mark.parametrize(
    ('values', 'idle'),
    [
        ({'strength': 0.3, 'reference_mode': 'copy'}, {'strength', 'reference_mode'}),
        ({'style_strength': 0.9, 'fps': 8}, {'style_strength', 'fps'}),
        ({'mode': 'video', 'style_reference_id': ID, 'is_continued': True}, {'style_reference_id', 'is_continued'}),
        ({'reference_id': ID, 'strength': 0.3, 'style': 'noir'}, set()),
        ({'negative_prompt': 'cars', 'guidance_scale': 1}, {'negative_prompt'}),
        ({'negative_prompt': 'cars', 'guidance_scale': 5}, set()),
        (
            {'reference_id': ID, 'reference_mode': 'copy', 'style': 'noir', 'shot_type': 'close', 'seed': 3},
            {'style', 'shot_type'},
        ),
    ],
)
def test_what_would_have_no_effect_is_named(values: dict[str, Any], idle: set[str]) -> None:
    assert set(idle_fields(GenerationRequest.model_validate({'prompt': 'a fox', **values}))) == idle
