"""Captions of scenes: synonyms, word orders, omissions, and the very words that the app's controls add."""

import random
from dataclasses import dataclass

from .scene import ATTRIBUTES, DEFAULTS, Scene
from .vocabulary import WORDS

FILLERS = (
    'beautiful', 'cute', 'small', 'big', 'old', 'new', 'happy', 'lovely', 'tiny', 'huge', 'amazing', 'detailed', 'calm',
    'quiet', 'great', 'funny', 'friendly', 'magic', 'bold', 'colorful', 'masterpiece', 'high quality', 'best',
)  # fmt: skip
PREPOSITIONS = {
    'meadow': ('in a', 'in the', 'on a'), 'beach': ('on the', 'at the', 'by the'), 'forest': ('in the', 'in a'),
    'city': ('in the', 'in a'), 'desert': ('in the', 'in a'), 'mountains': ('in the', 'among'),
    'snow': ('in the', 'in'), 'sea': ('on the', 'in the', 'at'),
}  # fmt: skip


SPARSE = {'subject': 0.5, 'colour': 0.7, 'place': 0.2, 'time': 0.2, 'weather': 0.12, 'style': 0.15}
"""How often a short prompt, as people write it to change a picture, says each attribute."""


@dataclass(frozen=True)
class Caption:
    """A caption's text, and for each attribute the index it states (the number of values where it says nothing)."""

    text: str
    stated: tuple[int, ...]


def caption(scene: Scene, rng: random.Random) -> Caption:
    """One of the many ways in which people ask for the scene."""
    is_sparse = rng.random() < 0.25
    said = {name: _is_said(name, scene, rng, is_sparse=is_sparse) for name in ATTRIBUTES}
    sentence = _sentence(scene, said, rng)
    said['subject'] = said['subject'] or 'empty' in sentence
    parts = [_extra(name, scene, rng) for name in ('time', 'weather') if said[name]]
    parts += [_control(name, scene, rng) for name in ('shot', 'angle', 'style') if said[name]]
    composition = [_word(name, scene, rng) for name in ('column', 'direction', 'backdrop') if said[name]]
    if rng.random() < 0.3:
        rng.shuffle(composition)
        text = _joined(sentence, composition + parts, rng)
    else:
        text = ', '.join(part for part in (_joined(sentence, parts, rng), *composition) if part)
    stated = (values.index(getattr(scene, name)) if said[name] else len(values) for name, values in ATTRIBUTES.items())
    return Caption(text, tuple(stated))


def _is_said(name: str, scene: Scene, rng: random.Random, *, is_sparse: bool) -> bool:
    value = getattr(scene, name)
    if value in ('natural', 'none'):
        return False
    if is_sparse:
        return rng.random() < SPARSE.get(name, 0.07)
    if name in ('shot', 'angle', 'style') and value == DEFAULTS[name]:
        return rng.random() < 0.4
    return rng.random() < {'subject': 1.0, 'colour': 0.96, 'place': 0.95}.get(name, 0.85)


def _sentence(scene: Scene, said: dict[str, bool], rng: random.Random) -> str:
    place = _word('place', scene, rng) if said['place'] else ''
    if said['subject'] or said['colour']:
        thing = _thing(scene, said, rng)
        if not place:
            return thing
        where = f'{rng.choice(PREPOSITIONS[scene.place])} {place}' if rng.random() < 0.85 else place
        if rng.random() < 0.1:
            return f'{where}, {thing}'
        return f'{thing}{rng.choice((" ", " ", " ", ", "))}{where}'
    if scene.subject == 'none' and place:
        return rng.choice(('an empty {}', '{}', 'a {} landscape', 'the {}', 'a view of the {}')).format(place)
    if place:
        return rng.choice((place, f'{rng.choice(PREPOSITIONS[scene.place])} {place}'))
    return rng.choice(('', '', 'landscape', 'a quiet scene', 'scenery'))


def _thing(scene: Scene, said: dict[str, bool], rng: random.Random) -> str:
    subject = _word('subject', scene, rng) if said['subject'] else ''
    colour = _word('colour', scene, rng) if said['colour'] else ''
    if not subject:
        return rng.choice((colour, colour, f'make it {colour}', f'in {colour}'))
    filler = rng.choice(FILLERS) if rng.random() < 0.15 else _gibberish(rng) if rng.random() < 0.06 else ''
    article = _article(f'{filler or colour or subject}', rng)
    if colour and rng.random() < 0.15:
        after = rng.choice((' in {}', ' that is {}', ' painted {}', ', {}', ', {}', ' {}')).format(colour)
        return ' '.join(f'{article} {filler} {subject}{after}'.split())
    words = (article, *rng.choice(((filler, colour), (colour, filler))), subject)
    return ' '.join(word for word in words if word)


def _article(word: str, rng: random.Random) -> str:
    article = 'an' if word[0] in 'aeiou' and rng.random() < 0.8 else 'a'
    return rng.choice((article, article, article, 'the', 'one', 'my', ''))


def _extra(name: str, scene: Scene, rng: random.Random) -> str:
    word = _word(name, scene, rng)
    if word in ('day', 'night', 'noon', 'midday', 'midnight', 'dawn', 'sunrise', 'sunset', 'dusk'):
        return rng.choice((f'at {word}', word)) if word != 'day' else rng.choice(('by day', 'during the day', 'day'))
    if word in ('rain', 'storm', 'downpour', 'morning', 'evening', 'daylight', 'moonlight'):
        return rng.choice((f'in the {word}', f'in {word}', word))
    if word in ('clouds', 'starry sky', 'clear sky'):
        return rng.choice((f'with {word}', f'under a {word}', word))
    return rng.choice((word, f'{word} {rng.choice(("weather", "sky") if name == "weather" else ("light", "time"))}'))


def _control(name: str, scene: Scene, rng: random.Random) -> str:
    return WORDS[name][getattr(scene, name)][0] if rng.random() < 0.6 else _word(name, scene, rng)


def _joined(sentence: str, parts: list[str], rng: random.Random) -> str:
    """The sentence with the parts before and behind it."""
    text = sentence
    for part in parts:
        if not text:
            text = part
        elif rng.random() < 0.08:
            text = f'{part}{rng.choice((", ", " of "))}{text}'
        else:
            text = f'{text}{rng.choice((", ", ", ", " "))}{part}'
    if rng.random() < 0.1:
        text += rng.choice(('.', ', high quality', ', detailed', f' {_gibberish(rng)}'))
    return text


def _word(name: str, scene: Scene, rng: random.Random) -> str:
    words = WORDS[name][getattr(scene, name)]
    return words[0] if rng.random() < 0.5 else rng.choice(words)


def _gibberish(rng: random.Random) -> str:
    return ''.join(rng.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(rng.randint(3, 9)))
