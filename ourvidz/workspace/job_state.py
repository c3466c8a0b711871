"""What a job group and its rail item bind to."""

from datetime import datetime

from nicegui import binding

from ourvidz.generation.request import GenerationRequest
from ourvidz.library.tables import Asset, JobStatus


@binding.bindable_dataclass
class JobState:
    """A job as the page shows it. Times are UTC without zone; `width` and `height` are the size it will have, in px.

    `headline` is the one quiet line beside the prompt ('step 7 of 12 · 4 s left'); `previews` maps positions to the
    urls of live previews; `assets` are those that are neither dismissed nor deleted, in order of position.
    """

    id: str
    prompt: str
    request: GenerationRequest
    created_at: datetime
    seed: int
    started_at: datetime = datetime.min
    finished_at: datetime = datetime.min
    model_title: str = ''
    width: int = 1024
    height: int = 1024
    status: JobStatus = JobStatus.QUEUED
    place: int = 0
    headline: str = ''
    progress: float = 0.0
    step: int = 0
    steps: int = 0
    note: str = ''
    error: str = ''
    advice: str = ''
    final_prompt: str = ''
    enhanced_prompt: str = ''
    previews: dict[int, str] | None = None
    assets: tuple[Asset, ...] = ()
    made_positions: frozenset[int] = frozenset()

    @property
    def kind(self) -> str:
        return self.request.mode.value

    @property
    def is_running(self) -> bool:
        return self.status is JobStatus.PROCESSING

    @property
    def is_over(self) -> bool:
        return self.status.is_over

    @property
    def last_active_at(self) -> datetime:
        """When it was queued, made its last picture or ended, whichever is latest."""
        return max((self.created_at, self.finished_at, *(asset.created_at for asset in self.assets)))

    @property
    def waiting_positions(self) -> tuple[int, ...]:
        """The positions that are still to be made, while the job waits or runs."""
        if self.is_over:
            return ()
        return tuple(position for position in range(self.request.variations) if position not in self.made_positions)
