"""The words that go with the weights: which the model knows, which stand for others, and prompts to begin with."""

import json
from pathlib import Path

from .captions import FILLERS
from .vocabulary import EXAMPLES, NEAR_WORDS, WORDS

UNSEEN = {'hot air balloon': 'balloon', 'big cat': 'lion', 'polar bear': 'panda', 'steam train': 'train'}
"""Near words that are phrases."""


def write_words(folder: Path) -> None:
    """Writes `words.json`: `known` words and phrases, `near` words (unseen -> known) and `examples`."""
    content = {'known': known_words(), 'near': {**NEAR_WORDS, **UNSEEN}, 'examples': EXAMPLES}
    (folder / 'words.json').write_text(json.dumps(content, indent=1), encoding='utf-8')


def known_words() -> list[str]:
    """Every word and phrase of the captions, sorted."""
    words = {word for values in WORDS.values() for many in values.values() for word in many}
    return sorted(words | set(FILLERS) | {'style', 'landscape', 'empty', 'sky', 'light', 'weather'})
