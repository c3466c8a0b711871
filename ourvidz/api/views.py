"""What programs see of jobs, assets and models."""

from datetime import datetime
from typing import Any

from ourvidz.errors import NotFound
from ourvidz.library.tables import Asset, Job, JobStatus
from ourvidz.library.urls import media_url
from ourvidz.models.catalog import Catalog
from ourvidz.models.spec import ModelSpec
from ourvidz.system import System


def asset_view(asset: Asset) -> dict[str, Any]:
    """An asset as JSON."""
    return {
        'id': asset.id,
        'job_id': asset.job_id,
        'position': asset.position,
        'kind': asset.kind,
        'status': asset.status.value,
        'error': asset.error or None,
        'width': asset.width,
        'height': asset.height,
        'duration': asset.duration,
        'fps': asset.fps,
        'url': media_url(asset, 'original'),
        'preview_url': media_url(asset, 'preview'),
        'thumbnail_url': media_url(asset, 'thumbnail'),
        'poster_url': media_url(asset, 'poster') if asset.kind == 'video' else None,
        'prompt': asset.prompt,
        'enhanced_prompt': asset.enhanced_prompt or None,
        'final_prompt': asset.final_prompt,
        'negative_prompt': asset.negative_prompt,
        'seed': asset.seed,
        'model': asset.model,
        'quality': asset.quality,
        'content': asset.content,
        'is_blurred': asset.is_blurred,
        'is_favourite': asset.is_favourite,
        'is_dismissed': asset.dismissed_at is not None,
        'placeholder': asset.placeholder,
        'parameters': asset.parameters,
        'created_at': _time(asset.created_at),
    }


def job_view(job: Job, assets: list[Asset], system: System) -> dict[str, Any]:
    """A job as JSON with its assets in order."""
    return {
        'id': job.id,
        'status': job.status.value,
        'progress': _progress(job, system),
        'mode': job.mode,
        'prompt': job.prompt,
        'enhanced_prompt': job.enhanced_prompt or None,
        'final_prompt': job.final_prompt,
        'seed': job.seed,
        'model': job.model,
        'attempts': job.attempts,
        'note': job.note or None,
        'error': f'{job.error} {job.advice}'.strip() or None,
        'request': job.request,
        'is_dismissed': job.dismissed_at is not None,
        'created_at': _time(job.created_at),
        'started_at': _time(job.started_at),
        'finished_at': _time(job.finished_at),
        'assets': [asset_view(asset) for asset in assets],
    }


def model_view(spec: ModelSpec, catalog: Catalog) -> dict[str, Any]:
    """A model as JSON; whether it fits this machine is told in words."""
    fit = catalog.fit(spec)
    return {
        'id': spec.id,
        'title': spec.title,
        'kind': spec.kind,
        'family': spec.family,
        'abilities': sorted(spec.abilities),
        'licence': spec.licence,
        'sizes': spec.sizes,
        'download_size': spec.download_size,
        'is_installed': spec.is_installed,
        'is_embedded': spec.is_embedded,
        'fits': fit.fits,
        'because': fit.because,
    }


def _progress(job: Job, system: System) -> float:
    if job.status is JobStatus.COMPLETED:
        return 1.0
    try:
        return system.workspace.job(job.id).progress
    except NotFound:
        return 0.0


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f'{moment.isoformat()}Z'
