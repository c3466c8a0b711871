"""The renderer: the same scene gives the same pixels, and every attribute can be seen."""

import dataclasses
from typing import Any, cast

import numpy as np
import pytest

from ourvidz.spark.renderer import render
from ourvidz.spark.scene import ATTRIBUTES, CELL, SIZES, Scene, random_scene

SCENE = Scene(subject='car', colour='red', place='beach', seed=7)


@pytest.mark.parametrize('aspect', SIZES)
def test_a_scene_is_drawn_alike_every_time_and_in_its_size(aspect: str) -> None:
    scene = random_scene(3, aspect=aspect)
    first, second = render(scene), render(scene)
    assert first.picture.size == SIZES[aspect]
    assert first.picture.tobytes() == second.picture.tobytes()


@pytest.mark.parametrize('name', ATTRIBUTES)
def test_every_value_of_an_attribute_changes_the_picture(name: str) -> None:
    values = ATTRIBUTES[name]
    pictures = {
        render(dataclasses.replace(SCENE, **cast('dict[str, Any]', {name: value}))).picture.tobytes()
        for value in values
    }

    assert len(pictures) == len(values)


@pytest.mark.parametrize('aspect', SIZES)
@pytest.mark.parametrize('shot', ['wide', 'medium', 'close'])
def test_the_subject_lies_within_the_picture(aspect: str, shot: str) -> None:
    for seed in range(6):
        for angle in ATTRIBUTES['angle']:
            scene = dataclasses.replace(SCENE, aspect=aspect, shot=shot, angle=angle, seed=seed)
            left, top, side = render(scene).box
            width, height = scene.size
            assert min(left, top) >= 0
            assert (left + side) * CELL <= width
            assert (top + side) * CELL <= height


def test_three_seeds_give_different_pictures() -> None:
    scene = dataclasses.replace(SCENE, weather='cloudy')
    pictures = [np.asarray(render(dataclasses.replace(scene, seed=seed)).picture, np.int16) for seed in range(40)]
    assert len({picture.tobytes() for picture in pictures}) > 3
