"""The renderer: the same scene gives the same pixels, and every attribute can be seen."""

import dataclasses
import random
from typing import Any, cast

import pytest

from ourvidz.spark.renderer import render
from ourvidz.spark.scene import ATTRIBUTES, GRID, OF_SUBJECT, SIZES, Scene, changed, random_scene

SCENE = Scene(subject='car', colour='red', place='beach')


@pytest.mark.parametrize('aspect', SIZES)
def test_a_scene_is_drawn_alike_every_time_and_in_its_size(aspect: str) -> None:
    scene = random_scene(3, aspect=aspect)
    first, second = render(scene), render(dataclasses.replace(scene))
    assert first.picture.size == SIZES[aspect]
    assert first.picture.tobytes() == second.picture.tobytes()


@pytest.mark.parametrize('name', ATTRIBUTES)
def test_every_value_of_an_attribute_changes_the_picture(name: str) -> None:
    values = ATTRIBUTES[name]
    pictures = {with_value(SCENE, name, value) for value in values}

    assert len(pictures) == len(values)


@pytest.mark.parametrize('name', OF_SUBJECT)
def test_what_is_said_of_a_subject_shows_nowhere_else(name: str) -> None:
    pictures = {with_value(Scene(), name, value) for value in ATTRIBUTES[name]}

    assert len(pictures) == 1


@pytest.mark.parametrize('aspect', SIZES)
@pytest.mark.parametrize('shot', ATTRIBUTES['shot'])
def test_the_subject_lies_within_the_picture(aspect: str, shot: str) -> None:
    for column in ATTRIBUTES['column']:
        for angle in ATTRIBUTES['angle']:
            scene = dataclasses.replace(SCENE, aspect=aspect, shot=shot, angle=angle, column=column)
            left, top, side = render(scene).box
            width, height = scene.size
            assert min(left, top) >= 0
            assert (left + side) * GRID <= width
            assert (top + side) * GRID <= height


def test_a_changed_scene_differs_in_one_attribute() -> None:
    rng = random.Random(1)
    for seed in range(100):
        scene = random_scene(seed, aspect='1:1')
        other, name = changed(scene, rng)
        assert getattr(other, name) != getattr(scene, name)
        assert dataclasses.replace(other, **{name: getattr(scene, name)}) == scene


def with_value(scene: Scene, name: str, value: str) -> bytes:
    return render(dataclasses.replace(scene, **cast('dict[str, Any]', {name: value}))).picture.tobytes()
