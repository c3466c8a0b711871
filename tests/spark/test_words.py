"""The words that go with the weights: near words lead to known ones, and the examples are all understood."""

import json
from pathlib import Path

from ourvidz.models.spec import ModelSpec
from ourvidz.models.vocabulary import Vocabulary
from ourvidz.spark.words import CHOICES, known_words, write_words


def vocabulary(folder: Path) -> Vocabulary:
    """What the app reads of the written words."""
    write_words(folder)
    spec = ModelSpec(id='spark', title='Spark', kind='image', family='spark', pipeline='X', path=folder)
    found = Vocabulary.of(spec)
    assert found
    return found


def test_every_near_word_leads_to_a_known_one(tmp_path: Path) -> None:
    write_words(tmp_path)
    content = json.loads((tmp_path / 'words.json').read_text('utf-8'))
    assert set(content['near'].values()) <= set(known_words())
    assert not set(content['near']) & set(known_words())


def test_the_examples_use_known_words_only(tmp_path: Path) -> None:
    words = vocabulary(tmp_path)
    assert len(words.examples) == 6
    for example in words.examples:
        understood = words.understood(example)
        assert understood.known
        assert not (understood.replaced or understood.unknown), example


def test_an_unseen_word_becomes_the_nearest_known_one(tmp_path: Path) -> None:
    words = vocabulary(tmp_path)
    assert words.translated('a tiger at the seaside at twilight') == 'a lion at the beach at sunset'
    assert words.understood('a red teapot').unknown == ('teapot',)


def test_what_a_prompt_leaves_unsaid_can_be_added_in_known_words(tmp_path: Path) -> None:
    write_words(tmp_path)
    content = json.loads((tmp_path / 'words.json').read_text('utf-8'))
    assert len(content['unsaid']) == len(CHOICES) >= 5
    for group in content['unsaid']:
        assert len(set(group['choices'])) > 1
        for choice in group['choices']:
            assert any(word in choice for word in group['words']), choice
            assert any(word in choice for word in known_words()), choice
