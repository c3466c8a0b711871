"""Jobs: queue, look, cancel, dismiss, retry, delete."""

from typing import Any

from fastapi import APIRouter, Depends, Query

from ourvidz.api.views import job_view
from ourvidz.generation.request import GenerationRequest
from ourvidz.library.tables import Job
from ourvidz.system import System


def router(system: System) -> APIRouter:
    """The routes for jobs."""
    routes = APIRouter(prefix='/api/jobs', tags=['jobs'], dependencies=[Depends(system.ready)])

    async def view(job: Job) -> dict[str, Any]:
        assets = await system.library.assets_of([job.id])
        return job_view(job, assets.get(job.id, []), system)

    @routes.post('', status_code=201)
    async def submit(request: GenerationRequest) -> dict[str, Any]:
        """Queue a job; only `prompt` is required."""
        job = await system.workspace.submit(request)
        return {'id': job.id}

    @routes.get('')
    async def jobs(limit: int = Query(50, ge=1, le=200), cursor: str | None = None) -> dict[str, Any]:
        """All jobs that are not deleted, newest first."""
        page = await system.library.jobs_page(limit=limit, cursor=cursor)
        assets = await system.library.assets_of([job.id for job in page.items])
        views = [job_view(job, assets.get(job.id, []), system) for job in page.items]
        return {'items': views, 'next_cursor': page.next_cursor}

    @routes.get('/{job_id}')
    async def job(job_id: str) -> dict[str, Any]:
        """One job with its assets."""
        return await view(await system.library.job(job_id))

    @routes.post('/{job_id}/cancel')
    async def cancel(job_id: str) -> dict[str, Any]:
        """Cancel a job, waiting or at work; one that is over stays as it is."""
        await system.library.job(job_id)
        await system.workspace.cancel(job_id)
        return await view(await system.library.job(job_id))

    @routes.post('/{job_id}/retry')
    async def retry(job_id: str) -> dict[str, Any]:
        """Queue a failed or cancelled job again."""
        await system.workspace.retry(job_id)
        return await view(await system.library.job(job_id))

    @routes.post('/{job_id}/dismiss')
    async def dismiss(job_id: str) -> dict[str, Any]:
        """Hide a job and its assets from the workspace; the library keeps them."""
        await system.library.job(job_id)
        await system.workspace.dismiss_jobs([job_id])
        return await view(await system.library.job(job_id))

    @routes.delete('/{job_id}', status_code=204)
    async def delete(job_id: str) -> None:
        """Delete a job and all its assets."""
        await system.library.job(job_id)
        await system.workspace.delete_jobs([job_id])

    return routes
