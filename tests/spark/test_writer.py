"""The writer: wishes keep their words, training resumes, and its measure tells captions from heaps of words."""

import random
from pathlib import Path

import pytest
import torch

from ourvidz.engine.worker.language import LanguageModel
from ourvidz.spark.wishes import wish
from ourvidz.spark.workshop import Workshop, load
from ourvidz.spark.writer import export_writer, train_writer
from ourvidz.spark.writing import has, is_caption, measure_writer, write


def test_a_caption_keeps_what_its_wish_states() -> None:
    rng = random.Random(1)
    wishes = [wish(rng) for _ in range(300)]
    assert all(has(one.full, words) for one in wishes for words in one.stated.values())
    assert sum(is_caption(one.full, one) for one in wishes) > 250
    assert len({one.full for one in wishes}) > 290


def test_heaps_of_words_are_no_captions() -> None:
    asked = wish(random.Random(1))
    for heap in ('', asked.short, 'a car at night at night', 'a car at night in the morning', 'a car on the beach at'):
        assert not is_caption(heap, asked)


def test_a_tiny_training_resumes_and_ends_in_a_model_that_the_app_loads(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    workshop = Workshop(tmp_path / 'spark')
    train_writer(workshop, minutes=0.0001, batch=2)
    before = load(workshop.checkpoint('writer'))
    assert before
    train_writer(workshop, minutes=before['seconds'] / 60 + 0.0001, batch=2)
    after = load(workshop.checkpoint('writer'))
    assert after and after['step'] > before['step']

    folder = tmp_path / 'spark-text'
    export_writer(workshop, folder=folder)
    assert isinstance(write(LanguageModel.load(folder, torch.float32), 'a red car'), str)
    assert set(measure_writer(prompts=2, folder=folder)) >= {'subject', 'whole caption', 'all of these'}


def test_an_untrained_writer_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='spark writer'):
        export_writer(Workshop(tmp_path), folder=tmp_path / 'model')
