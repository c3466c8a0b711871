"""What the web process and the engine process say to each other. All messages are frozen and picklable."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Device = Literal['auto', 'cuda', 'mps', 'cpu']

PREVIEW_EDGE, THUMBNAIL_EDGE = 1440, 256
"""The squares in px that the smaller renditions of a picture fit into."""
WEBP_QUALITY = 85
"""Of those renditions, 0 to 100."""
NO_SUCH_DEVICE = 3
"""The exit code of an engine whose device does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """Which model to load: a diffusers (or transformers) folder or a single .safetensors file."""

    id: str
    title: str
    family: str
    pipeline: str
    path: Path
    memory_gb: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """A LoRA file and its weight."""

    path: Path
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One picture or clip to make: its place among the job's variations, its asset id and its seed.

    `prompt` is what the model reads for this one, None for the run's. `infotext` is written into the file: the
    parameters in the form of A1111.
    """

    position: int
    asset_id: str
    seed: int
    prompt: str | None = None
    infotext: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRun:
    """What pictures and clips have in common.

    A transformer skips blocks whose input changed less than `cache_threshold` since a step before.
    `parameters` are written into each file as JSON.
    """

    run_id: str
    model: ModelSource
    prompt: str
    negative_prompt: str
    width: int
    height: int
    num_inference_steps: int
    guidance_scale: float
    outputs: tuple[Output, ...]
    staging_dir: Path
    loras: tuple[Lora, ...] = ()
    cache_threshold: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    is_checked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRun(MediaRun):
    """Make pictures. `strength` and `reference_path` ask for image to image (the picture is cropped to the ratio).

    `style_adapter_path` is the folder of an IP-Adapter: its .safetensors file and `image_encoder/`.
    `scheduler` takes the place of the model's own: its class in diffusers as `name`, and what differs in its settings.
    """

    reference_path: Path | None = None
    strength: float | None = None
    style_reference_path: Path | None = None
    style_adapter_path: Path | None = None
    style_strength: float = 0.6
    scheduler: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRun(MediaRun):
    """Make clips of 4n+1 frames. Frames are cropped to the clip's ratio; `single_frame_path` shows what shall be in it.

    `is_continued` says that the start frame ended another clip, whose colours go on.
    """

    num_frames: int
    fps: int
    flow_shift: float | None = None
    start_frame_path: Path | None = None
    end_frame_path: Path | None = None
    single_frame_path: Path | None = None
    is_continued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRun:
    """Write text. `messages` (role, content) go through a chat template; else `prompt` is continued until `stop`."""

    run_id: str
    model: ModelSource
    messages: tuple[tuple[str, str], ...] = ()
    prompt: str = ''
    stop: tuple[str, ...] = ()
    max_new_tokens: int = 200
    temperature: float = 0.7
    top_p: float = 0.9
    repetition_penalty: float = 1.1
    seed: int = 0


Run = ImageRun | VideoRun | TextRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Stop a run within one step; a run that is not at work is ignored."""

    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unload:
    """Give all memory back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReady:
    """The engine has started. Bytes of the device's memory and of the machine's main memory, which are the same where
    there is no graphics card; `device_name` is for people ('CPU, 2 cores').
    """

    device: str
    device_name: str
    memory_total: int
    main_memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProgressed:
    """A model is being loaded: share 0..1."""

    run_id: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgressed:
    """A step of a run is done. `step` of `steps` over the whole run; `share` 0..1 counts every phase."""

    run_id: str
    phase: Literal['generating', 'decoding', 'encoding']
    step: int
    steps: int
    share: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewMade:
    """The unfinished picture at `position` as a small WebP."""

    run_id: str
    position: int
    webp: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMade:
    """One picture or clip lies finished and flushed in the staging folder, with its renditions.

    `placeholder` is a thumbhash in base64; `content_score` is the classifier's probability of NSFW, None if unchecked;
    `duration` in seconds and `poster_path` only for clips.
    """

    run_id: str
    position: int
    asset_id: str
    seed: int
    kind: Literal['image', 'video']
    original_path: Path
    preview_path: Path
    thumbnail_path: Path
    poster_path: Path | None
    width: int
    height: int
    duration: float | None
    fps: float | None
    placeholder: str
    content_score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something the person should know about the run, such as a step down to save memory."""

    run_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextGrew:
    """More text has been written."""

    run_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run is done; bytes of memory at its peak and seconds it took."""

    run_id: str
    peak_memory: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled:
    """The run was cancelled; files made before stay."""

    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed:
    """The run failed: why and what to do; `reason` chooses the exception."""

    run_id: str
    reason: Literal['out_of_memory', 'broken_model', 'storage_full', 'failure']
    message: str
    advice: str


Report = (
    LoadProgressed | StepProgressed | PreviewMade | FileMade | Noted | TextGrew | RunFinished | RunCancelled | RunFailed
)
