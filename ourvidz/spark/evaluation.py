"""How good the exported model is, on combinations of attributes that training never saw; the judge saw renders only."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from torch import Tensor

from .captions import Caption, caption
from .export import megabytes
from .judge import JUDGED, Judge
from .latents import Projection, pixels_of
from .painter import Painter
from .renderer import contact_sheet, render
from .sampling import GUIDANCE, STEPS, draw
from .scene import ATTRIBUTES, COLOURS, SIZES, Scene, random_scene
from .vocabulary import EXAMPLES
from .workshop import Workshop

Part = TypeVar('Part')

FIRST = 5 * 10**7
"""Seed of the first held-out scene."""

BATCH = 10

DECODED = 40
"""Held-out renders that the checkpoint's own decoder draws."""

STRENGTHS = (0.5, 0.65)
"""How far image to image goes from its picture; the first is the app's default."""

CHANGE_GUIDANCE = 5.0
LEAST_AGREEMENT = 35.0
"""Decibels between the checkpoint's decoder and the painter, which draws the same in a tenth of the time."""


@dataclass(frozen=True)
class Figures:
    """Shares of right verdicts on drawn pictures, decoded renders (the ceiling), renders; decibels; CPU seconds."""

    right: dict[str, float]
    ceiling: dict[str, float]
    renders: dict[str, float]
    decoder: float
    linear: float
    copy: float
    modified: dict[float, float]
    seconds: dict[str, float]
    megabytes: float


def evaluate(workshop: Workshop, folder: Path, *, prompts: int = 500) -> Figures:
    """Measures the checkpoint in the folder, prints the figures, writes them to its card and sheets to the workshop."""
    pipeline = StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    judge, projection, painter = Judge.load(workshop), Projection.load(workshop.projection), Painter.load(workshop)
    asked = [asked_scene(index) for index in range(prompts)]
    renders = [torch.stack([pixels_of(render(scene).picture) for scene, _ in part]) for part in _parts(asked)]
    latents = [projection.latents(part) for part in renders]
    some = [part[:1] for part in latents[:DECODED]]
    decoded = [_decoded(pipeline, part) for part in some]
    if _decibels(decoded, [painter.picture(part) for part in some]) < LEAST_AGREEMENT:
        raise ValueError(f'{folder} does not hold what was trained last, so it cannot be measured. Run export first.')
    drawn = [painter.picture(draw_latents(pipeline, part)) for part in _told(_parts(asked))]
    figures = Figures(
        right=_accuracy(judge, asked, drawn),
        ceiling=_accuracy(judge, asked, [painter.picture(part) for part in latents]),
        renders=_accuracy(judge, asked, renders),
        decoder=_decibels(decoded, [part[:1] for part in renders[:DECODED]]),
        linear=_decibels([projection.pixels(part) for part in some], [part[:1] for part in renders[:DECODED]]),
        copy=_copied(pipeline),
        modified={strength: modified_share(pipeline, judge, strength=strength) for strength in STRENGTHS},
        seconds={'fast': _seconds(pipeline, steps=STEPS), 'high': _seconds(pipeline, steps=25)},
        megabytes=megabytes(folder),
    )
    (workshop.path / 'figures.json').write_text(json.dumps(vars(figures), indent=1), encoding='utf-8')
    print(table(figures), flush=True)
    _note(folder / 'README.md', table(figures))
    sheets(pipeline, workshop.path)
    return figures


