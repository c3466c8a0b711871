"""The shipped weights: what the app's controls add to a prompt can be seen in the picture."""

import json
import random
from itertools import combinations

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLPipeline
from numpy.typing import NDArray
from PIL import Image

from ourvidz.spark.export import CHECKPOINT, megabytes
from ourvidz.spark.renderer import render
from ourvidz.spark.sampling import HIGH, change, draw
from ourvidz.spark.scene import SIZES, Scene

PROMPT = 'a red car on the beach'
SQUARE = SIZES['1:1']
CONTROLS = {
    'shot': ('wide shot', 'medium shot', 'close-up shot'),
    'angle': ('eye level', 'low angle shot', 'over-the-shoulder view', 'overhead view', "bird's eye view"),
    'style': ('photo style', 'watercolor style', 'pixel art style', 'noir style', 'pastel style', 'vintage style'),
}


@pytest.fixture(scope='module')
def pipeline() -> StableDiffusionXLPipeline:
    torch.set_num_threads(1)
    return StableDiffusionXLPipeline.from_pretrained(CHECKPOINT, torch_dtype=torch.float32)


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean absolute difference of two pictures, 0 to 255."""
    return float(np.abs(pixels(one) - pixels(other)).mean())


def pixels(picture: Image.Image) -> NDArray[np.float32]:
    """Height x width x RGB."""
    return np.asarray(picture, np.float32)


def completed(prompt: str, seed: int) -> str:
    """The prompt with a phrase of every group in words.json of which it has no word, chosen by the seed."""
    rng = random.Random(seed)
    groups = json.loads((CHECKPOINT / 'words.json').read_text('utf-8'))['unsaid']
    added = [rng.choice(group['choices']) for group in groups if not any(word in prompt for word in group['words'])]
    return ', '.join((prompt, *added))


@pytest.mark.parametrize('aspect', SIZES)
def test_the_aspect_ratio_is_the_size_of_the_picture(pipeline: StableDiffusionXLPipeline, aspect: str) -> None:
    assert draw(pipeline, [PROMPT], size=SIZES[aspect])[0].size == SIZES[aspect]


@pytest.mark.parametrize('control', CONTROLS)
def test_every_value_of_a_control_looks_different(pipeline: StableDiffusionXLPipeline, control: str) -> None:
    prompts = [f'{PROMPT}, {words}' for words in CONTROLS[control]]
    pictures = [draw(pipeline, [prompt], size=SQUARE, seed=3)[0] for prompt in prompts]
    for one, other in combinations(range(len(prompts)), 2):
        assert difference(pictures[one], pictures[other]) > 6, (prompts[one], prompts[other])


def test_noir_has_no_colour(pipeline: StableDiffusionXLPipeline) -> None:
    photo, noir = (draw(pipeline, [f'{PROMPT}{style}'], size=SQUARE)[0] for style in ('', ', noir style'))
    colourfulness = [np.ptp(pixels(picture), axis=2).mean() for picture in (photo, noir)]
    assert colourfulness[1] < colourfulness[0] / 3


def test_the_same_seed_gives_the_same_picture(pipeline: StableDiffusionXLPipeline) -> None:
    first, again = (draw(pipeline, [PROMPT], size=SQUARE, seed=1)[0] for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_what_is_unsaid_and_chosen_by_the_seed_makes_clearly_different_pictures(
    pipeline: StableDiffusionXLPipeline,
) -> None:
    pictures = [draw(pipeline, [completed(PROMPT, seed)], size=SQUARE, seed=seed)[0] for seed in range(4)]
    assert min(difference(one, other) for one, other in combinations(pictures, 2)) > 10


@pytest.mark.parametrize('column', ['left', 'middle', 'right'])
def test_the_subject_stands_where_the_prompt_says(pipeline: StableDiffusionXLPipeline, column: str) -> None:
    where = {'left': 'on the left', 'middle': 'in the middle', 'right': 'on the right'}[column]
    (picture,) = draw(pipeline, [f'a red car in the snow, day, clear sky, {where}, facing left'], size=SIZES['16:9'])
    redness = (pixels(picture)[..., 0] - pixels(picture)[..., 1:].max(2)).clip(60) - 60
    centre = float((redness.sum(0) * np.arange(picture.width)).sum() / redness.sum() / picture.width)
    assert centre == pytest.approx({'left': 0.23, 'middle': 0.5, 'right': 0.77}[column], abs=0.1)


def test_modify_recolours(pipeline: StableDiffusionXLPipeline) -> None:
    source = render(Scene(subject='car', colour='red', place='meadow', aspect='1:1')).picture
    changed = [change(pipeline, 'blue', source, strength=strength, steps=HIGH) for strength in (0.5, 0.65)]
    body = np.s_[165:195, 50:180]
    for picture in changed:
        before, after = (pixels(one)[body].mean((0, 1)) for one in (source, picture))
        assert before[0] > before[2] + 20
        assert after[2] > after[0] + 20


def test_a_copy_shows_the_same_picture(pipeline: StableDiffusionXLPipeline) -> None:
    source = render(Scene(subject='car', colour='red', place='beach', column='right', aspect='1:1')).picture
    copy = change(pipeline, 'a red car', source, strength=0.05)
    other = draw(pipeline, ['a green house in the forest at night'], size=SQUARE)[0]
    assert difference(copy, source) < difference(other, source) / 4
    assert difference(copy, source) < 25


def test_unknown_words_still_give_a_picture(pipeline: StableDiffusionXLPipeline) -> None:
    (picture,) = draw(pipeline, ['gribble snork 42 %$'], size=SQUARE)
    assert pixels(picture).std() > 8


def test_the_checkpoint_is_small_and_brings_its_words_and_licences() -> None:
    assert megabytes(CHECKPOINT) < 49
    assert {'README.md', 'SPRITES.LICENSE', 'words.json'} <= {path.name for path in CHECKPOINT.iterdir()}
