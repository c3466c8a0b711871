"""How good the exported clip model is, on combinations that training never saw; the renderer itself is the judge.

For each attribute that a caption states, the clip is compared with renders that differ in this attribute alone, at
every place where the seed may put the subject; the nearest render tells what the clip shows.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline
from numpy.typing import NDArray
from PIL import Image

from .captions import Caption
from .clip_autoencoder import measure
from .clip_captions import caption
from .clip_renderer import Frames, render_clip
from .clip_scene import ATTRIBUTES, FRAMES, SIZES, ClipScene, random_clip
from .workshop import Workshop

STEPS, GUIDANCE = 12, 3.0
SEEDS = 6
"""Seeds that between them put a subject everywhere that a seed may."""


@dataclass
class Score:
    """How often an attribute was right, out of how many, and what chance would give."""

    right: int = 0
    asked: int = 0
    chances: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f'{self.right / max(1, self.asked):.2f} (of {self.asked}; by chance {np.mean(self.chances or [0]):.2f})'


def evaluate(workshop: Workshop, checkpoint: Path, *, clips: int) -> None:
    """Prints and gives the model card the figures: from text, and from a beginning frame."""
    pipeline: Any = WanPipeline.from_pretrained(checkpoint, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    following: Any = WanImageToVideoPipeline.from_pipe(pipeline)
    following.set_progress_bar_config(disable=True)
    lines = [f'- Autoencoder on other renders: {measure(workshop, pipeline.vae):.1f} dB.']
    seconds: list[float] = []
    for title, given in (('From text', False), ('From text and a beginning frame', True)):
        scores = {name: Score() for name in ATTRIBUTES}
        errors = []
        for scene, told in _held_out(clips):
            started, truth = time.monotonic(), render_clip(scene)[0]
            if given:
                frames = make(following, told.text, scene, seed=scene.seed, start=Image.fromarray(truth[0]))
                errors.append(float(np.abs(frames[0].astype(float) - truth[0]).mean()))
            else:
                frames = make(pipeline, told.text, scene, seed=scene.seed)
                seconds.append(time.monotonic() - started)
            _judge(frames, scene, told, scores)
        kept = {name: score for name, score in scores.items() if score.asked}
        lines.append(f'- {title}: ' + ', '.join(f'{name} {score}' for name, score in kept.items()) + '.')
        if errors:
            lines.append(
                f'- The first frame differs from the given picture by {np.mean(errors):.1f} of 255 on average.'
            )
    lines.append(f'- {np.median(seconds):.1f} s a clip on one thread, {STEPS} steps with guidance.')
    print('\n'.join(lines), flush=True)
    _tell_card(checkpoint / 'README.md', lines)


def make(pipeline: Any, prompt: str, scene: ClipScene, *, seed: int, start: Image.Image | None = None) -> Frames:
    """A clip of the scene's size (FRAMES, height, width, 3)."""
    given = {'image': start} if start else {}
    made = pipeline(
        prompt=prompt, width=scene.size[0], height=scene.size[1], num_frames=FRAMES, num_inference_steps=STEPS,
        guidance_scale=GUIDANCE, generator=torch.Generator().manual_seed(seed), output_type='np', **given,
    ).frames[0]  # fmt: skip
    frames: Frames = (made[:FRAMES] * 255).round().astype(np.uint8)
    return frames


def _held_out(clips: int) -> Iterator[tuple[ClipScene, Caption]]:
    for index in range(clips):
        scene = random_clip(9 * 10**8 + index, aspect=list(SIZES)[index % 4 % len(SIZES)], held_out=True)
        yield scene, caption(scene, random.Random(index))


def _judge(frames: Frames, scene: ClipScene, told: Caption, scores: dict[str, Score]) -> None:
    for (name, values), stated in zip(ATTRIBUTES.items(), told.stated, strict=True):
        if stated == len(values):
            continue
        choices = [value for value in values if value != 'none' or scene.subject == 'none']
        nearest = min(choices, key=lambda value: _distance(frames, _varied(scene, name, value)))
        scores[name].right += nearest == values[stated]
        scores[name].asked += 1
        scores[name].chances.append(1 / len(choices))


def _varied(scene: ClipScene, name: str, value: str) -> ClipScene:
    changes: dict[str, Any] = {name: value}
    return replace(scene, **changes)


def _distance(frames: Frames, scene: ClipScene) -> float:
    """The distance to the nearest render of the scene, over the places where its subject may be."""
    seen = frames[:, ::2, ::2].astype(np.float32)
    return min(_error(seen, replace(scene, seed=seed)) for seed in range(SEEDS))


def _error(seen: NDArray[np.float32], scene: ClipScene) -> float:
    return float(np.square(seen - render_clip(scene)[0][:, ::2, ::2]).mean())


def _tell_card(path: Path, lines: list[str]) -> None:
    before, _, rest = path.read_text(encoding='utf-8').partition('<!-- figures -->\n')
    _, mark, after = rest.partition('<!-- /figures -->')
    path.write_text(f'{before}<!-- figures -->\n' + '\n'.join(lines) + f'\n{mark}{after}', encoding='utf-8')
