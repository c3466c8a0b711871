"""What programs see of jobs, assets and models. Times are ISO 8601 in UTC; sizes are in px, durations in seconds."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ourvidz.errors import NotFound
from ourvidz.library.tables import Asset, Job, JobStatus
from ourvidz.library.urls import media_url
from ourvidz.models.catalog import Catalog
from ourvidz.models.spec import ModelSpec
from ourvidz.system import System

Moment = Annotated[str, BeforeValidator(lambda moment: f'{moment.isoformat()}Z')]
Said = Annotated[str | None, BeforeValidator(lambda text: text.strip() or None)]
"""Words, or null for none."""


class AssetView(BaseModel):
    """An image or a video."""

    id: str
    job_id: str
    position: int = Field(description='Its place in the job; the seed is that of the job plus this')
    kind: str
    status: str
    error: Said
    width: int
    height: int
    duration: float | None
    fps: float | None
    url: str
    preview_url: str
    thumbnail_url: str
    poster_url: str | None
    prompt: str
    enhanced_prompt: Said
    final_prompt: str = Field(description='What the model read')
    negative_prompt: str
    seed: int
    model: str
    quality: str
    content: str
    is_blurred: bool
    is_favourite: bool
    is_dismissed: bool
    placeholder: str = Field(description='A thumbhash in base64')
    parameters: dict[str, Any] = Field(description='Everything that is needed to make it again')
    created_at: Moment

    @classmethod
    def of(cls, asset: Asset) -> Self:
        return cls(
            **asset.model_dump(),
            url=media_url(asset, 'original'),
            preview_url=media_url(asset, 'preview'),
            thumbnail_url=media_url(asset, 'thumbnail'),
            poster_url=media_url(asset, 'poster') if asset.kind == 'video' else None,
            is_dismissed=asset.dismissed_at is not None,
        )


class JobView(BaseModel):
    """A job with its assets in order."""

    id: str
    status: str
    progress: float = Field(description='0 to 1')
    mode: str
    prompt: str
    enhanced_prompt: Said
    final_prompt: str
    seed: int
    model: str | None
    attempts: int
    note: Said
    error: Said
    request: dict[str, Any]
    is_dismissed: bool
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    assets: list[AssetView]

    @classmethod
    def of(cls, job: Job, assets: list[Asset], system: System) -> Self:
        return cls(
            **job.model_dump(exclude={'error'}),
            error=f'{job.error} {job.advice}',
            progress=_progress(job, system),
            is_dismissed=job.dismissed_at is not None,
            assets=[AssetView.of(asset) for asset in assets],
        )


class ModelView(BaseModel):
    """A model; whether it fits this machine is told in words by `because`."""

    id: str
    title: str
    kind: str
    family: str
    abilities: list[str]
    licence: str
    sizes: dict[str, tuple[int, int]] = Field(description='Width and height by aspect ratio')
    download_size: int = Field(description='Bytes')
    is_installed: bool
    is_embedded: bool
    fits: bool
    because: str

    @classmethod
    def of(cls, spec: ModelSpec, catalog: Catalog) -> Self:
        fit = catalog.fit(spec)
        own = {name: getattr(spec, name) for name in cls.model_fields if hasattr(spec, name)}
        return cls.model_validate(own | {'abilities': sorted(spec.abilities), 'fits': fit.fits, 'because': fit.because})


class PageQuery(BaseModel):
    """Which page is wanted; a name that is not among the fields is refused, for it would have no effect."""

    model_config = ConfigDict(extra='forbid')

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class AssetPage(BaseModel):
    """Assets, newest first."""

    items: list[AssetView]
    next_cursor: str | None


class JobPage(BaseModel):
    """Jobs, newest first."""

    items: list[JobView]
    next_cursor: str | None


def _progress(job: Job, system: System) -> float:
    if job.status is JobStatus.COMPLETED:
        return 1.0
    try:
        return system.workspace.job(job.id).progress
    except NotFound:
        return 0.0
