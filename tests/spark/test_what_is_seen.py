"""The shipped weights: what the app's controls add to a prompt can be seen in the picture."""

from itertools import combinations

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from numpy.typing import NDArray
from PIL import Image

from ourvidz.spark.export import CHECKPOINT, megabytes
from ourvidz.spark.renderer import render
from ourvidz.spark.sampling import draw
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


@pytest.mark.parametrize('aspect', SIZES)
def test_the_aspect_ratio_is_the_size_of_the_picture(pipeline: StableDiffusionXLPipeline, aspect: str) -> None:
    assert draw(pipeline, [PROMPT], size=SIZES[aspect], steps=2)[0].size == SIZES[aspect]


@pytest.mark.parametrize('control', CONTROLS)
def test_every_value_of_a_control_looks_different(pipeline: StableDiffusionXLPipeline, control: str) -> None:
    prompts = [f'{PROMPT}, {words}' for words in CONTROLS[control]]
    pictures = [draw(pipeline, [prompt], size=SQUARE, seed=3, steps=10)[0] for prompt in prompts]
    for one, other in combinations(range(len(prompts)), 2):
        assert difference(pictures[one], pictures[other]) > 6, (prompts[one], prompts[other])


def test_noir_has_no_colour(pipeline: StableDiffusionXLPipeline) -> None:
    photo, noir = (draw(pipeline, [f'{PROMPT}{style}'], size=SQUARE, steps=10)[0] for style in ('', ', noir style'))
    colourfulness = [np.ptp(pixels(picture), axis=2).mean() for picture in (photo, noir)]
    assert colourfulness[1] < colourfulness[0] / 3


def test_the_same_seed_gives_the_same_picture_and_other_seeds_others(pipeline: StableDiffusionXLPipeline) -> None:
    first, again, second, third = (
        draw(pipeline, [PROMPT], size=SQUARE, seed=seed, steps=10)[0] for seed in (1, 1, 2, 3)
    )
    assert first.tobytes() == again.tobytes()
    assert min(difference(first, second), difference(first, third), difference(second, third)) > 4


def test_a_copy_shows_the_same_picture(pipeline: StableDiffusionXLPipeline) -> None:
    copying = StableDiffusionXLImg2ImgPipeline(**pipeline.components)
    copying.set_progress_bar_config(disable=True)
    source = render(Scene(subject='car', colour='red', place='beach', aspect='1:1')).picture
    copy = copying('a red car', image=source, strength=0.05, num_inference_steps=20, guidance_scale=1.0).images[0]
    other = draw(pipeline, ['a green house in the forest at night'], size=SQUARE, steps=6)[0]
    assert difference(copy, source) < difference(other, source) / 3


def test_the_checkpoint_is_small_and_brings_its_words_and_licences() -> None:
    assert megabytes(CHECKPOINT) < 40
    assert {'README.md', 'SPRITES.LICENSE', 'words.json'} <= {path.name for path in CHECKPOINT.iterdir()}
