"""Counts tokens with a model's own tokenizer, without torch or transformers."""

import json
import re
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.processors import RobertaProcessing

from ourvidz.models.spec import ModelSpec
from ourvidz.settings import ASSETS_DIR

CLIP_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


class TokenCounter:
    """Counts what a model's first text encoder reads (FLUX.1's second), its beginning and end marks included."""

    def __init__(self) -> None:
        self._tokenizers: dict[Path, Tokenizer] = {}

    def count(self, spec: ModelSpec, text: str) -> int:
        """How many tokens the text is for the model; estimated if the model brings no tokenizer."""
        tokenizer = self._tokenizer(spec)
        return len(tokenizer.encode(text).ids) if tokenizer else estimated(text)

    def is_exact(self, spec: ModelSpec) -> bool:
        """Whether the model's own tokenizer counts."""
        return self._tokenizer(spec) is not None

    def _tokenizer(self, spec: ModelSpec) -> Tokenizer | None:
        folder = next((folder for folder in _folders(spec) if _has_tokenizer(folder)), None)
        if folder is None:
            return None
        if folder not in self._tokenizers:
            try:
                self._tokenizers[folder] = _load(folder)
            except Exception:  # the library raises bare Exception for a broken file
                return None
        return self._tokenizers[folder]


def estimated(text: str) -> int:
    """Rather too many than too few: a token a word and one more for every six letters; marks count as well."""
    words = re.findall(r'[a-z]+|[^\sa-z]', text.lower())
    return 2 + sum(1 + (len(word) - 1) // 6 for word in words)


def _folders(spec: ModelSpec) -> list[Path]:
    shipped = ASSETS_DIR / 'configs' / spec.family / 'tokenizer'
    if spec.path is None:
        return [shipped]
    folder = spec.path if spec.path.is_dir() else spec.path.with_suffix('')
    first = folder / ('tokenizer_2' if spec.family == 'flux' else 'tokenizer')
    return [first, folder, shipped]


def _has_tokenizer(folder: Path) -> bool:
    is_pair = (folder / 'vocab.json').is_file() and (folder / 'merges.txt').is_file()
    return is_pair or (folder / 'tokenizer.json').is_file()


def _load(folder: Path) -> Tokenizer:
    if (folder / 'tokenizer.json').is_file():
        tokenizer = Tokenizer.from_file(str(folder / 'tokenizer.json'))
    else:
        vocabulary = json.loads((folder / 'vocab.json').read_text('utf-8'))
        is_clip = '<|startoftext|>' in vocabulary
        tokenizer = _clip(folder, vocabulary) if is_clip else _byte_level(folder)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _clip(folder: Path, vocabulary: dict[str, int]) -> Tokenizer:
    model = BPE.from_file(
        str(folder / 'vocab.json'), str(folder / 'merges.txt'), end_of_word_suffix='</w>', unk_token='<|endoftext|>'
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r'\s+'), ' '), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(CLIP_WORDS), 'removed', invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    end, start = ((mark, vocabulary[mark]) for mark in ('<|endoftext|>', '<|startoftext|>'))
    tokenizer.post_processor = RobertaProcessing(end, start, add_prefix_space=False, trim_offsets=False)
    return tokenizer


def _byte_level(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer(BPE.from_file(str(folder / 'vocab.json'), str(folder / 'merges.txt')))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer
