"""Engines that do on purpose what real ones do at times: die, hang, start late, find too little memory."""

import asyncio
from collections.abc import AsyncIterator, Callable

from ourvidz.engine.messages import EngineReady, FileMade, ImageRun, Noted, Report, Run, RunFinished
from ourvidz.errors import EngineDied
from ourvidz.models.catalog import Catalog


class SmallEngine:
    """An engine with too little memory, which makes nothing but says what it does about it."""

    info: EngineReady | None = None

    def __init__(self, before_the_end: Callable[[], object] = lambda: None) -> None:
        self.unloaded = asyncio.Event()
        self.before_the_end = before_the_end

    async def start(self) -> None:
        """There is nothing to start."""

    async def ready(self) -> EngineReady:
        return EngineReady(device='cuda', device_name='a card', memory_total=12_000_000_000, main_memory=64 * 10**9)

    async def stop(self) -> None:
        """There is nothing to stop."""

    async def run(self, run: Run) -> AsyncIterator[Report]:
        yield Noted(run_id=run.run_id, text='3 at once do not fit into memory, so 1 at a time are made.')
        yield Noted(run_id=run.run_id, text='To save memory, pictures are decoded in tiles.')
        self.before_the_end()
        yield RunFinished(run_id=run.run_id, peak_memory=1, seconds=1)

    async def cancel(self, run_id: str) -> None:
        """Nothing runs long enough."""

    async def unload(self) -> None:
        self.unloaded.set()


class StartingEngine(SmallEngine):
    """An engine on a graphics card, of which the catalog hears as soon as somebody waits for it."""

    catalog: Catalog

    async def ready(self) -> EngineReady:
        info = await super().ready()
        self.catalog.set_device(info)
        return info


class SilentEngine(SmallEngine):
    """An engine that never starts: its driver hangs, say."""

    async def ready(self) -> EngineReady:
        await asyncio.Event().wait()
        return await super().ready()


class DyingEngine(SmallEngine):
    """An engine that dies of being told to cancel."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.cancelled = asyncio.Event(), asyncio.Event()

    async def run(self, run: Run) -> AsyncIterator[Report]:
        assert isinstance(run, ImageRun)
        (run.staging_dir / 'half.png').write_bytes(b'unfinished')
        self.started.set()
        await self.cancelled.wait()
        raise EngineDied('The engine process ended.')
        yield  # makes it a generator

    async def cancel(self, run_id: str) -> None:
        self.cancelled.set()


class MakingEngine(SmallEngine):
    """An engine that makes all it is asked for."""

    async def run(self, run: Run) -> AsyncIterator[Report]:
        assert isinstance(run, ImageRun)
        for output in run.outputs:
            paths = [run.staging_dir / f'{output.asset_id}.{end}' for end in ('png', 'preview.webp', 'thumbnail.webp')]
            for path in paths:
                path.write_bytes(b'a picture')
            yield FileMade(
                run_id=run.run_id,
                position=output.position,
                asset_id=output.asset_id,
                seed=output.seed,
                kind='image',
                original_path=paths[0],
                preview_path=paths[1],
                thumbnail_path=paths[2],
                poster_path=None,
                duration=None,
                fps=None,
                content_score=None,
                width=64,
                height=64,
                placeholder='abc',
            )
        yield RunFinished(run_id=run.run_id, peak_memory=1, seconds=1)
