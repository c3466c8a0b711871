"""How good the exported model is, on combinations of attributes that training never saw; the judge saw renders only."""

import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionXLPipeline
from torch import Tensor

from .captions import Caption, caption
from .export import megabytes
from .judge import Judge
from .latents import Projection, pixels_of
from .renderer import contact_sheet, render
from .sampling import FAST, HIGH, change, draw
from .scene import ATTRIBUTES, COLOURS, OF_SUBJECT, SIZES, Scene, random_scene
from .text import Text, share_heard
from .vocabulary import EXAMPLES
from .workshop import Workshop

FIRST = 5 * 10**7
"""Seed of the first held-out scene."""

BATCH = 10

DECODED = 20
"""Held-out renders that the checkpoint's own decoder draws."""

STRENGTHS = (0.5, 0.65)
"""How far image to image goes from its picture; the first is the app's default."""

LEAST_AGREEMENT = 45.0
"""Decibels between the checkpoint's decoder and the linear map, which draws the same in a tenth of the time."""

Asked = tuple[Scene, Caption]


@dataclass(frozen=True)
class Figures:
    """Shares of right verdicts on drawn pictures, and on renders as the autoencoder shows them (the ceiling)."""

    right: dict[str, float]
    ceiling: dict[str, float]
    heard: float
    decoder: float
    copy: float
    recoloured: dict[float, float]
    seconds: dict[str, float]
    megabytes: float


def evaluate(workshop: Workshop, folder: Path, *, prompts: int = 500) -> Figures:
    """Measures the checkpoint in the folder, prints the figures, writes them to its card and sheets to the workshop."""
    pipeline = StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    judge, projection = Judge.load(workshop), Projection.load(workshop.projection)
    asked = [asked_scene(index) for index in range(prompts)]
    parts = [asked[first : first + BATCH] for first in range(0, len(asked), BATCH)]
    renders = [torch.stack([pixels_of(render(scene).picture) for scene, _ in part]) for part in parts]
    shown = [projection.pixels(projection.latents(part)).clamp(-1, 1) for part in renders]
    drawn = [projection.pixels(draw_latents(pipeline, part)).clamp(-1, 1) for part in parts]
    figures = Figures(
        right=_accuracy(judge, asked, drawn),
        ceiling=_accuracy(judge, asked, shown),
        heard=share_heard(Text.load(folder)),
        decoder=_decoded(pipeline, projection, [part[:1] for part in renders[:DECODED]]),
        copy=_copied(pipeline),
        recoloured={strength: recoloured_share(pipeline, judge, strength=strength) for strength in STRENGTHS},
        seconds={'fast': _seconds(pipeline, steps=FAST), 'high': _seconds(pipeline, steps=HIGH)},
        megabytes=megabytes(folder),
    )
    (workshop.path / 'figures.json').write_text(json.dumps(vars(figures), indent=1), encoding='utf-8')
    print(table(figures), flush=True)
    _note(folder / 'README.md', table(figures))
    sheets(pipeline, workshop.path)
    return figures


