"""The one place where prompt and controls become the text that a model reads, by model family.

SDXL reads phrases joined by commas; models with a language model or T5 inside read one flowing sentence; Spark reads
exactly the words that it was trained on.
"""

import random
import re
from dataclasses import dataclass
from textwrap import shorten

from ourvidz.generation.request import CameraAngle, Content, GenerationRequest, ReferenceMode, ShotType
from ourvidz.models.spec import Ability, ModelSpec
from ourvidz.models.tokens import TokenCounter
from ourvidz.models.vocabulary import Vocabulary

__all__ = ['FinalPrompt', 'TokenCounter', 'final_prompt']

PHRASE_FAMILIES = {'sdxl', 'sd15'}

SPARK_SHOTS = {ShotType.WIDE: 'wide shot', ShotType.MEDIUM: 'medium shot', ShotType.CLOSE: 'close-up shot'}
SHOTS = {**SPARK_SHOTS, ShotType.WIDE: ''}
OWN_SHOTS = re.compile(
    r'(?<!\w)(?:close[- ]?up|portrait|(?:medium|mid|long|wide)[- ]shot|from afar|far away)(?!\w)', re.I
)
ANGLES = {
    CameraAngle.NONE: '',
    CameraAngle.EYE_LEVEL: 'eye level',
    CameraAngle.LOW_ANGLE: 'low angle shot',
    CameraAngle.OVER_SHOULDER: 'over-the-shoulder view',
    CameraAngle.OVERHEAD: 'overhead view',
    CameraAngle.BIRD_EYE: "bird's eye view",
}
SENTENCE_ANGLES = {
    CameraAngle.NONE: '',
    CameraAngle.EYE_LEVEL: 'viewed at eye level',
    CameraAngle.LOW_ANGLE: 'viewed from a low angle',
    CameraAngle.OVER_SHOULDER: 'viewed over the shoulder',
    CameraAngle.OVERHEAD: 'viewed from directly overhead',
    CameraAngle.BIRD_EYE: "viewed from a bird's eye view",
}
MARKUP = re.compile(r'<lora:[^<>]+>|\([^()]*:\s*\d*\.?\d+\s*\)', re.I)
"""How other tools write LoRAs and weights into a prompt."""


@dataclass(frozen=True, slots=True)
class FinalPrompt:
    """What the model will read, and what it will not.

    `dropped` are phrases of the controls (and terms of the negative prompt) that had no room or no effect, `unread` and
    `unread_negative` the end of the person's own words that lies beyond `limit`, `plain` what other tools would take
    for a LoRA or a weight; `replaced` are words (from, to) that a small model knows by another name and `unknown` those
    that it never saw. `unsaid` are choices for what the words leave open, where each picture's seed takes one. `tokens`
    is an estimate unless `is_exact`.
    """

    text: str
    negative: str
    tokens: int
    limit: int
    dropped: tuple[str, ...] = ()
    unread: str = ''
    unread_negative: str = ''
    plain: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    unsaid: tuple[tuple[str, ...], ...] = ()
    is_exact: bool = True

    def left_out(self, title: str) -> str:
        """What the model with this title does not read, in a sentence; '' if it reads everything."""
        notes = [f'Left out, too long for {title}: {", ".join(self.dropped)}.'] if self.dropped else []
        if self.unread:
            notes.append(f'Too long: {title} does not read “{_short(self.unread)}”.')
        if self.unread_negative:
            notes.append(f'Too long: of what to leave out {title} does not read “{_short(self.unread_negative)}”.')
        if self.plain:
            words = f'{title} reads “{_short(", ".join(self.plain))}” as plain words'
            notes.append(f'{words}: weights have no effect, and LoRAs are chosen under More.')
        return ' '.join(notes)

    def for_seed(self, seed: int) -> str:
        """What the model reads for the picture with this seed; the same for the same seed."""
        if not self.unsaid:
            return self.text
        chance = random.Random(seed)
        return ', '.join([self.text.rstrip(' ,.'), *(chance.choice(choices) for choices in self.unsaid)])


