"""The composition root: builds, starts and stops everything."""

import asyncio
import logging
from datetime import timedelta

from ourvidz.engine.messages import EngineReady
from ourvidz.engine.process import EngineProcess
from ourvidz.generation.enhancer import Enhancer
from ourvidz.generation.loop import GenerationLoop
from ourvidz.generation.planning import Planner
from ourvidz.generation.queue import JobQueue
from ourvidz.generation.references import References
from ourvidz.generation.submission import Submission
from ourvidz.library.database import Database
from ourvidz.library.files import Files
from ourvidz.library.library import Library
from ourvidz.library.tables import now
from ourvidz.models.catalog import Catalog
from ourvidz.models.downloads import Downloads
from ourvidz.settings import Settings
from ourvidz.workspace.workspace import Workspace

TRASH_KEPT_FOR = timedelta(days=30)
DAY = timedelta(days=1)

log = logging.getLogger(__name__)


class System:
    """All parts of the app, wired."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database_path)
        self.library = Library(self.database, Files(settings.library_dir, settings.staging_dir))
        self.queue = JobQueue(self.library)
        self.catalog = Catalog(settings)
        self.downloads = Downloads(self.catalog, settings)
        self.engine = EngineProcess(
            device=settings.device, memory_record=settings.engine_memory_path, is_compiled=settings.is_compiled
        )
        self.references = References(settings.references_dir)
        planner = Planner(catalog=self.catalog, references=self.references, staging_dir=settings.staging_dir)
        self.enhancer = Enhancer(catalog=self.catalog, engine=self.engine)
        self.submission = Submission(
            queue=self.queue,
            planner=planner,
            references=self.references,
            library=self.library,
            is_nsfw_allowed=settings.is_nsfw_allowed,
        )
        self.loop = GenerationLoop(
            queue=self.queue,
            engine=self.engine,
            library=self.library,
            planner=planner,
            enhancer=self.enhancer,
            idle_unload_minutes=settings.idle_unload_minutes,
        )
        self.workspace = Workspace(
            library=self.library, loop=self.loop, submission=self.submission, references=self.references
        )
        self.engine.READY.subscribe(self._on_engine_ready)
        self._is_ready = asyncio.Event()
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the library, put right what a crash left, then start to work."""
        await self.database.open()
        await self.queue.recover()
        reconciled = await self.library.reconcile()
        log.info('Library opened: %s', reconciled)
        await self.catalog.open()
        await self.workspace.open()
        self._is_ready.set()
        await self.engine.start()
        self.loop.start()
        self._upkeep = asyncio.create_task(self._keep_up(), name='upkeep')

    async def stop(self) -> None:
        """Stop everything; jobs at work go on at the next start."""
        if not self.is_ready:
            await self.database.close()
            return
        if self._upkeep:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
        await self.loop.stop()
        await self.engine.stop()
        await self.downloads.close()
        await self.workspace.close()
        await self.catalog.close()
        await self.database.close()

    async def _keep_up(self) -> None:
        """At the start and then daily, what nobody needs any more goes: deleted assets and forgotten references."""
        while True:
            for clean in (self._purge, self._forget_references):
                try:
                    await clean()
                except Exception:
                    log.exception('The upkeep failed; it is tried again tomorrow')
            await asyncio.sleep(DAY.total_seconds())

    async def _purge(self) -> None:
        await self.library.purge(older_than=now() - TRASH_KEPT_FOR)

    async def _forget_references(self) -> None:
        await self.references.clean(keep=await self.library.references_in_use())

    def _on_engine_ready(self, info: EngineReady) -> None:
        self.catalog.set_device(info)

    async def ready(self) -> None:
        """Wait until the library is open."""
        await self._is_ready.wait()

    @property
    def is_ready(self) -> bool:
        return self._is_ready.is_set()
