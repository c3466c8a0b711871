"""Where pictures and clips are made: a process that owns the device."""

from collections.abc import AsyncIterator
from typing import Protocol

from ourvidz.engine.messages import EngineReady, Report, Run


class Engine(Protocol):
    """One device that runs one thing at a time."""

    info: EngineReady | None

    async def start(self) -> None:
        """Start the process in the background; runs wait until it is ready."""

    async def ready(self) -> EngineReady:
        """Wait until the process has started. Raises EngineDied."""

    async def stop(self) -> None:
        """End the process and all that belongs to it."""

    def run(self, run: Run) -> AsyncIterator[Report]:
        """Run and report; ends after RunFinished or RunCancelled. Raises EngineFailure or StorageFull."""

    async def cancel(self, run_id: str) -> None:
        """Cancel a run within one step."""

    async def unload(self) -> None:
        """Give all memory of models back."""
