"""SQLite for SQLAlchemy's asyncio: as aiosqlite, but every statement is one trip to the connection's thread and back.

SQLAlchemy opens a cursor, executes, fetches and closes; aiosqlite makes a trip of each. On a busy event loop every trip
back waits its turn, and a task that is cancelled on the way leaves an open cursor, which keeps the transaction and so
the lock of a connection that is closed.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiosqlite


def connect(path: Path, *, patience_seconds: float) -> aiosqlite.Connection:
    """A connection, to be awaited; nothing begins a transaction but BEGIN. It waits so long for a lock of others."""
    return _Connection(lambda: sqlite3.connect(path, timeout=patience_seconds, isolation_level=None), 64)


class _Connection(aiosqlite.Connection):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._thread.daemon = True

    def cursor(self) -> Any:
        return _Cursor(self)


class _Cursor:
    """What SQLAlchemy asks of a cursor (`AsyncIODBAPICursor`): one statement with all its rows, never a stream."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1
        self._rows: list[Any] = []

    async def __aenter__(self) -> '_Cursor':
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        await self._connection._execute(self._run, sqlite3.Cursor.execute, statement, parameters)  # type: ignore[no-untyped-call]

    async def executemany(self, statement: str, parameters: Iterable[Any]) -> None:
        await self._connection._execute(self._run, sqlite3.Cursor.executemany, statement, parameters)  # type: ignore[no-untyped-call]

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """Nothing is left open."""

    def _run(self, execute: Any, statement: str, parameters: Any) -> None:
        cursor = self._connection._conn.cursor()
        try:
            execute(cursor, statement, parameters)
            self._rows = cursor.fetchall() if cursor.description else []
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()
