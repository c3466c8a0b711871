"""What a model is: what it can do, what it needs and how it is used by default."""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Ability(StrEnum):
    """What a model can be asked for; what is not among a model's abilities is disabled with the reason."""

    TEXT_TO_IMAGE = 'text_to_image'
    IMAGE_TO_IMAGE = 'image_to_image'
    STYLE_REFERENCE = 'style_reference'
    LORA = 'lora'
    NEGATIVE_PROMPT = 'negative_prompt'
    TEXT_TO_VIDEO = 'text_to_video'
    SINGLE_FRAME = 'single_frame'
    START_FRAME = 'start_frame'
    END_FRAME = 'end_frame'
    BOTH_FRAMES = 'both_frames'
    INSTRUCT = 'instruct'
    BASE = 'base'


Kind = Literal['image', 'video', 'text', 'add-on']


class Defaults(BaseModel):
    """How a model is run at one quality; frames and fps only for video."""

    model_config = ConfigDict(frozen=True, extra='forbid')

    num_inference_steps: int = Field(ge=1)
    guidance_scale: float = Field(ge=0)
    flow_shift: float | None = None
    num_frames: int | None = None
    fps: int | None = None
    cache_threshold: float | None = Field(default=None, gt=0, description='Blocks that change less are skipped')
    scheduler: dict[str, Any] | None = Field(
        default=None, description="In place of the model's own: its class as 'name', and what differs in its settings"
    )


class ModelFile(BaseModel):
    """Weights of a model in its repository: a file or a pattern (`unet/*.safetensors`), `size` in bytes."""

    model_config = ConfigDict(frozen=True, extra='forbid')

    name: str
    size: int
    sha256: str | None = None


class ModelSpec(BaseModel):
    """One model of the catalog. `path` is where it lies on this machine, None while it is not installed."""

    model_config = ConfigDict(frozen=True, extra='forbid')

    id: str
    title: str
    kind: Kind
    family: str = Field(description='sdxl, spark, z-image, flux2, qwen-image, wan, wan-vace, ltx2, qwen, ...')
    pipeline: str = Field(description="The class in diffusers, or 'causal-lm'")
    about: str = Field(default='', description='One sentence for the Models page')
    repository: str | None = None
    revision: str = 'main'
    variant: str | None = Field(default=None, description="The variant of the weights that is fetched, such as 'fp16'")
    subfolder: str = Field(
        default='', description='The only folder of the repository that is fetched, as if it were all'
    )
    files: tuple[ModelFile, ...] = ()
    licence: str = 'unknown'
    is_gated: bool = False
    abilities: frozenset[Ability] = frozenset()
    because: dict[str, str] = Field(default_factory=dict, description='Ability -> why the model lacks it, a sentence')
    sizes: dict[str, tuple[int, int]] = Field(default_factory=dict, description='Aspect ratio -> width, height in px')
    fast: Defaults | None = None
    high: Defaults | None = None
    token_limit: int = 77
    memory_gb: dict[str, float] = Field(default_factory=dict, description='Placement -> GB that it needs')
    negative_prompts: dict[str, str] = Field(
        default_factory=dict, description="'sfw', 'nsfw_image_to_image', ... -> text"
    )
    completion: str = Field(
        default='', description="How a small model that goes on is asked; '{wish}' is the prompt in small letters"
    )
    few_step_lora: str = Field(
        default='', description='Id of an addition that is used at quality fast, with its `fast`'
    )
    rank: int = Field(default=40, description='Among the models that fit, the highest is the default')
    path: Path | None = None
    size_on_disk: int = Field(default=0, description='Bytes of the installed weights')
    is_embedded: bool = False
    is_local: bool = Field(default=False, description="A person's own file or folder, not of the catalog")

    @property
    def is_installed(self) -> bool:
        return self.path is not None

    @property
    def download_size(self) -> int:
        """Bytes to fetch."""
        return sum(file.size for file in self.files)

    def defaults(self, quality: str) -> Defaults:
        """The defaults at quality 'fast' or 'high'."""
        chosen = self.fast if quality == 'fast' else self.high or self.fast
        if chosen is None:
            raise ValueError(f'{self.title} makes no pictures')
        return chosen

    def can(self, ability: Ability) -> bool:
        return ability in self.abilities

    def negative_prompt(self, *, is_nsfw: bool, is_image_to_image: bool) -> str:
        """What the model is always told to leave out, '' if nothing."""
        content = 'nsfw' if is_nsfw else 'sfw'
        return self.negative_prompts.get(f'{content}_image_to_image' if is_image_to_image else content, '')

    def refusal(self, ability: Ability) -> str:
        """Why the model lacks the ability, as a sentence; '' if it has it."""
        if self.can(ability):
            return ''
        return self.because.get(ability, f'{self.title} cannot do this.')