def final_prompt(request: GenerationRequest, spec: ModelSpec, *, counter: TokenCounter) -> FinalPrompt:
    """Turn a request into what the model reads. The person's own words are all kept, in their order."""
    words, style = _own_words(request), _style(request)
    vocabulary = Vocabulary.of(spec)
    understood = vocabulary.understood(f'{words}, {style}') if vocabulary else None
    if vocabulary:
        words, style = vocabulary.translated(words), vocabulary.translated(style)
    text, dropped = _fitted(words, _phrases(request, style, words, spec.family), spec, counter)
    negative, too_much = _negative(request, spec, counter)
    return FinalPrompt(
        text=text,
        negative=negative,
        tokens=counter.count(spec, text),
        limit=spec.token_limit,
        dropped=(*dropped, *too_much),
        unread=_unread(text, spec, counter),
        unread_negative=_unread(negative, spec, counter),
        plain=tuple(MARKUP.findall(f'{request.prompt} {request.negative_prompt}')),
        replaced=understood.replaced if understood else (),
        unknown=understood.unknown if understood else (),
        unsaid=vocabulary.left_open(text) if vocabulary and request.reference_id is None else (),
        is_exact=counter.is_exact(spec),
    )


def _short(words: str) -> str:
    return shorten(words, 60, placeholder=' …')


def _is_copy(request: GenerationRequest) -> bool:
    return request.reference_id is not None and request.reference_mode is ReferenceMode.COPY


def _own_words(request: GenerationRequest) -> str:
    return request.prompt if _is_copy(request) else request.enhanced_prompt or request.prompt


def _style(request: GenerationRequest) -> str:
    return '' if _is_copy(request) else request.style.strip(' ,.')


def _phrases(request: GenerationRequest, style: str, words: str, family: str) -> list[str]:
    """What the controls add and the words do not say already, the most important first; a copy is told nothing new."""
    if _is_copy(request):
        return []
    styled = style if not style or style.lower().endswith('style') else f'{style} style'
    shot, angle = SHOTS[request.shot_type], ANGLES[request.camera_angle]
    if family.startswith('spark'):
        is_told = request.shot_type is ShotType.WIDE and OWN_SHOTS.search(words)
        phrases = ['' if is_told else SPARK_SHOTS[request.shot_type], angle, styled]
    elif family in PHRASE_FAMILIES:
        phrases = [shot, angle, style]
    else:
        phrases = [shot and f'seen in a {shot}', SENTENCE_ANGLES[request.camera_angle], styled and f'in {styled}']
    return [phrase for phrase in phrases if phrase and not re.search(rf'(?<!\w){re.escape(phrase)}(?!\w)', words, re.I)]


def _fitted(words: str, phrases: list[str], spec: ModelSpec, counter: TokenCounter) -> tuple[str, tuple[str, ...]]:
    """The text that fits, dropping phrases from the end; and what was dropped, in the order of the controls."""
    kept = list(phrases)
    while True:
        text = _written(words, kept, spec.family)
        if not kept or counter.count(spec, text) <= spec.token_limit:
            return text, tuple(phrases[len(kept) :])
        kept.pop()


def _written(words: str, phrases: list[str], family: str) -> str:
    if not phrases:
        return words
    text = ', '.join([words.rstrip(' ,.'), *phrases])
    return text if family.startswith('spark') or family in PHRASE_FAMILIES else f'{text}.'


def _negative(request: GenerationRequest, spec: ModelSpec, counter: TokenCounter) -> tuple[str, tuple[str, ...]]:
    """The model's own negative prompt, then the person's text; what has no room is dropped from the model's own."""
    own = request.negative_prompt
    if not spec.can(Ability.NEGATIVE_PROMPT):
        return '', (own,) if own else ()
    is_from_picture = any((request.reference_id, request.start_frame_id, request.end_frame_id))
    terms = spec.negative_prompt(is_nsfw=request.content is Content.NSFW, is_image_to_image=is_from_picture).split(', ')
    kept = [term for term in terms if term]
    dropped: list[str] = []
    while kept and counter.count(spec, ', '.join([*kept, own])) > spec.token_limit:
        dropped.insert(0, kept.pop())
    return ', '.join(term for term in (*kept, own) if term), tuple(dropped)


def _unread(text: str, spec: ModelSpec, counter: TokenCounter) -> str:
    """The end of the text that lies beyond what the model reads, by whole words."""
    if counter.count(spec, text) <= spec.token_limit:
        return ''
    words = text.split()
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        is_read = counter.count(spec, ' '.join(words[:middle])) <= spec.token_limit
        low, high = (middle, high) if is_read else (low, middle - 1)
    return ' '.join(words[low:])
