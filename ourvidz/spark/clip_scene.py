"""What a clip can show: the attributes, one clip's scene, how scenes are drawn at random and which are held out."""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass

SUBJECTS = ('none', 'car', 'boat', 'airplane', 'rocket', 'balloon', 'cat', 'panda', 'robot')
FLYING = ('airplane', 'rocket', 'balloon')
COLOURS = ('natural', 'red', 'yellow', 'green', 'blue', 'purple')
PLACES = ('meadow', 'beach', 'city', 'desert', 'snow', 'sea')
TIMES = ('day', 'sunset', 'night')
WEATHERS = ('clear', 'cloudy')
MOTIONS = ('still', 'right', 'left', 'up', 'down', 'jump')
CAMERAS = ('fixed', 'pan_right', 'pan_left')
SHOTS = ('medium', 'close')

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    'subject': SUBJECTS,
    'colour': COLOURS,
    'place': PLACES,
    'time': TIMES,
    'weather': WEATHERS,
    'motion': MOTIONS,
    'camera': CAMERAS,
    'shot': SHOTS,
}

SIZES: Mapping[str, tuple[int, int]] = {'16:9': (224, 128), '1:1': (160, 160), '9:16': (128, 224)}
"""Width and height in pixels of each aspect ratio."""

CELL = 16
"""Pixels a latent position stands for; what moves crosses one cell in two frames, or four, or eight."""

BLOCK = 32
"""Pixels between the parts of the scenery."""

FRAMES, FPS = 17, 8


@dataclass(frozen=True)
class ClipScene:
    """One clip's meaning (the attributes), its shape and the seed of everything that the words leave open."""

    subject: str = 'none'
    colour: str = 'natural'
    place: str = 'meadow'
    time: str = 'day'
    weather: str = 'clear'
    motion: str = 'still'
    camera: str = 'fixed'
    shot: str = 'medium'
    aspect: str = '16:9'
    seed: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return SIZES[self.aspect]

    @property
    def is_held_out(self) -> bool:
        """Whether this combination of subject, place and motion is kept from training (about one in twenty)."""
        combination = f'{self.subject}/{self.place}/{self.motion}'
        return hashlib.sha256(combination.encode()).digest()[0] < 13

    def codes(self) -> list[int]:
        """The index of each attribute's value, in the order of `ATTRIBUTES`."""
        return [values.index(getattr(self, name)) for name, values in ATTRIBUTES.items()]


def random_clip(seed: int, *, aspect: str, held_out: bool = False) -> ClipScene:
    """A clip as training sees it, or one of the combinations that training never sees."""
    rng = random.Random(seed)
    while True:
        scene = _draw(rng, aspect=aspect, seed=seed)
        if scene.is_held_out == held_out:
            return scene


def _draw(rng: random.Random, *, aspect: str, seed: int) -> ClipScene:
    subject = 'none' if rng.random() < 0.06 else rng.choice(SUBJECTS[1:])
    is_plain = subject == 'none' or rng.random() < 0.25
    motion = 'still' if subject == 'none' else rng.choices(MOTIONS, (2, 3, 3, 2, 2, 2))[0]
    return ClipScene(
        subject=subject,
        colour='natural' if is_plain else rng.choice(COLOURS[1:]),
        place=rng.choice(PLACES),
        time=rng.choices(TIMES, (4, 3, 3))[0],
        weather=rng.choices(WEATHERS, (3, 2))[0],
        motion=motion,
        camera=rng.choices(CAMERAS, _camera_odds(subject, motion))[0],
        shot=rng.choices(SHOTS, (3, 1))[0],
        aspect=aspect,
        seed=seed,
    )


def _camera_odds(subject: str, motion: str) -> tuple[int, int, int]:
    """A camera never turns away from what moves; an empty or quiet scene is seldom without any movement."""
    match motion:
        case 'right':
            return (5, 2, 0)
        case 'left':
            return (5, 0, 2)
        case 'still':
            return (1, 3, 3) if subject == 'none' else (2, 2, 2)
        case _:
            return (5, 1, 1)
