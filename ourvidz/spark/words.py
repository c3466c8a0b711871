"""The words that go with the weights: which the model knows, which stand for others, and prompts to begin with."""

import json
from collections.abc import Mapping
from pathlib import Path

from .captions import FILLERS
from .vocabulary import EXAMPLES, NEAR_WORDS, WORDS

UNSEEN = {'hot air balloon': 'balloon', 'big cat': 'lion', 'polar bear': 'panda', 'steam train': 'train'}
"""Near words that are phrases."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    'place': (
        'in a meadow', 'on the beach', 'in the forest', 'in the city', 'in the desert', 'in the mountains',
        'in the snow', 'on the sea',
    ),
    'time': ('day', 'day', 'in the morning', 'at sunset', 'at night'),
    'weather': ('clear sky', 'clear sky', 'cloudy'),
    'column': ('on the left', 'in the middle', 'on the right'),
    'direction': ('facing left', 'facing right'),
    'backdrop': ('open view', 'layered backdrop', 'towering backdrop', 'framed view'),
}  # fmt: skip
"""What may be said, by attribute, where a prompt says nothing about it; what stands twice is twice as likely."""


def write_words(folder: Path) -> None:
    """Writes `words.json`: `known` words, `near` words (unseen -> known), `examples`, and `unsaid`.

    `unsaid` is a list of groups, one an attribute: `choices` are phrases of which one is to be added to a prompt that
    has none of the group's `words`, chosen by the picture's seed, so that pictures of one prompt differ.
    """
    unsaid = [{'choices': choices, 'words': words_about(name)} for name, choices in CHOICES.items()]
    content = {'known': known_words(), 'near': {**NEAR_WORDS, **UNSEEN}, 'examples': EXAMPLES, 'unsaid': unsaid}
    (folder / 'words.json').write_text(json.dumps(content, indent=1), encoding='utf-8')


def words_about(name: str) -> list[str]:
    """Every word and phrase that says something about the attribute, near words included, sorted."""
    known = {word for many in WORDS[name].values() for word in many}
    near = {near for near, word in {**NEAR_WORDS, **UNSEEN}.items() if word in known}
    return sorted(known | near)


def known_words() -> list[str]:
    """Every word and phrase of the captions, sorted."""
    words = {word for values in WORDS.values() for many in values.values() for word in many}
    return sorted(words | set(FILLERS) | {'style', 'landscape', 'empty', 'sky', 'light', 'weather'})
