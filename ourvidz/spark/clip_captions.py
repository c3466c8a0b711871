"""Captions of clips: what there is, how it moves, where, when, and what the camera does."""

import random
from collections.abc import Mapping

from .captions import PREPOSITIONS, Caption
from .clip_scene import ATTRIBUTES, ClipScene
from .vocabulary import COLOUR_WORDS, PLACE_WORDS, SUBJECT_WORDS, TIME_WORDS, WEATHER_WORDS

MOTION_WORDS: Mapping[str, tuple[str, ...]] = {
    'still': ('stands still', 'stays', 'waits', 'standing still'),
    'right': ('moves to the right', 'drives to the right', 'goes right', 'moving right', 'flies to the right'),
    'left': ('moves to the left', 'drives to the left', 'goes left', 'moving left', 'flies to the left'),
    'up': ('flies up', 'rises', 'moves up', 'takes off', 'flying up'),
    'down': ('comes down', 'lands', 'moves down', 'falls', 'landing'),
    'jump': ('jumps', 'bounces', 'hops', 'jumping', 'bouncing'),
}

CAMERA_WORDS: Mapping[str, tuple[str, ...]] = {
    'fixed': ('static camera', 'fixed camera'),
    'pan_right': ('camera pans right', 'pan right', 'the camera moves to the right', 'camera pans to the right'),
    'pan_left': ('camera pans left', 'pan left', 'the camera moves to the left', 'camera pans to the left'),
}

SHOT_WORDS: Mapping[str, tuple[str, ...]] = {
    'medium': ('medium shot', 'wide shot'),
    'close': ('close-up shot', 'close-up', 'close up', 'closeup'),
}

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    'subject': {name: SUBJECT_WORDS[name] for name in ATTRIBUTES['subject'][1:]},
    'colour': {name: COLOUR_WORDS[name] for name in ATTRIBUTES['colour'][1:]},
    'place': {name: PLACE_WORDS[name] for name in ATTRIBUTES['place']},
    'time': {name: TIME_WORDS[name] for name in ATTRIBUTES['time']},
    'weather': {name: WEATHER_WORDS[name] for name in ATTRIBUTES['weather']},
    'motion': MOTION_WORDS,
    'camera': CAMERA_WORDS,
    'shot': SHOT_WORDS,
}

DEFAULTS = {'time': 'day', 'weather': 'clear', 'motion': 'still', 'camera': 'fixed', 'shot': 'medium'}


def caption(scene: ClipScene, rng: random.Random) -> Caption:
    """One of the ways in which people ask for the clip."""
    said = {name: _is_said(name, scene, rng) for name in ATTRIBUTES}
    parts = [_sentence(scene, said, rng)]
    if said['time']:
        parts.append(_word('time', scene, rng))
    if said['weather']:
        parts.append(_word('weather', scene, rng))
    if said['camera']:
        parts.insert(rng.choice((0, len(parts), len(parts))), _word('camera', scene, rng))
    if said['shot']:
        parts.append(_word('shot', scene, rng))
    text = parts[0]
    for part in parts[1:]:
        is_time = part in TIME_WORDS[scene.time]
        text += rng.choice((' at ', ', ', ' ')) + part if is_time else f'{rng.choice((", ", ", ", " "))}{part}'
    stated = (values.index(getattr(scene, name)) if said[name] else len(values) for name, values in ATTRIBUTES.items())
    return Caption(text, tuple(stated))


def _is_said(name: str, scene: ClipScene, rng: random.Random) -> bool:
    value = getattr(scene, name)
    if name in ('subject', 'colour'):
        return value not in ('none', 'natural')
    if scene.subject == 'none' and name in ('motion', 'shot'):
        return False
    if value == DEFAULTS.get(name):
        return rng.random() < 0.25
    return rng.random() < 0.97


def _sentence(scene: ClipScene, said: dict[str, bool], rng: random.Random) -> str:
    place = _word('place', scene, rng)
    if scene.subject == 'none':
        return rng.choice(('an empty {}', '{}', 'a {} landscape', 'the {}')).format(place)
    noun = f'{_word("colour", scene, rng)} ' if said['colour'] else ''
    noun += _word('subject', scene, rng)
    sentence = f'{"an" if noun[0] in "aeiou" else rng.choice(("a", "a", "the"))} {noun}'
    where = f'{rng.choice(PREPOSITIONS[scene.place])} {place}' if said['place'] else ''
    motion = _word('motion', scene, rng) if said['motion'] else ''
    tail = [motion, where] if rng.random() < 0.75 else [where, motion]
    return ' '.join(part for part in (sentence, *tail) if part)


def _word(name: str, scene: ClipScene, rng: random.Random) -> str:
    words = WORDS[name][getattr(scene, name)]
    return words[0] if rng.random() < 0.5 else rng.choice(words)


EXAMPLES = (
    'a red car drives to the right in the city at night',
    'a yellow balloon rises on the beach at sunset',
    'a blue boat moves to the left on the sea, cloudy',
    'a panda jumps in the snow',
    'a rocket takes off in the desert at night',
    'an empty beach at sunset, camera pans right',
)

NEAR_MOTIONS: Mapping[str, str] = {
    near: known
    for known, words in {
        'moves': 'sails walks runs rolls rides speeds travels crosses swims drifts floats hovers races sailing walking',
        'rises': 'climbs ascends lifts soars launches rising',
        'comes down': 'descends sinks drops descending sinking',
        'jumps': 'leaps dances leaping dancing',
        'stays': 'sits rests stops sitting resting parked',
    }.items()
    for near in words.split()
}
"""Words for movements that the model never saw, and the nearest that it knows."""
