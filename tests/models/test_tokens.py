"""Tokens are counted with the model's own tokenizer, whichever way it is kept."""

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from ourvidz.models.spec import ModelSpec
from ourvidz.models.tokens import TokenCounter
from tests.models.weights import SDXL, write_clip_tokenizer, write_weights


def spec_at(path: Path | None) -> ModelSpec:
    return ModelSpec(id='m', title='M', kind='image', family='sdxl', pipeline='StableDiffusionXLPipeline', path=path)


def test_a_clip_tokenizer_counts_letters_and_both_marks(tmp_path: Path) -> None:
    write_clip_tokenizer(tmp_path / 'tokenizer')
    counter = TokenCounter()
    assert counter.is_exact(spec_at(tmp_path))
    assert counter.count(spec_at(tmp_path), '') == 2
    assert counter.count(spec_at(tmp_path), 'A  cat!') == 2 + 1 + 3 + 1


def test_a_tokenizer_json_is_read_without_its_padding(tmp_path: Path) -> None:
    tokenizer = Tokenizer(WordLevel({'a': 0, 'cat': 1, '?': 2}, unk_token='?'))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.enable_padding(length=77)
    (tmp_path / 'tokenizer').mkdir()
    tokenizer.save(str(tmp_path / 'tokenizer' / 'tokenizer.json'))
    assert TokenCounter().count(spec_at(tmp_path), 'a cat runs') == 3


def test_a_checkpoint_file_uses_the_tokenizer_beside_it(tmp_path: Path) -> None:
    path = write_weights(tmp_path / 'photo.safetensors', SDXL)
    write_clip_tokenizer(tmp_path / 'photo' / 'tokenizer')
    assert TokenCounter().count(spec_at(path), 'cat') == 5


def test_without_a_tokenizer_the_count_is_an_estimate(tmp_path: Path) -> None:
    unknown = spec_at(None).model_copy(update={'family': 'unknown'})
    counter = TokenCounter()
    assert not counter.is_exact(unknown)
    assert 6 <= counter.count(unknown, 'a fox in the snow') <= 9
    assert counter.count(unknown, '雪の中の狐') >= 5


def test_a_broken_tokenizer_is_as_none(tmp_path: Path) -> None:
    (tmp_path / 'tokenizer').mkdir()
    (tmp_path / 'tokenizer' / 'tokenizer.json').write_text('{')
    assert not TokenCounter().is_exact(spec_at(tmp_path))
