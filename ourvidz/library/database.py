"""The SQLite file: opened, migrated, read by many and written by one at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from ourvidz.errors import LibraryLocked, OurVidzError, StorageFull
from ourvidz.library.driver import connect
from ourvidz.library.migrating import migrate
from ourvidz.library.tables import OWNER_ID, WORKSPACE_ID, User, Workspace

PRAGMAS = (
    'journal_mode = WAL',
    'synchronous = FULL',
    'foreign_keys = ON',
    'cache_size = -32000',
)


class Database:
    """The library's SQLite file. What `writing` has left is on the disk, whatever happens next."""

    def __init__(self, path: Path, *, patience_seconds: float = 10) -> None:
        self.path = path.absolute()
        self._patience_seconds = patience_seconds
        self._lock = asyncio.Lock()
        self._engine: AsyncEngine | None = None
        self._reads = async_sessionmaker(expire_on_commit=False)
        self._writes = async_sessionmaker(expire_on_commit=False)

    async def open(self) -> None:
        """Bring the file up to date (after a backup) and open it. Raises OurVidzError if it cannot be read."""
        await asyncio.to_thread(migrate, self.path)
        self._engine = create_async_engine(
            URL.create('sqlite+aiosqlite', database=str(self.path)),
            async_creator=partial(connect, self.path, patience_seconds=self._patience_seconds),
        )
        event.listen(self._engine.sync_engine, 'connect', _prepare)
        event.listen(self._engine.sync_engine, 'begin', _begin)
        self._reads.configure(bind=self._engine)
        self._writes.configure(bind=self._engine.execution_options(is_writing=True))
        await self._seed()

    async def close(self) -> None:
        """Let the last write end and close every connection; the journal is folded into the file."""
        async with self._lock:
            if self._engine is not None:
                await self._engine.dispose()
                self._engine = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session to read with; each of its statements sees the library as it is then."""
        async with self._reads() as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session in the one write transaction: committed at the end, undone by an exception.

        Another program that is writing is waited for. Raises StorageFull if the disk has no room for it,
        LibraryLocked if the other program goes on for too long.
        """
        try:
            async with self._lock, self._writes() as session, session.begin():
                yield session
        except OperationalError as error:
            if 'disk is full' in str(error):
                raise StorageFull('The disk is full.', advice='Free some space and try again.') from error
            if 'is locked' in str(error):
                advice = 'Close it there and try again.'
                raise LibraryLocked('Another program keeps the library locked.', advice=advice) from error
            raise OurVidzError(f'The library cannot be written: {error.orig}.', advice='Look at its disk.') from error

    async def _seed(self) -> None:
        async with self.session() as session:
            if await session.get(Workspace, WORKSPACE_ID) is not None:
                return
        async with self.writing() as session:
            session.add(User(id=OWNER_ID, name='Owner'))
            await session.flush()
            session.add(Workspace(id=WORKSPACE_ID, name='Workspace', owner_id=OWNER_ID))


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f'PRAGMA {pragma}')
    cursor.close()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get('is_writing'):
        connection.exec_driver_sql('BEGIN IMMEDIATE')
