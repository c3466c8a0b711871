"""Captions: they say what the scene shows, in many ways, and in the words of the app's controls."""

import random

from ourvidz.spark.captions import caption
from ourvidz.spark.scene import ATTRIBUTES, Scene, random_scene
from ourvidz.spark.vocabulary import WORDS

SCENE = Scene(subject='dragon', colour='blue', place='mountains', shot='close', angle='bird_eye', style='watercolor')


def test_a_caption_names_what_it_claims_to_state() -> None:
    rng = random.Random(0)
    for seed in range(300):
        scene = random_scene(seed, aspect='1:1')
        said = caption(scene, rng)
        for stated, (name, values) in zip(said.stated, ATTRIBUTES.items(), strict=True):
            if stated < len(values):
                assert values[stated] == getattr(scene, name)
                words = ('empty',) if values[stated] == 'none' else WORDS[name][values[stated]]
                assert any(word in said.text for word in words), (name, said.text)


def test_captions_of_one_scene_differ() -> None:
    rng = random.Random(1)
    assert len({caption(SCENE, rng).text for _ in range(100)}) > 90


def test_some_captions_say_nothing_but_a_colour() -> None:
    rng = random.Random(1)
    texts = {caption(SCENE, rng).text for _ in range(600)}
    assert texts & {'blue', 'azure', 'navy'}


def test_a_colour_may_stand_behind_its_subject() -> None:
    rng = random.Random(3)
    assert any('dragon, blue' in caption(SCENE, rng).text for _ in range(300))


def test_the_very_words_of_the_controls_are_in_many_captions() -> None:
    rng = random.Random(2)
    texts = [caption(SCENE, rng).text for _ in range(200)]
    assert sum("close-up shot, bird's eye view, watercolor style" in text for text in texts) > 10


def test_held_out_combinations_are_few_and_never_trained_on() -> None:
    trained = [random_scene(seed, aspect='16:9') for seed in range(500)]
    kept = [random_scene(seed, aspect='16:9', held_out=True) for seed in range(50)]
    assert not any(scene.is_held_out for scene in trained)
    assert all(scene.is_held_out for scene in kept)
