"""The frozen inputs of a job: every control of the workspace, validated."""

import unicodedata
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_PROMPT = 4_000
MAX_SEED = 2**63 - 1
"""The largest integer that SQLite can hold."""
VARIATIONS = (1, 3, 6)


class AspectRatio(StrEnum):
    """Width to height of what is made."""

    WIDE = '16:9'
    SQUARE = '1:1'
    TALL = '9:16'


def _without_nul(text: str) -> str:
    if '\x00' in text:
        raise ValueError('contains a NUL character; remove it')
    return text


def _says_something(prompt: str) -> str:
    """Separators and control or format characters (a zero-width space, say) are nothing to draw."""
    if all(unicodedata.category(character)[0] in 'ZC' for character in prompt):
        raise ValueError('is empty; say what the picture shall show')
    return prompt


def _is_offered(variations: int) -> int:
    if variations not in VARIATIONS:
        raise ValueError('must be 1, 3 or 6')
    return variations


Words = Annotated[str, Field(max_length=MAX_PROMPT), AfterValidator(_without_nul)]


class GenerationRequest(BaseModel):
    """What a person asks for; only `prompt` is required.

    `model` None means the best one that is installed, `seed` None a random one;
    the i-th variation is made with seed + i.
    `num_inference_steps` and `guidance_scale` None mean the model's own defaults.
    """

    model_config = ConfigDict(frozen=True, extra='forbid', allow_inf_nan=False)

    prompt: Annotated[Words, AfterValidator(_says_something)]
    negative_prompt: Words = ''
    aspect_ratio: AspectRatio = AspectRatio.WIDE
    variations: Annotated[int, Field(strict=True), AfterValidator(_is_offered)] = 3
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED, strict=True)
    model: str | None = Field(default=None, min_length=1, max_length=300)
    num_inference_steps: int | None = Field(default=None, ge=1, le=100, strict=True)
    guidance_scale: float | None = Field(default=None, ge=0, le=20, strict=True)
