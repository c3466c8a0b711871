"""Jobs: queue, look, cancel, dismiss, retry, delete; and the order in which they wait."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from ourvidz.api.views import JobPage, JobView, PageQuery
from ourvidz.generation.request import GenerationRequest
from ourvidz.system import System


class Queued(BaseModel):
    """A job that was queued."""

    id: str


class Place(BaseModel):
    """Where a waiting job shall stand."""

    model_config = ConfigDict(extra='forbid')

    before: str | None = Field(description="The id of one of the same person's waiting jobs; null for the end")


class QueueView(BaseModel):
    """The jobs that wait, the next one first."""

    is_paused: bool
    waiting: list[str]


def router(system: System) -> APIRouter:
    """The routes for jobs and the queue."""
    routes = APIRouter(prefix='/api', tags=['jobs'], dependencies=[Depends(system.ready)])

    async def view(job_id: str) -> JobView:
        job = await system.library.job(job_id)
        assets = await system.library.assets_of([job.id])
        return JobView.of(job, assets[job.id], system)

    async def queue_view() -> QueueView:
        return QueueView(is_paused=system.queue.is_paused, waiting=await system.queue.waiting())

    @routes.post('/jobs', status_code=201)
    async def submit(request: GenerationRequest) -> Queued:
        """Queue a job; only `prompt` is required."""
        job = await system.workspace.submit(request)
        return Queued(id=job.id)

    @routes.get('/jobs')
    async def jobs(wanted: Annotated[PageQuery, Query()]) -> JobPage:
        """All jobs that are not deleted, newest first."""
        page = await system.library.jobs_page(limit=wanted.limit, cursor=wanted.cursor)
        assets = await system.library.assets_of([job.id for job in page.items])
        views = [JobView.of(job, assets[job.id], system) for job in page.items]
        return JobPage(items=views, next_cursor=page.next_cursor)

    @routes.get('/jobs/{job_id}')
    async def job(job_id: str) -> JobView:
        """One job with its assets."""
        return await view(job_id)

    @routes.post('/jobs/{job_id}/cancel')
    async def cancel(job_id: str) -> JobView:
        """Cancel a job, waiting or at work; one that is over stays as it is."""
        await system.library.job(job_id)
        await system.workspace.cancel(job_id)
        return await view(job_id)

    @routes.post('/jobs/{job_id}/retry')
    async def retry(job_id: str) -> JobView:
        """Queue a job again that failed, was cancelled or lost a file."""
        await system.workspace.retry(job_id)
        return await view(job_id)

    @routes.post('/jobs/{job_id}/move')
    async def move(job_id: str, place: Place) -> QueueView:
        """Put a waiting job before another one of the same person, or behind all of them."""
        await system.library.job(job_id)
        await system.queue.move(job_id, before=place.before)
        return await queue_view()

    @routes.post('/jobs/{job_id}/dismiss')
    async def dismiss(job_id: str) -> JobView:
        """Hide a job and its assets from the workspace; the library keeps them."""
        await system.library.job(job_id)
        await system.workspace.dismiss_jobs([job_id])
        return await view(job_id)

    @routes.delete('/jobs/{job_id}', status_code=204)
    async def delete(job_id: str) -> None:
        """Delete a job and all its assets."""
        await system.library.job(job_id)
        await system.workspace.delete_jobs([job_id])

    @routes.get('/queue')
    async def queue() -> QueueView:
        """Which jobs wait, in the order in which they will run."""
        return await queue_view()

    @routes.post('/queue/pause')
    async def pause() -> QueueView:
        """Start no more jobs, even after a restart; the one at work goes on."""
        await system.queue.pause()
        return await queue_view()

    @routes.post('/queue/resume')
    async def resume() -> QueueView:
        """Start jobs again."""
        await system.queue.resume()
        return await queue_view()

    return routes
