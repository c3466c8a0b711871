"""Wishes: short prompts as people write them, each with the full caption that keeps every word of it."""

import random
from dataclasses import dataclass

from .captions import PREPOSITIONS
from .scene import COLOURS, PLACES, SUBJECTS, TIMES, Scene
from .vocabulary import NEAR_WORDS, WORDS

ADJECTIVES = ('old', 'big', 'small', 'happy', 'tiny', 'cute', 'shiny', 'sleepy', 'brave', 'little', 'beautiful')
DOINGS = ('sitting', 'standing', 'running', 'flying', 'sleeping', 'looking up', 'reading a book', 'eating')
SKIES = {
    'clear': ('under a clear sky', 'under a clear sky', ''),
    'cloudy': ('under a cloudy sky', 'with clouds'),
    'rainy': ('in the rain',),
}
WHEN = {
    'day': ('by day', 'at noon', 'at midday'),
    'morning': ('in the morning', 'at sunrise', 'at dawn'),
    'sunset': ('at sunset', 'in the evening', 'at dusk'),
    'night': ('at night', 'at midnight', 'in the moonlight'),
}
WHERE = {
    'meadow': 'in a green meadow',
    'beach': 'on the beach',
    'forest': 'in the forest',
    'city': 'in the city',
    'desert': 'in the desert',
    'mountains': 'in the mountains',
    'snow': 'in the snow',
    'sea': 'on the sea',
}
LIKELY = {
    'boat': ('sea', 'beach'),
    'fish': ('sea',),
    'turtle': ('beach', 'sea'),
    'car': ('city', 'desert', 'mountains'),
    'bus': ('city',),
    'train': ('mountains', 'meadow', 'city'),
    'robot': ('city', 'desert'),
    'rocket': ('desert', 'sea'),
    'lion': ('desert', 'meadow'),
    'elephant': ('meadow', 'desert'),
    'owl': ('forest', 'snow'),
    'castle': ('mountains',),
    'mushroom': ('forest',),
    'flower': ('meadow',),
    'tree': ('meadow', 'mountains'),
    'horse': ('meadow', 'beach'),
}
PAINTED = ('car', 'bus', 'train', 'boat', 'airplane', 'balloon', 'house', 'flower', 'robot', 'dragon')
"""Subjects that get a colour where the person names none."""

NEAR_SUBJECTS = tuple(near for near, known in NEAR_WORDS.items() if known in SUBJECTS)


@dataclass(frozen=True)
class Wish:
    """A short prompt and its full caption, and the words that the short one states by attribute."""

    short: str
    full: str
    stated: dict[str, str]


def wish(rng: random.Random, *, held_out: bool = False) -> Wish:
    """One wish; held out ones combine subject, colour and place as training never does."""
    while True:
        scene = _scene(rng)
        if scene.is_held_out == held_out:
            return _written(scene, rng)


def _scene(rng: random.Random) -> Scene:
    subject = rng.choice(SUBJECTS[1:])
    return Scene(
        subject=subject,
        colour=rng.choice(COLOURS[1:]) if rng.random() < 0.5 else 'natural',
        place=rng.choice(LIKELY.get(subject, PLACES) if rng.random() < 0.8 else PLACES),
        time=rng.choice(TIMES),
        weather=rng.choices(tuple(SKIES), (5, 2, 2))[0],
        style=rng.choice(tuple(WORDS['style'])) if rng.random() < 0.15 else 'photo',
    )


def _written(scene: Scene, rng: random.Random) -> Wish:
    thing = _thing(scene, rng)
    is_named = scene.colour != 'natural' and (scene.subject not in PAINTED or rng.random() < 0.8)
    colour = '' if scene.colour == 'natural' else _word('colour', scene.colour, rng) if is_named else scene.colour
    adjective = rng.choice(ADJECTIVES) if rng.random() < 0.2 else ''
    doing = _doing(rng) if rng.random() < 0.15 else ''
    where, when, sky = _where(scene, rng), rng.choice(WHEN[scene.time]), rng.choice(SKIES[scene.weather])
    style = f', {_word("style", scene.style, rng)}' if scene.style != 'photo' else ''
    says = [rng.random() < share for share in (0.45, 0.3, 0.1)]
    if not says[0]:
        where = WHERE[scene.place]
    if not says[1]:
        when = WHEN[scene.time][0]
    article = rng.choice(('a', 'a', 'a', 'the', 'my', ''))
    named = (adjective, colour if is_named else '', thing, doing)
    extras = [text for text, is_said in zip((where, when, sky), says, strict=True) if is_said and text]
    full = _joined(_with_article(article or 'a', (adjective, colour, thing, doing)), where, when, sky) + style
    if rng.random() < 0.12:
        short = ', '.join(part for part in (_joined(*named), *map(_bare, extras)) if part) + style
    else:
        short = _joined(_with_article(article, named), *extras) + style
    stated = (
        {'subject': thing} | ({'colour': colour} if is_named else {}) | ({'place': _bare(where)} if says[0] else {})
    )
    return Wish(short + ('.' if rng.random() < 0.04 else ''), full, stated)


def _thing(scene: Scene, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.12:
        return ' '.join(_unheard(rng) for _ in range(rng.choice((1, 1, 2))))
    return rng.choice(NEAR_SUBJECTS) if chance < 0.25 else _word('subject', scene.subject, rng)


def _doing(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return rng.choice(DOINGS)
    return f'{rng.choice(("riding", "with", "and", "holding", "next to"))} a {_unheard(rng)}'


def _where(scene: Scene, rng: random.Random) -> str:
    if rng.random() < 0.4:
        return WHERE[scene.place]
    return f'{rng.choice(PREPOSITIONS[scene.place])} {_word("place", scene.place, rng)}'


def _with_article(article: str, words: tuple[str, ...]) -> str:
    noun = _joined(*words)
    article = 'an' if article == 'a' and noun[0] in 'aeiou' else article
    return _joined(article, noun)


def _bare(extra: str) -> str:
    """A phrase as it stands in a list of keywords: 'on the beach' -> 'beach'."""
    words = extra.split()
    return ' '.join(words[2:] if len(words) > 2 else words[1:]) or extra


def _joined(*parts: str) -> str:
    return ' '.join(part for part in parts if part)


def _word(attribute: str, value: str, rng: random.Random) -> str:
    words = WORDS[attribute][value]
    return words[0] if rng.random() < 0.5 else rng.choice(words)


def _unheard(rng: random.Random) -> str:
    """A word that nobody ever wrote, so that copying is learned and not a list of words."""
    syllables = rng.choice('bcdfghjklmnprstvwz') + rng.choice(('a', 'e', 'i', 'o', 'u', 'ee', 'ar', 'on', 'is'))
    return ''.join(
        (
            syllables,
            *(rng.choice('bcdfghklmnprst') + rng.choice('aeiou') for _ in range(rng.randint(0, 2))),
            rng.choice(('', 'n', 'r', 't', 'st', 'ck', 's')),
        )
    )
