"""Brings an older library file up to date, after a backup. Alembic is imported only if there is something to do."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, create_engine

from ourvidz.errors import OurVidzError
from ourvidz.library.tables import now

MIGRATIONS_DIR = Path(__file__).parent / 'migrations'
BACKUPS_KEPT = 5

log = logging.getLogger(__name__)


def migrate(path: Path, *, to: str | None = None) -> None:
    """Bring the file (made if missing) to revision `to`, else the newest.

    Raises OurVidzError if it is no library or comes from a newer OurVidz.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    known = revisions()
    found = revision_of(path)
    if found == (to or known[-1]):
        return
    if found is not None:
        if found not in known:
            raise OurVidzError(
                'The library was made by a newer OurVidz.', advice='Update OurVidz; nothing was changed.'
            )
        log.info('The library is brought up to date; a backup of it is kept at %s', back_up(path, label=found))
    _upgrade(path, to or known[-1])


def revisions() -> list[str]:
    """All revisions, oldest first."""
    return sorted(file.name.split('_')[0] for file in (MIGRATIONS_DIR / 'versions').glob('[0-9]*.py'))


def revision_of(path: Path) -> str | None:
    """The revision of a library file, None if it is new or empty."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                return None
            row = connection.execute('SELECT version_num FROM alembic_version').fetchone()
            return None if row is None else str(row[0])
    except sqlite3.DatabaseError as error:
        raise OurVidzError(
            f'The library file {path} cannot be read: {error}.',
            advice=f'Put a file from {_backups_dir(path)} in its place and start again.',
        ) from error


def back_up(path: Path, *, label: str) -> Path:
    """A whole and consistent copy of the file in the folder `backups` beside it; the newest few are kept."""
    target = _backups_dir(path) / f'{path.stem}-{label}-{now():%Y%m%d-%H%M%S-%f}.sqlite'
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    ours = target.parent.glob(f'{path.stem}-*-{"[0-9]" * 8}-{"[0-9]" * 6}-{"[0-9]" * 6}.sqlite')
    for old in sorted(ours, key=lambda backup: backup.stem.split('-')[-3:])[:-BACKUPS_KEPT]:
        old.unlink()
    return target


def _upgrade(path: Path, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option('script_location', str(MIGRATIONS_DIR).replace('%', '%%'))
    engine = create_engine(URL.create('sqlite', database=str(path)), connect_args={'isolation_level': None})
    try:
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql('BEGIN IMMEDIATE')
            config.attributes['connection'] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def _backups_dir(path: Path) -> Path:
    return path.parent / 'backups'