def asked_scene(index: int) -> tuple[Scene, Caption]:
    """The i-th held-out scene and its caption; scenes of one batch share their size."""
    scene = random_scene(FIRST + index, aspect=list(SIZES)[index // BATCH % len(SIZES)], held_out=True)
    return scene, caption(scene, random.Random(FIRST + index))


def table(figures: Figures) -> str:
    """The figures as a Markdown table and lines."""
    rows = [
        f'| {name} | {figures.right[name]:.2f} | {figures.ceiling[name]:.2f} | {figures.renders[name]:.2f} '
        f'| {1 / len(ATTRIBUTES[name]):.2f} |'
        for name in JUDGED
    ]
    modified = ', '.join(f'{strength}: {share:.0%}' for strength, share in figures.modified.items())
    return '\n'.join((
        '| attribute | right | ceiling | renders | chance |', '|---|---|---|---|---|', *rows, '',
        f'- Decoder on held-out renders: {figures.decoder:.1f} dB (the latents alone: {figures.linear:.1f} dB)',
        f'- A copy by image to image (strength 0.05): {figures.copy:.1f} dB',
        f'- A red car turned blue by the prompt "a blue car" in image to image with guidance '
        f'{CHANGE_GUIDANCE:.0f}, by strength: {modified}',
        f'- CPU seconds a 448x256 picture: {figures.seconds["fast"]:.1f} in {STEPS} steps, '
        f'{figures.seconds["high"]:.1f} in 25',
        f'- Size: {figures.megabytes:.1f} MB',
    ))  # fmt: skip


def _note(card: Path, figures: str) -> None:
    """Puts the figures between the marks of the model card."""
    before, _, rest = card.read_text(encoding='utf-8').partition('<!-- figures -->')
    _, _, after = rest.partition('<!-- /figures -->')
    card.write_text(f'{before}<!-- figures -->\n{figures}\n<!-- /figures -->{after}', encoding='utf-8')


def sheets(pipeline: StableDiffusionXLPipeline, folder: Path) -> None:
    """Contact sheets of the example prompts and of held-out captions."""
    examples = [prompt for prompt in EXAMPLES for _ in range(3)]
    pictures = draw(pipeline, examples, size=SIZES['16:9'], seed=1)
    contact_sheet(pictures, columns=3).save(folder / 'examples.png')
    asked = [asked_scene(index) for index in range(60)]
    wide = [words.text for scene, words in asked if scene.aspect == '16:9']
    contact_sheet(draw(pipeline, wide[:20], size=SIZES['16:9'], seed=1), columns=4).save(folder / 'held_out.png')


@torch.no_grad()
def modified_share(pipeline: StableDiffusionXLPipeline, judge: Judge, *, strength: float, count: int = 18) -> float:
    """How often image to image with the prompt 'a blue car' turns a red car blue, as MODIFY does it."""
    changing = _image_to_image(pipeline)
    blue = 0
    for seed in range(count):
        scene = Scene(subject='car', colour='red', place=('beach', 'meadow', 'city')[seed % 3], seed=seed)
        made = changing(
            'a blue car', image=render(scene).picture, strength=strength, num_inference_steps=25,
            guidance_scale=CHANGE_GUIDANCE, generator=torch.Generator().manual_seed(seed),
        ).images[0]  # fmt: skip
        verdict = judge.verdicts(pixels_of(made)[None])[0, list(ATTRIBUTES).index('colour')]
        blue += int(verdict) == COLOURS.index('blue')
    return blue / count


def _copied(pipeline: StableDiffusionXLPipeline, *, count: int = 12) -> float:
    """How near COPY comes to held-out renders, in decibels."""
    copying, sources, copies = _image_to_image(pipeline), [], []
    for index in range(count):
        source = render(asked_scene(index * BATCH)[0]).picture
        copy = copying(
            '', image=source, strength=0.05, num_inference_steps=20, guidance_scale=1.0,
            generator=torch.Generator().manual_seed(index),
        ).images[0]  # fmt: skip
        sources.append(pixels_of(source)[None])
        copies.append(pixels_of(copy)[None])
    return _decibels(copies, sources)


def _image_to_image(pipeline: StableDiffusionXLPipeline) -> StableDiffusionXLImg2ImgPipeline:
    changing = StableDiffusionXLImg2ImgPipeline(**pipeline.components)
    changing.set_progress_bar_config(disable=True)
    return changing


def _told(parts: list[Part]) -> Iterator[Part]:
    """The parts, with a line for every hundred pictures."""
    for index, part in enumerate(parts):
        if index * BATCH % 100 == 0:
            print(f'{index * BATCH} of {len(parts) * BATCH} pictures', flush=True)
        yield part


def _parts(asked: list[tuple[Scene, Caption]]) -> list[list[tuple[Scene, Caption]]]:
    return [asked[first : first + BATCH] for first in range(0, len(asked), BATCH)]


@torch.no_grad()
def _decoded(pipeline: StableDiffusionXLPipeline, latents: Tensor) -> Tensor:
    pixels: Tensor = pipeline.vae.decode(latents).sample
    return pixels.clamp(-1, 1)


def _accuracy(judge: Judge, asked: list[tuple[Scene, Caption]], pictures: list[Tensor]) -> dict[str, float]:
    """The share of right verdicts an attribute, where the caption states it (and, for colour, the style shows it)."""
    verdicts = torch.cat([judge.verdicts(part) for part in pictures])
    stated = torch.tensor([words.stated for _, words in asked])
    shows_colour = torch.tensor([scene.style not in ('noir', 'vintage') for scene, _ in asked])
    shares = {}
    for index, name in enumerate(ATTRIBUTES):
        counts = stated[:, index] < len(ATTRIBUTES[name])
        if name == 'colour':
            counts &= shows_colour
        shares[name] = float((verdicts[counts, index] == stated[counts, index]).float().mean())
    return shares


@torch.no_grad()
def draw_latents(pipeline: StableDiffusionXLPipeline, part: list[tuple[Scene, Caption]]) -> Tensor:
    """What the UNet draws of the captions, each with the seed of its scene."""
    pipeline.set_progress_bar_config(disable=True)
    width, height = part[0][0].size
    with torch.autocast('cpu', torch.bfloat16):
        latents: Tensor = pipeline(
            prompt=[words.text for _, words in part], width=width, height=height, num_inference_steps=STEPS,
            guidance_scale=GUIDANCE, output_type='latent',
            generator=[torch.Generator().manual_seed(scene.seed) for scene, _ in part],
        ).images  # fmt: skip
    return latents.float()


def _decibels(made: list[Tensor], wanted: list[Tensor]) -> float:
    errors = [(one.clamp(-1, 1) - other).square().mean((1, 2, 3)) for one, other in zip(made, wanted, strict=True)]
    return float(10 * torch.log10(4 / torch.cat(errors).mean()))


def _seconds(pipeline: StableDiffusionXLPipeline, *, steps: int) -> float:
    draw(pipeline, ['a red car'], size=SIZES['16:9'], steps=2)
    started = time.process_time()
    draw(pipeline, ['a red car'], size=SIZES['16:9'], steps=steps)
    return time.process_time() - started
