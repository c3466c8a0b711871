"""Captions of scenes: synonyms, word orders, omissions, and the very words that the app's controls add."""

import random
from dataclasses import dataclass

from .scene import ATTRIBUTES, Scene
from .vocabulary import WORDS

DEFAULTS = {'time': 'day', 'weather': 'clear', 'shot': 'medium', 'angle': 'eye_level', 'style': 'photo'}
FILLERS = (
    'beautiful', 'cute', 'small', 'big', 'old', 'new', 'happy', 'lovely', 'tiny', 'huge', 'amazing', 'detailed', 'calm',
    'quiet', 'great', 'funny', 'friendly', 'magic', 'bold', 'colorful', 'masterpiece', 'high quality', 'best',
)  # fmt: skip
PREPOSITIONS = {
    'meadow': ('in a', 'in the', 'on a'), 'beach': ('on the', 'at the', 'by the'), 'forest': ('in the', 'in a'),
    'city': ('in the', 'in a'), 'desert': ('in the', 'in a'), 'mountains': ('in the', 'among'),
    'snow': ('in the', 'in'), 'sea': ('on the', 'in the', 'at'),
}  # fmt: skip


@dataclass(frozen=True)
class Caption:
    """A caption's text, and for each attribute the index it states (the number of values where it says nothing)."""

    text: str
    stated: tuple[int, ...]


def caption(scene: Scene, rng: random.Random) -> Caption:
    """One of the many ways in which people ask for the scene."""
    said = {name: _is_said(name, scene, rng) for name in ATTRIBUTES}
    is_listed = rng.random() < 0.12
    sentence = _sentence(scene, said, rng, is_listed=is_listed)
    controls = [_control(name, scene, rng) for name in ('shot', 'angle', 'style') if said[name]]
    extras = [_extra(name, scene, rng) for name in ('time', 'weather') if said[name]]
    text = _joined(sentence, extras, controls, rng)
    stated = (values.index(getattr(scene, name)) if said[name] else len(values) for name, values in ATTRIBUTES.items())
    return Caption(text, tuple(stated))


def _is_said(name: str, scene: Scene, rng: random.Random) -> bool:
    value = getattr(scene, name)
    if name == 'colour':
        return bool(value != 'natural') and rng.random() < 0.97
    if name == 'subject':
        return bool(value != 'none')
    if value == DEFAULTS.get(name):
        return rng.random() < (0.45 if name in ('shot', 'angle') else 0.2)
    return rng.random() < (0.95 if name == 'place' else 0.96)


def _sentence(scene: Scene, said: dict[str, bool], rng: random.Random, *, is_listed: bool) -> str:
    place = _word('place', scene.place, rng)
    if scene.subject == 'none':
        if not said['place']:
            return rng.choice(('landscape', 'a quiet scene', 'scenery', ''))
        return rng.choice(('an empty {}', '{}', 'a {} landscape', 'the {}', 'a view of the {}')).format(place)
    subject = _word('subject', scene.subject, rng)
    colour = _word('colour', scene.colour, rng) if said['colour'] else ''
    filler = rng.choice(FILLERS) if rng.random() < 0.15 else _gibberish(rng) if rng.random() < 0.06 else ''
    if colour and rng.random() < 0.1:
        noun = f'{filler} {subject} {rng.choice(("in", "that is", "painted"))} {colour}'
    else:
        noun = ' '.join(rng.choice(((filler, colour), (colour, filler)))) + ' ' + subject
    noun = ' '.join(noun.split())
    if not is_listed:
        article = 'an' if noun[0] in 'aeiou' and rng.random() < 0.8 else 'a'
        noun = rng.choice((article, article, 'the', 'one', 'my')) + ' ' + noun
    if not said['place']:
        return noun
    where = place if is_listed else f'{rng.choice(PREPOSITIONS[scene.place])} {place}'
    if is_listed:
        return f'{noun}, {where}'
    return f'{where}, {noun}' if rng.random() < 0.1 else f'{noun} {where}'


def _extra(name: str, scene: Scene, rng: random.Random) -> str:
    value = getattr(scene, name)
    word = _word(name, value, rng)
    if word in ('day', 'night', 'noon', 'midday', 'midnight', 'dawn', 'sunrise', 'sunset', 'dusk'):
        return rng.choice((f'at {word}', word)) if word != 'day' else rng.choice(('by day', 'during the day'))
    if word in ('rain', 'storm', 'downpour', 'morning', 'evening', 'daylight', 'moonlight'):
        return rng.choice((f'in the {word}', f'in {word}', word))
    if word in ('clouds', 'starry sky', 'clear sky'):
        return rng.choice((f'with {word}', f'under a {word}', word))
    return rng.choice((word, f'{word} {rng.choice(("weather", "sky") if name == "weather" else ("light", "time"))}'))


def _control(name: str, scene: Scene, rng: random.Random) -> str:
    value = getattr(scene, name)
    if rng.random() < 0.6:
        return WORDS[name][value][0]
    return _word(name, value, rng)


def _joined(sentence: str, extras: list[str], controls: list[str], rng: random.Random) -> str:
    for extra in extras:
        glue = rng.choice((' ', ' ', ', '))
        sentence = f'{extra}, {sentence}' if rng.random() < 0.12 else f'{sentence}{glue}{extra}'
    if controls and rng.random() < 0.15:
        rng.shuffle(controls)
        first = controls.pop()
        sentence = f'{first} {rng.choice(("of", ","))} {sentence}'.replace(' ,', ',')
    text = ', '.join(part for part in (sentence.strip(' ,'), *controls) if part)
    return (
        text if rng.random() < 0.9 else text + rng.choice(('.', ', high quality', ', detailed', ' ' + _gibberish(rng)))
    )


def _word(name: str, value: str, rng: random.Random) -> str:
    words = WORDS[name][value]
    return words[0] if rng.random() < 0.5 else rng.choice(words)


def _gibberish(rng: random.Random) -> str:
    return ''.join(rng.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(rng.randint(3, 9)))