def asked_scene(index: int) -> Asked:
    """The i-th held-out scene and its caption; scenes of one batch share their size."""
    scene = random_scene(FIRST + index, aspect=list(SIZES)[index // BATCH % len(SIZES)], held_out=True)
    return scene, caption(scene, random.Random(FIRST + index))


def table(figures: Figures) -> str:
    """The figures as a Markdown table and lines."""
    rows = [
        f'| {name} | {figures.right[name]:.2f} | {figures.ceiling[name]:.2f} | {1 / len(values):.2f} |'
        for name, values in ATTRIBUTES.items()
    ]
    recoloured = ', '.join(f'{strength}: {share:.0%}' for strength, share in figures.recoloured.items())
    return '\n'.join((
        '| attribute | right | ceiling | chance |', '|---|---|---|---|', *rows, '',
        f'- Attributes of held-out captions that the text encoder hears right: {figures.heard:.1%}',
        f'- Decoder on held-out renders: {figures.decoder:.1f} dB',
        f'- A copy by image to image (strength 0.05): {figures.copy:.1f} dB',
        f'- Subjects of another colour turned blue by the prompt "blue" in image to image, by strength: {recoloured}',
        f'- CPU seconds a 448x256 picture: {figures.seconds["fast"]:.1f} in {FAST} steps, '
        f'{figures.seconds["high"]:.1f} in {HIGH}',
        f'- Size: {figures.megabytes:.1f} MB',
    ))  # fmt: skip


def _note(card: Path, figures: str) -> None:
    """Puts the figures between the marks of the model card."""
    before, _, rest = card.read_text(encoding='utf-8').partition('<!-- figures -->')
    _, _, after = rest.partition('<!-- /figures -->')
    card.write_text(f'{before}<!-- figures -->\n{figures}\n<!-- /figures -->{after}', encoding='utf-8')


def sheets(pipeline: StableDiffusionXLPipeline, folder: Path) -> None:
    """Contact sheets of the example prompts and of held-out captions."""
    composed = ('on the left, facing left, open view', 'on the right, facing right, framed view', 'towering backdrop')
    examples = [f'{prompt}, {words}' for prompt in EXAMPLES for words in composed]
    contact_sheet(draw(pipeline, examples, size=SIZES['16:9'], seed=1), columns=3).save(folder / 'examples.png')
    asked = [asked_scene(index) for index in range(60)]
    wide = [words.text for scene, words in asked if scene.aspect == '16:9']
    contact_sheet(draw(pipeline, wide[:20], size=SIZES['16:9'], seed=1), columns=4).save(folder / 'held_out.png')


@torch.no_grad()
def recoloured_share(pipeline: StableDiffusionXLPipeline, judge: Judge, *, strength: float, count: int = 24) -> float:
    """How often image to image with the prompt 'blue' turns a subject of another colour blue, as MODIFY does it."""
    subjects, colours = ('car', 'bus', 'dragon', 'cat', 'house', 'balloon'), ('red', 'yellow', 'green', 'pink')
    blue = 0
    for seed in range(count):
        place = ('beach', 'meadow', 'city', 'snow')[seed % 4]
        scene = Scene(subject=subjects[seed % 6], colour=colours[seed // 6 % 4], place=place, column='left')
        made = change(pipeline, 'blue', render(scene).picture, strength=strength, seed=seed)
        verdict = judge.verdicts(pixels_of(made)[None])[0, list(ATTRIBUTES).index('colour')]
        blue += int(verdict) == COLOURS.index('blue')
    return blue / count


def _copied(pipeline: StableDiffusionXLPipeline, *, count: int = 12) -> float:
    """How near COPY comes to held-out renders, in decibels."""
    sources = [render(asked_scene(index * BATCH)[0]).picture for index in range(count)]
    copies = [change(pipeline, '', source, strength=0.05, seed=seed) for seed, source in enumerate(sources)]
    return _decibels([pixels_of(copy)[None] for copy in copies], [pixels_of(source)[None] for source in sources])


@torch.no_grad()
def _decoded(pipeline: StableDiffusionXLPipeline, projection: Projection, renders: list[Tensor]) -> float:
    """How near the autoencoder comes to renders, in decibels; it must do what the linear map does."""
    latents = [projection.latents(part) for part in renders]
    decoded = [pipeline.vae.decode(part).sample for part in latents]
    if _decibels(decoded, [projection.pixels(part).clamp(-1, 1) for part in latents]) < LEAST_AGREEMENT:
        raise ValueError('The checkpoint does not hold what was trained last, so it cannot be measured. Run export.')
    return _decibels(decoded, renders)


def _accuracy(judge: Judge, asked: list[Asked], pictures: list[Tensor]) -> dict[str, float]:
    """The share of right verdicts an attribute, where the caption states it and where it can be seen."""
    verdicts = torch.cat([judge.verdicts(part) for part in pictures])
    stated = torch.tensor([words.stated for _, words in asked])
    has_colour = torch.tensor([scene.style not in ('noir', 'vintage') for scene, _ in asked])
    has_subject = torch.tensor([scene.subject != 'none' for scene, _ in asked])
    says_subject = stated[:, 0] < len(ATTRIBUTES['subject'])
    shares = {}
    for index, (name, values) in enumerate(ATTRIBUTES.items()):
        counts = stated[:, index] < len(values)
        if name in OF_SUBJECT:
            counts &= has_subject & says_subject
        if name == 'colour':
            counts &= has_colour
        shares[name] = float((verdicts[counts, index] == stated[counts, index]).float().mean())
    return shares


@torch.no_grad()
def draw_latents(pipeline: StableDiffusionXLPipeline, part: list[Asked]) -> Tensor:
    """What the UNet draws of the captions, each with a fixed seed."""
    pipeline.set_progress_bar_config(disable=True)
    width, height = part[0][0].size
    latents: Tensor = pipeline(
        prompt=[words.text for _, words in part], width=width, height=height, num_inference_steps=FAST,
        guidance_scale=1.0, output_type='latent',
        generator=[torch.Generator().manual_seed(seed) for seed in range(len(part))],
    ).images  # fmt: skip
    return latents


def _decibels(made: list[Tensor], wanted: list[Tensor]) -> float:
    errors = [(one.clamp(-1, 1) - other).square().mean((1, 2, 3)) for one, other in zip(made, wanted, strict=True)]
    return float(10 * torch.log10(4 / torch.cat(errors).mean()))


def _seconds(pipeline: StableDiffusionXLPipeline, *, steps: int) -> float:
    draw(pipeline, ['a red car'], size=SIZES['16:9'], steps=1)
    started = time.process_time()
    draw(pipeline, ['a red car'], size=SIZES['16:9'], steps=steps)
    return time.process_time() - started
