"""What the prompt panel binds to: every control as the person left it."""

from dataclasses import fields
from typing import Any

from nicegui import binding
from pydantic import ValidationError

from ourvidz.errors import InvalidInput
from ourvidz.generation.references import Reference
from ourvidz.generation.request import (
    MAX_FPS,
    MAX_FRAMES,
    MAX_SEED,
    MIN_FPS,
    AspectRatio,
    CameraAngle,
    Content,
    Enhancement,
    GenerationRequest,
    LoraUse,
    Mode,
    Quality,
    ReferenceMode,
    ShotType,
)

SLOTS = ('reference', 'style_reference', 'start_frame', 'end_frame')
DERIVED = ('seed_text', 'refusals', 'hint', 'is_enhancing')
SLOTS_BY_MODE = {Mode.IMAGE: ('reference', 'style_reference'), Mode.VIDEO: ('start_frame', 'end_frame')}


@binding.bindable_dataclass
class PromptForm:
    """The controls of one person, shared by their tabs. Assign new values; never change one in place.

    `seed_text` is what stands in the field of the seed, and may be none; `seed` is the last that was one.
    `model` is '' for the best that fits. `continued_id` is the beginning frame that ended another clip; with
    `is_single` the picture in its box may appear anywhere in the clip. `refusals` says for each disabled control why
    and `hint` which words a small model understood; both are derived, never kept.
    """

    mode: Mode = Mode.IMAGE
    prompt: str = ''
    negative_prompt: str = ''
    aspect_ratio: AspectRatio = AspectRatio.WIDE
    shot_type: ShotType = ShotType.WIDE
    camera_angle: CameraAngle = CameraAngle.NONE
    style: str = ''
    quality: Quality = Quality.FAST
    variations: int = 3
    seed: int | None = None
    seed_text: str = ''
    image_model: str = ''
    video_model: str = ''
    loras: tuple[LoraUse, ...] = ()
    content: Content = Content.SFW
    enhancement: Enhancement = Enhancement.NONE
    enhanced_prompt: str = ''
    enhanced_of: str = ''
    reference: Reference | None = None
    reference_mode: ReferenceMode = ReferenceMode.MODIFY
    strength: float = 0.5
    style_reference: Reference | None = None
    style_strength: float = 0.6
    start_frame: Reference | None = None
    end_frame: Reference | None = None
    is_single: bool = False
    continued_id: str = ''
    num_frames: int | None = None
    fps: int | None = None
    refusals: dict[str, str] | None = None
    hint: str = ''
    is_enhancing: bool = False

    def __post_init__(self) -> None:
        self.seed_text = seed_text(self.seed)

    @property
    def model(self) -> str:
        """The id of the model that is chosen for the mode, '' for the best that fits."""
        return self.image_model if self.mode is Mode.IMAGE else self.video_model

    @property
    def is_anywhere(self) -> bool:
        """Whether the picture in the first box may appear anywhere in the clip, rather than begin it."""
        return self.is_single and not self.why_not('single_frame')

    def why_not(self, control: str) -> str:
        """Why a control is disabled, '' if it is not."""
        return (self.refusals or {}).get(control, '')

    def request(self) -> GenerationRequest:
        """The form as one validated request. Raises InvalidInput with the first field that is wrong."""
        return validated(self._values())

    def kept(self) -> dict[str, Any]:
        """The form as JSON, to be restored after a restart; references by their ids."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in DERIVED}
        for slot in SLOTS:
            values[slot] = values[slot].id if values[slot] else None
        values['loras'] = [use.model_dump() for use in self.loras]
        return values

    def _values(self) -> dict[str, Any]:
        is_image = self.mode is Mode.IMAGE
        values: dict[str, Any] = {
            'mode': self.mode,
            'prompt': self.prompt,
            'negative_prompt': self.negative_prompt,
            'aspect_ratio': self.aspect_ratio,
            'shot_type': self.shot_type,
            'camera_angle': self.camera_angle,
            'style': self.style,
            'quality': self.quality,
            'variations': self.variations if is_image else 1,
            'seed': self.seed,
            'model': self.model or None,
            'loras': self.loras,
            'content': self.content,
            'enhancement': self.enhancement,
            'enhanced_prompt': self.enhanced_prompt if self._is_enhanced else '',
        }
        for slot in SLOTS_BY_MODE[self.mode]:
            reference = getattr(self, slot)
            if reference is not None and not self.why_not(slot):
                is_anywhere = slot == 'start_frame' and self.is_anywhere
                values['reference_id' if is_anywhere else f'{slot}_id'] = reference.id
        if is_image:
            if 'reference_id' in values:
                values |= {'reference_mode': self.reference_mode, 'strength': self.strength}
            if 'style_reference_id' in values:
                values['style_strength'] = self.style_strength
        else:
            values |= {'num_frames': self.num_frames, 'fps': self.fps}
            values['is_continued'] = bool(self.continued_id) and values.get('start_frame_id') == self.continued_id
        return {name: value for name, value in values.items() if not self.why_not(name)}

    @property
    def _is_enhanced(self) -> bool:
        return self.enhanced_of == self.prompt and not self.is_enhancing

    def take(self, values: dict[str, Any]) -> None:
        """Take over kept values; what is unknown or out of range is left at its default."""
        kinds: dict[str, Any] = {
            'mode': Mode,
            'aspect_ratio': AspectRatio,
            'shot_type': ShotType,
            'camera_angle': CameraAngle,
            'quality': Quality,
            'content': Content,
            'enhancement': Enhancement,
            'reference_mode': ReferenceMode,
        }
        for name, value in values.items():
            try:
                if name in kinds:
                    setattr(self, name, kinds[name](value))
                elif name == 'loras':
                    self.loras = tuple(LoraUse(**use) for use in value)
                elif name in _PLAIN and isinstance(value, _PLAIN[name]):
                    setattr(self, name, value)
            except (ValueError, TypeError):
                continue
        self.seed_text = seed_text(self.seed)


def seed_text(seed: int | None) -> str:
    """A seed as its field shows it; '' for a random one."""
    return '' if seed is None else str(seed)


def is_seed(text: str) -> bool:
    """Whether it is a seed, or nothing for a random one."""
    return not text or (text.isascii() and text.isdecimal() and len(text) <= 40 and int(text) <= MAX_SEED)


_PLAIN: dict[str, Any] = {
    'prompt': str,
    'negative_prompt': str,
    'style': str,
    'image_model': str,
    'video_model': str,
    'enhanced_prompt': str,
    'enhanced_of': str,
    'continued_id': str,
    'is_single': bool,
    'variations': int,
    'seed': int | None,
    'num_frames': int | None,
    'fps': int | None,
    'strength': float | int,
    'style_strength': float | int,
}


NUMBERS = {'num frames': (1, MAX_FRAMES), 'fps': (MIN_FPS, MAX_FPS)}


def validated(values: object) -> GenerationRequest:
    """The request that the values make. Raises InvalidInput with field and reason."""
    try:
        return GenerationRequest.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = '.'.join(str(part) for part in first['loc']) or 'request'
        raise InvalidInput(field, in_words(field, first)) from error


def in_words(field: str, error: Any) -> str:
    """One of pydantic's errors in words for the person."""
    name = field.split('.')[0].replace('_', ' ')
    context = error.get('ctx') or {}
    match error['type']:
        case 'string_too_short' | 'missing' if name == 'prompt':
            return 'The prompt is empty. Say what the picture shall show.'
        case 'string_too_long':
            return f'The {name} is longer than {context["max_length"]:,} characters. Shorten it.'
        case 'greater_than_equal' | 'less_than_equal' if name in NUMBERS:
            least, most = NUMBERS[name]
            return f'The {"number of frames" if name == "num frames" else "frame rate"} must be {least} to {most}.'
        case 'string_unicode':
            return f'The {name} holds half a character, which cannot be written. Remove it.'
        case 'model_attributes_type' | 'model_type':
            return 'The body is not a JSON object. Send one, as application/json.'
        case 'extra_forbidden':
            return f'There is no control named {field}.'
        case 'value_error':
            text = str(context.get('error', error['msg']))
            return f'{text[:1].upper()}{text[1:]}.'
        case _:
            return f'The {name} is not right: {error["msg"][:1].lower()}{error["msg"][1:]}.'
