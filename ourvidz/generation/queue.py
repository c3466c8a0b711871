"""The queue of requests: durable, fair between people, and told in the terms of a request."""

from ourvidz.generation.request import GenerationRequest
from ourvidz.library.queued_jobs import QueuedJobs
from ourvidz.library.tables import Job


class JobQueue(QueuedJobs):
    """Turns requests into jobs that wait, run and end; see QueuedJobs for what can be done with them."""

    async def enqueue(
        self, request: GenerationRequest, *, user_id: str, workspace_id: str, seed: int, note: str = ''
    ) -> Job:
        """Put a request behind the person's other jobs; `seed` is that of the first variation."""
        return await self.add(
            Job(
                workspace_id=workspace_id,
                user_id=user_id,
                mode=request.mode,
                request=request.model_dump(mode='json'),
                prompt=request.prompt,
                enhanced_prompt=request.enhanced_prompt,
                seed=seed,
                model=request.model,
                note=note,
                rank=0,
            )
        )
