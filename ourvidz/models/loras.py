"""LoRAs as choices for a model: which ones fit, why others do not, and the words that wake them."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ourvidz.errors import BrokenModel
from ourvidz.models.headers import Header, read_header
from ourvidz.models.local_files import FoundLora
from ourvidz.models.spec import Ability, ModelSpec

MOST_WORDS = 3
ALMOST_ALWAYS = 0.9
FAMILY_TITLES = {
    'sdxl': 'SDXL',
    'sd15': 'Stable Diffusion 1.5',
    'flux': 'FLUX.1',
    'flux2': 'FLUX.2',
    'z-image': 'Z-Image',
    'qwen-image': 'Qwen-Image',
    'wan': 'Wan',
    'ltx2': 'LTX-2',
    'spark': 'Spark',
    'spark-clip': 'Spark clip',
}


@dataclass(frozen=True, slots=True)
class LoraChoice:
    """A LoRA for the picker; `because` says why it does not fit the model, '' if it does."""

    id: str
    title: str
    path: Path
    family: str
    trigger_words: tuple[str, ...] = ()
    because: str = ''


def loras_for(spec: ModelSpec, found: Iterable[FoundLora]) -> list[LoraChoice]:
    """All LoRAs as choices for the model, those that fit first, each by its name."""
    choices: dict[str, LoraChoice] = {}
    for lora in sorted(found, key=lambda lora: str(lora.path)):
        stem = lora.path.stem
        id_ = stem if stem not in choices else f'{lora.path.parent.name}/{stem}'
        with suppress(BrokenModel, OSError):
            choices[id_] = _choice(id_, lora, spec)
    return sorted(choices.values(), key=lambda choice: (bool(choice.because), choice.title.lower()))


def _choice(id_: str, lora: FoundLora, spec: ModelSpec) -> LoraChoice:
    header = read_header(lora.path)
    return LoraChoice(
        id=id_,
        title=lora.path.stem,
        path=lora.path,
        family=lora.family,
        trigger_words=trigger_words(header, lora.path),
        because=_because(header, lora.family, spec),
    )


def trigger_words(header: Header, path: Path) -> tuple[str, ...]:
    """The words that wake a LoRA: as its maker or A1111's notes state them, else the tags of nearly all pictures."""
    stated = header.metadata.get('modelspec.trigger_phrase') or _noted(path.with_suffix('.json'))
    if stated:
        return tuple(word.strip() for word in stated.split(',') if word.strip())
    counts: dict[str, int] = {}
    with suppress(ValueError, AttributeError, TypeError):
        for tags in json.loads(header.metadata.get('ss_tag_frequency', '{}')).values():
            for tag, count in tags.items():
                counts[tag.strip()] = counts.get(tag.strip(), 0) + int(count)
    most = max(counts.values(), default=0)
    frequent = sorted(
        (tag for tag in counts if tag and counts[tag] >= ALMOST_ALWAYS * most), key=lambda tag: -counts[tag]
    )
    return tuple(frequent[:MOST_WORDS])


def _noted(path: Path) -> str:
    try:
        return str(json.loads(path.read_text('utf-8')).get('activation text') or '')
    except (OSError, ValueError, AttributeError):
        return ''


def _because(header: Header, family: str, spec: ModelSpec) -> str:
    if not spec.can(Ability.LORA):
        return spec.refusal(Ability.LORA)
    if not family:
        return 'The file does not tell for which models it was made.'
    wanted = 'wan' if spec.family.startswith('wan') else spec.family
    if family != wanted:
        names = FAMILY_TITLES.get(family, family), FAMILY_TITLES.get(wanted, wanted)
        return f'It was made for {names[0]} models, not for {names[1]} models like {spec.title}.'
    own, width = _width(header), _model_width(spec)
    if family == 'wan' and own and width and own != width:
        return f'It was made for a Wan model of another size ({own} wide, {spec.title} is {width} wide).'
    return ''


def _width(header: Header) -> int:
    """How wide the layers are that the LoRA reads, 0 if it does not show."""
    for name, shape in header.shapes.items():
        if ('attn' in name) and ('lora_A' in name or 'lora_down' in name) and len(shape) >= 2:
            return shape[1]
    return 0


def _model_width(spec: ModelSpec) -> int:
    try:
        path = (spec.path or Path()) / 'transformer' / 'config.json'
        config = json.loads(path.read_text('utf-8'))
        return int(config['num_attention_heads']) * int(config['attention_head_dim'])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
