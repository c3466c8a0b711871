"""What a scene can consist of: the attributes, one scene, how scenes are drawn at random and which are held out."""

import dataclasses
import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass

SUBJECTS = (
    'none', 'car', 'bus', 'train', 'boat', 'airplane', 'rocket', 'balloon', 'robot', 'house', 'castle', 'tree',
    'flower', 'mushroom', 'cat', 'dog', 'panda', 'lion', 'owl', 'bird', 'fish', 'horse', 'elephant', 'dragon', 'turtle',
)  # fmt: skip
COLOURS = ('natural', 'red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'white')
PLACES = ('meadow', 'beach', 'forest', 'city', 'desert', 'mountains', 'snow', 'sea')
TIMES = ('day', 'morning', 'sunset', 'night')
WEATHERS = ('clear', 'cloudy', 'rainy')
SHOTS = ('wide', 'medium', 'close')
ANGLES = ('eye_level', 'low_angle', 'over_shoulder', 'overhead', 'bird_eye')
STYLES = ('photo', 'watercolor', 'pixel', 'noir', 'pastel', 'vintage')
COLUMNS = ('left', 'middle', 'right')
DIRECTIONS = ('left', 'right')
BACKDROPS = ('open', 'layered', 'tall', 'framed')

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    'subject': SUBJECTS,
    'colour': COLOURS,
    'place': PLACES,
    'time': TIMES,
    'weather': WEATHERS,
    'shot': SHOTS,
    'angle': ANGLES,
    'style': STYLES,
    'column': COLUMNS,
    'direction': DIRECTIONS,
    'backdrop': BACKDROPS,
}

OF_SUBJECT = ('colour', 'shot', 'column', 'direction')
"""What cannot be seen without a subject."""

SIZES: Mapping[str, tuple[int, int]] = {'16:9': (448, 256), '1:1': (256, 256), '9:16': (256, 448)}
"""Width and height in pixels of each aspect ratio."""

GRID = 16
"""Pixels of a square; where subjects lie is told in squares."""

CELL = 2 * GRID
"""Pixels a latent position stands for."""


@dataclass(frozen=True)
class Scene:
    """One picture's meaning and its aspect ratio. They say all: the same scene is the same picture, to the pixel."""

    subject: str = 'none'
    colour: str = 'natural'
    place: str = 'meadow'
    time: str = 'day'
    weather: str = 'clear'
    shot: str = 'medium'
    angle: str = 'eye_level'
    style: str = 'photo'
    column: str = 'middle'
    direction: str = 'left'
    backdrop: str = 'open'
    aspect: str = '16:9'

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return SIZES[self.aspect]

    @property
    def is_held_out(self) -> bool:
        """Whether this combination of subject, colour and place is kept from training (about one in twenty)."""
        combination = f'{self.subject}/{self.colour}/{self.place}'
        return hashlib.sha256(combination.encode()).digest()[0] < 13

    def codes(self) -> list[int]:
        """The index of each attribute's value, in the order of `ATTRIBUTES`."""
        return [values.index(getattr(self, name)) for name, values in ATTRIBUTES.items()]


DEFAULTS = {name: getattr(Scene(), name) for name in ATTRIBUTES}
"""What is drawn where nothing is said."""


def random_scene(seed: int, *, aspect: str, held_out: bool = False) -> Scene:
    """A scene as training sees it, or one of the combinations that training never sees."""
    rng = random.Random(seed)
    while True:
        scene = _draw(rng, aspect=aspect)
        if scene.is_held_out == held_out:
            return scene


def changed(scene: Scene, rng: random.Random) -> tuple[Scene, str]:
    """The scene with another value of one attribute, mostly the colour, and that attribute's name."""
    names, odds = ('colour', 'time', 'weather', 'style', 'place'), (6, 2, 1.5, 1.5, 1)
    while True:
        name = 'time' if scene.subject == 'none' else rng.choices(names, odds)[0]
        values = [value for value in ATTRIBUTES[name] if value not in (getattr(scene, name), 'natural')]
        value = rng.choice(values)
        other = dataclasses.replace(scene, **{name: value})
        if not other.is_held_out:
            return other, name


def _draw(rng: random.Random, *, aspect: str) -> Scene:
    subject = 'none' if rng.random() < 0.05 else rng.choice(SUBJECTS[1:])
    is_plain = subject == 'none' or rng.random() < 0.25
    return Scene(
        subject=subject,
        colour='natural' if is_plain else rng.choice(COLOURS[1:]),
        place=rng.choice(PLACES),
        time=rng.choices(TIMES, (4, 2, 3, 3))[0],
        weather=rng.choices(WEATHERS, (5, 2, 2))[0],
        shot=rng.choices(SHOTS, (3, 4, 3))[0],
        angle=rng.choices(ANGLES, (8, 2, 2, 2, 2))[0],
        style=rng.choices(STYLES, (9, 2, 2, 2, 2, 2))[0],
        column=rng.choice(COLUMNS),
        direction=rng.choice(DIRECTIONS),
        backdrop=rng.choice(BACKDROPS),
        aspect=aspect,
    )
