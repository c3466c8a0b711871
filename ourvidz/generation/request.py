"""The frozen inputs of a job: every control of the workspace, validated."""

import secrets
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

MAX_PROMPT = 4_000
MAX_SEED = 2**63 - 1
"""The largest integer that SQLite can hold."""
MAX_FRAMES = 241
MIN_FPS, MAX_FPS = 4, 60


class Mode(StrEnum):
    IMAGE = 'image'
    VIDEO = 'video'


class AspectRatio(StrEnum):
    WIDE = '16:9'
    SQUARE = '1:1'
    TALL = '9:16'


class ShotType(StrEnum):
    WIDE = 'wide'
    MEDIUM = 'medium'
    CLOSE = 'close'


class CameraAngle(StrEnum):
    NONE = 'none'
    EYE_LEVEL = 'eye_level'
    LOW_ANGLE = 'low_angle'
    OVER_SHOULDER = 'over_shoulder'
    OVERHEAD = 'overhead'
    BIRD_EYE = 'bird_eye'


class Quality(StrEnum):
    FAST = 'fast'
    HIGH = 'high'


class Content(StrEnum):
    SFW = 'sfw'
    NSFW = 'nsfw'


class Enhancement(StrEnum):
    NONE = 'none'
    INSTRUCT = 'instruct'
    BASE = 'base'


class ReferenceMode(StrEnum):
    MODIFY = 'modify'
    COPY = 'copy'


def _without_nul(text: str) -> str:
    if '\x00' in text:
        raise ValueError('contains a NUL character; remove it')
    return text


def _says_something(prompt: str) -> str:
    """Separators and control or format characters (a zero-width space, say) are nothing to draw."""
    if all(unicodedata.category(character)[0] in 'ZC' for character in prompt):
        raise ValueError('the prompt is empty; say what the picture shall show')
    return prompt


Words = Annotated[str, Field(max_length=MAX_PROMPT), AfterValidator(_without_nul)]
Id = Annotated[str, Field(pattern=r'^[0-9a-f]{32}$')]


class LoraUse(BaseModel):
    """One LoRA by its id and how strongly it acts (1 = as trained)."""

    model_config = ConfigDict(frozen=True, extra='forbid')

    id: str = Field(min_length=1, max_length=300)
    weight: float = Field(default=1.0, ge=-2, le=2, strict=True)


class GenerationRequest(BaseModel):
    """What a person asks for; only `prompt` is required.

    `model` None means the best that fits this machine, `seed` None a random one; the i-th variation has seed + i.
    Steps, guidance, frames and fps None mean the model's own defaults.
    """

    model_config = ConfigDict(frozen=True, extra='forbid', allow_inf_nan=False)

    prompt: Annotated[Words, AfterValidator(_says_something)]
    mode: Mode = Mode.IMAGE
    negative_prompt: Words = ''
    aspect_ratio: AspectRatio = AspectRatio.WIDE
    shot_type: ShotType = ShotType.WIDE
    camera_angle: CameraAngle = CameraAngle.NONE
    style: Annotated[str, Field(max_length=300), AfterValidator(_without_nul)] = ''
    style_reference_id: Id | None = None
    style_strength: float = Field(default=0.6, ge=0, le=1, strict=True)
    quality: Quality = Quality.FAST
    variations: int = Field(default=3, ge=1, le=6, strict=True)
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED, strict=True)
    model: str | None = Field(default=None, min_length=1, max_length=300)
    loras: tuple[LoraUse, ...] = Field(default=(), max_length=8)
    enhancement: Enhancement = Enhancement.NONE
    enhanced_prompt: Words = ''
    content: Content = Content.SFW
    reference_id: Id | None = None
    reference_mode: ReferenceMode = ReferenceMode.MODIFY
    strength: float = Field(
        default=0.5, gt=0, le=1, strict=True, description='How far from the reference: 1 = all new, 0.01 the least'
    )
    start_frame_id: Id | None = None
    end_frame_id: Id | None = None
    is_continued: bool = Field(default=False, description='The beginning frame ended another clip, whose colours go on')
    num_frames: int | None = Field(default=None, ge=1, le=MAX_FRAMES, strict=True)
    fps: int | None = Field(default=None, ge=MIN_FPS, le=MAX_FPS, strict=True)
    num_inference_steps: int | None = Field(default=None, ge=1, le=100, strict=True)
    guidance_scale: float | None = Field(default=None, ge=0, le=20, strict=True)

    @model_validator(mode='before')
    @classmethod
    def _one_clip(cls, values: Any) -> Any:
        """A clip takes long: unless more are asked for, one is made."""
        is_video = isinstance(values, Mapping) and values.get('mode') == Mode.VIDEO
        return {'variations': 1, **values} if is_video else values

    @field_validator('variations')
    @classmethod
    def _is_offered(cls, variations: int, info: ValidationInfo) -> int:
        if info.data.get('mode') is Mode.IMAGE and variations not in (1, 3, 6):
            raise ValueError('variations must be 1, 3 or 6')
        return variations


FOR_CLIPS = ('start_frame_id', 'end_frame_id', 'is_continued', 'num_frames', 'fps')
FOR_PICTURES = ('reference_mode', 'strength', 'style_reference_id', 'style_strength')
NOT_IN_COPIES = (
    'strength', 'shot_type', 'camera_angle', 'style', 'style_reference_id', 'negative_prompt', 'enhancement',
    'enhanced_prompt', 'guidance_scale',
)  # fmt: skip
COPY_KEEPS = 'A copy keeps the reference as it is, so this has no effect. Choose MODIFY for it to act.'


def idle_fields(request: GenerationRequest) -> dict[str, str]:
    """Fields that were set and would have no effect, each with why."""
    idle: dict[str, str] = {}
    if request.mode is Mode.VIDEO:
        idle |= dict.fromkeys(FOR_PICTURES, 'This acts on pictures only, not on clips.')
        if request.start_frame_id is None:
            idle['is_continued'] = 'Without a beginning frame there is nothing to go on from.'
    else:
        idle |= dict.fromkeys(FOR_CLIPS, 'This acts on clips only, not on pictures.')
        if request.reference_id is None:
            idle |= dict.fromkeys(('reference_mode', 'strength'), 'Without a reference this has no effect.')
        elif request.reference_mode is ReferenceMode.COPY:
            idle |= dict.fromkeys(NOT_IN_COPIES, COPY_KEEPS)
        if request.style_reference_id is None:
            idle['style_strength'] = 'Without a style reference this has no effect.'
    if request.guidance_scale is not None and request.guidance_scale <= 1:
        idle['negative_prompt'] = 'Without guidance, which is above 1, nothing can be ruled out.'
    fields = GenerationRequest.model_fields
    return {name: why for name, why in idle.items() if getattr(request, name) != fields[name].default}


def random_seed() -> int:
    """A new seed, short enough to be read out and typed."""
    return secrets.randbelow(2**32)


def seed_of(first: int, position: int) -> int:
    """The seed of the i-th variation; after the largest one comes 0."""
    return (first + position) % (MAX_SEED + 1)
