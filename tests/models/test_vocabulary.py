"""A small model tells which words it understood, and near words stand in for those that it never saw."""

from pathlib import Path

import pytest

from ourvidz.models.spec import ModelSpec
from ourvidz.models.vocabulary import Vocabulary
from tests.models.weights import write_words


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    spec = ModelSpec(id='m', title='M', kind='image', family='spark', pipeline='X', path=write_words(tmp_path))
    vocabulary = Vocabulary.of(spec)
    assert vocabulary
    return vocabulary


def test_words_are_known_replaced_or_unknown(vocabulary: Vocabulary) -> None:
    understood = vocabulary.understood('A Tiger and two cars at the seaside, wearing a tiara')
    assert understood.known == ()
    assert understood.replaced == (('tiger', 'lion'), ('cars', 'car'), ('seaside', 'beach'))
    assert understood.unknown == ('wearing', 'tiara')


def test_phrases_go_before_words(vocabulary: Vocabulary) -> None:
    understood = vocabulary.understood('a big cat in a hot air balloon')
    assert understood.replaced == (('big cat', 'lion'),)
    assert understood.known == ('hot air balloon',)


def test_translation_leaves_everything_else_alone(vocabulary: Vocabulary) -> None:
    assert vocabulary.translated('A Tiger,  red;  (at the Seaside)!') == 'A lion,  red;  (at the beach)!'
    assert vocabulary.translated('') == ''


def test_what_a_prompt_leaves_open_is_found(vocabulary: Vocabulary) -> None:
    both = (('on the left', 'on the right'), ('at sunset', 'by day'))
    assert vocabulary.left_open('a car, brightly lit') == both, 'a word is whole'
    assert vocabulary.left_open('A car in the Middle') == both[1:]
    assert vocabulary.left_open('a car on the LEFT by night') == ()


def test_large_models_have_no_vocabulary(tmp_path: Path) -> None:
    spec = ModelSpec(id='m', title='M', kind='image', family='sdxl', pipeline='X', path=tmp_path)
    assert Vocabulary.of(spec) is None
    assert Vocabulary.of(spec.model_copy(update={'path': None})) is None
    (tmp_path / 'words.json').write_text('{')
    assert Vocabulary.of(spec) is None
