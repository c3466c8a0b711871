"""The words that a small model was trained on, and which of them stand for words that it never saw."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ourvidz.models.spec import ModelSpec

FILE_NAME = 'words.json'
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
PLURALS = (('ies', 'y'), ('ves', 'f'), ('es', ''), ('s', ''))
FILLERS = frozenset(
    re.findall(
        r'\w+',
        'a an the of in on at by with and or to from for as is are be it its his her their my your this that these '
        'those very over under near into onto some one two three picture photo image scene view shot style',
    )
)


@dataclass(frozen=True, slots=True)
class Understood:
    """What the model makes of a prompt: words it knows, words replaced by near ones, words it never saw."""

    known: tuple[str, ...]
    replaced: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsaid:
    """One side of a picture that must be told: phrases to choose from, unless one of `words` says it."""

    choices: tuple[str, ...]
    words: frozenset[str]

    def is_open(self, prompt: str) -> bool:
        """Whether the prompt, in small letters, says nothing about it."""
        return not any(re.search(rf'(?<!\w){re.escape(word)}(?!\w)', prompt) for word in self.words)


@dataclass(frozen=True)
class Vocabulary:
    """Known words and phrases, near words (unseen -> known), example prompts, and what a prompt may leave open."""

    known: frozenset[str]
    near: dict[str, str]
    examples: tuple[str, ...]
    unsaid: tuple[Unsaid, ...] = ()

    @classmethod
    def of(cls, spec: ModelSpec) -> 'Vocabulary | None':
        """The vocabulary in the model's folder, None if it has none (large models know all words)."""
        path = spec.path / FILE_NAME if spec.path else None
        try:
            return _read(path, path.stat().st_mtime_ns) if path else None
        except (OSError, ValueError):
            return None

    def understood(self, prompt: str) -> Understood:
        """Sort the words of a prompt; each is named once, in the order of the prompt."""
        known: dict[str, None] = {}
        replaced: dict[str, str] = {}
        unknown: dict[str, None] = {}
        for _, phrase, known_phrase in self._phrases(prompt):
            if known_phrase == phrase:
                known[phrase] = None
            elif known_phrase:
                replaced[phrase] = known_phrase
            elif phrase not in FILLERS and not phrase.isdigit():
                unknown[phrase] = None
        return Understood(tuple(known), tuple(replaced.items()), tuple(unknown))

    def translated(self, prompt: str) -> str:
        """The prompt with near words in place of those that the model never saw; all else stays as it is."""
        pieces, end = [], 0
        for match, phrase, known_phrase in self._phrases(prompt):
            if known_phrase and known_phrase != phrase:
                pieces += [prompt[end : match[0]], known_phrase]
                end = match[1]
        return ''.join([*pieces, prompt[end:]])

    def left_open(self, prompt: str) -> tuple[tuple[str, ...], ...]:
        """The choices for each side of the picture on which the prompt is silent."""
        said = prompt.lower().replace('’', "'")
        return tuple(each.choices for each in self.unsaid if each.is_open(said))

    def _phrases(self, prompt: str) -> list[tuple[tuple[int, int], str, str | None]]:
        """Spans of the prompt, longest phrases first, with what the model knows them as (None: not at all)."""
        words = list(WORD.finditer(prompt))
        longest = max((phrase.count(' ') + 1 for phrase in (*self.known, *self.near)), default=1)
        found, index = [], 0
        while index < len(words):
            for length in range(min(longest, len(words) - index), 0, -1):
                span = (words[index].start(), words[index + length - 1].end())
                phrase = ' '.join(prompt[span[0] : span[1]].lower().replace('’', "'").split())
                known = self._known(phrase)
                if known or length == 1:
                    found.append((span, phrase, known))
                    index += length
                    break
        return found

    def _known(self, phrase: str) -> str | None:
        if phrase in self.known:
            return phrase
        if phrase in self.near:
            return self.near[phrase]
        singulars = (
            phrase.removesuffix(end) + last for end, last in PLURALS if phrase.endswith(end) and len(phrase) > 3
        )
        singular = next((word for word in singulars if word in self.known or word in self.near), '')
        return self.near.get(singular, singular) or None


@lru_cache(maxsize=8)
def _read(path: Path, _modified: int) -> Vocabulary:
    content = json.loads(path.read_text('utf-8'))
    return Vocabulary(
        frozenset(str(word).lower() for word in content.get('known', ())),
        {str(word).lower(): str(known).lower() for word, known in content.get('near', {}).items()},
        tuple(str(example) for example in content.get('examples', ())),
        tuple(
            Unsaid(tuple(map(str, each['choices'])), frozenset(str(word).lower() for word in each['words']))
            for each in content.get('unsaid', ())
        ),
    )
