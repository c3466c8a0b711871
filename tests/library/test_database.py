"""The file: how it is opened, brought up to date and protected."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel

from ourvidz.errors import OurVidzError, StorageFull
from ourvidz.library.database import Database
from ourvidz.library.library import Library
from ourvidz.library.migrating import back_up, migrate, revision_of, revisions
from ourvidz.library.tables import OWNER_ID, Switch, User
from tests.library.making import DATABASE, add_asset, add_job, opened


async def test_a_new_library_keeps_a_journal_checks_references_and_knows_its_owner(library: Library) -> None:
    async with library.database.session() as session:
        pragmas = {
            name: await session.scalar(text(f'PRAGMA {name}'))
            for name in ('journal_mode', 'foreign_keys', 'busy_timeout', 'synchronous')
        }
    assert pragmas == {'journal_mode': 'wal', 'foreign_keys': 1, 'busy_timeout': 10000, 'synchronous': 2}
    assert [user.id for user in await library.users()] == [OWNER_ID]


async def test_a_write_that_fails_leaves_nothing(library: Library) -> None:
    with pytest.raises(ZeroDivisionError):
        async with library.database.writing() as session:
            session.add(User(name='Nobody'))
            await session.flush()
            raise ZeroDivisionError
    assert len(await library.users()) == 1


async def test_many_writers_take_turns(library: Library) -> None:
    async def count_up() -> None:
        async with library.database.writing() as session:
            owner = await session.get_one(User, OWNER_ID)
            await asyncio.sleep(0)
            owner.form = {'count': owner.form.get('count', 0) + 1}

    await asyncio.gather(*[count_up() for _ in range(30)])
    assert await library.form(OWNER_ID) == {'count': 30}


async def test_a_full_disk_is_told_in_words(library: Library) -> None:
    with pytest.raises(StorageFull, match='Free some space'):
        async with library.database.writing() as session:
            await session.execute(text('PRAGMA max_page_count = 1'))
            session.add(User(name='x' * 1_000_000))
    await library.save_form(OWNER_ID, {'prompt': 'goes on'})


async def test_another_programs_lock_is_told_in_words_and_waited_for(tmp_path: Path) -> None:
    async with opened(tmp_path, patience_seconds=0.05) as library:
        with closing(sqlite3.connect(library.database.path, isolation_level=None)) as other:
            other.execute('BEGIN IMMEDIATE')
            with pytest.raises(OurVidzError, match='Another program'):
                await library.save_form(OWNER_ID, {'prompt': 'too early'})
    async with opened(tmp_path) as library:
        with closing(sqlite3.connect(library.database.path, isolation_level=None)) as other:
            other.execute('BEGIN IMMEDIATE')
            saving = asyncio.create_task(library.save_form(OWNER_ID, {'prompt': 'in time'}))
            await asyncio.sleep(0)
            other.execute('COMMIT')
            await saving
        assert await library.form(OWNER_ID) == {'prompt': 'in time'}


async def test_a_write_given_up_at_any_moment_hinders_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path, patience_seconds=1) as library:
        for turns in range(60):
            given_up = asyncio.create_task(library.save_form(OWNER_ID, {'prompt': 'given up'}))
            for _ in range(turns):
                await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            await library.save_form(OWNER_ID, {'prompt': str(turns)})
            assert await library.form(OWNER_ID) == {'prompt': str(turns)}


async def test_anyone_can_open_the_file_and_find_images_and_videos(library: Library) -> None:
    asset = await add_asset(library, await add_job(library), parameters={'steps': 4})
    with closing(sqlite3.connect(library.database.path)) as connection:
        row = connection.execute('SELECT url, status, prompt, quality, is_dismissed FROM images').fetchone()
        assert row == (f'/media/{asset.id}/original', 'completed', 'a red fox', 'high', 0)
        assert connection.execute('SELECT count(*) FROM videos').fetchone() == (0,)
    await library.delete([asset.id])
    with closing(sqlite3.connect(library.database.path)) as connection:
        assert connection.execute('SELECT count(*) FROM images').fetchone() == (0,)


async def test_the_migrations_make_the_tables_of_the_code(library: Library) -> None:
    engine = create_engine(f'sqlite:///{library.database.path}')
    with engine.connect() as connection:
        options = {'include_name': lambda name, kind, _: not (kind == 'table' and name.startswith('assets_fts'))}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata)
    engine.dispose()
    assert differences == []


async def test_an_older_library_is_backed_up_then_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    migrate(path, to='0001')
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(OLD_ROWS)
    async with opened(tmp_path) as library:
        assert [asset.prompt for asset in (await library.page(query='lighth')).items] == ['an old lighthouse']
    assert revision_of(path) == revisions()[-1]
    [backup] = (tmp_path / 'backups').iterdir()
    assert revision_of(backup) == '0001'
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute('SELECT prompt FROM assets').fetchall() == [('an old lighthouse',)]


def test_only_the_newest_backups_are_kept(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    migrate(path)
    made = [back_up(path, label=f'{number:04}') for number in range(7)]
    assert sorted((tmp_path / 'backups').iterdir()) == made[-5:]


async def test_opening_again_makes_no_backup_and_needs_no_migration_tool(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    script = (
        'import asyncio, sys; from pathlib import Path; from ourvidz.library.database import Database\n'
        'asyncio.run(Database(Path(sys.argv[1])).open()); assert "alembic" not in sys.modules'
    )
    opening = await asyncio.create_subprocess_exec(sys.executable, '-c', script, tmp_path / DATABASE)
    assert await opening.wait() == 0
    assert not (tmp_path / 'backups').exists()


async def test_a_library_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as library, library.database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(OurVidzError, match='newer OurVidz'):
        await Database(tmp_path / DATABASE).open()


async def test_a_file_that_is_no_library_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_text('this is not a database ' * 100)
    with pytest.raises(OurVidzError, match='backups'):
        await Database(tmp_path / DATABASE).open()


async def test_search_finds_the_same_after_the_file_was_compacted(library: Library) -> None:
    job = await add_job(library)
    names = ['fox', 'owl', 'elk', 'emu', 'bat']
    assets = [await add_asset(library, job, position, prompt=name) for position, name in enumerate(names)]
    await library.delete([asset.id for asset in assets[:2]])
    async with library.database.writing() as session:
        await session.execute(text('DELETE FROM assets WHERE deleted_at IS NOT NULL'))
    with closing(sqlite3.connect(library.database.path)) as connection:
        connection.execute('VACUUM')
    for name in names[2:]:
        assert [asset.prompt for asset in (await library.page(query=name)).items] == [name]


async def test_what_is_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as library, library.database.writing() as session:
        session.add(Switch(name='lamp', is_on=True))
    async with opened(tmp_path) as library, library.database.session() as session:
        assert (await session.get_one(Switch, 'lamp')).is_on


OLD_ROWS = """
INSERT INTO users VALUES ('u', 'Owner', 'owner', '{}', '2025-01-01 00:00:00.000000');
INSERT INTO workspaces VALUES ('w', 'Workspace', 'u', '2025-01-01 00:00:00.000000');
INSERT INTO jobs (id, workspace_id, user_id, mode, request, prompt, enhanced_prompt, final_prompt, seed, status, rank,
    attempts, note, error, advice, created_at)
VALUES ('j', 'w', 'u', 'image', '{}', 'an old lighthouse', '', '', 1, 'completed', 1, 1, '', '', '',
    '2025-01-01 00:00:00.000000');
INSERT INTO assets (id, kind, job_id, workspace_id, user_id, position, status, prompt, enhanced_prompt, final_prompt,
    negative_prompt, seed, width, height, model, quality, content, is_blurred, is_favourite, placeholder, path,
    file_size, parameters, error, created_at)
VALUES ('a', 'image', 'j', 'w', 'u', 0, 'completed', 'an old lighthouse', '', '', '', 1, 8, 8, '', 'fast', 'sfw', 0, 0,
    '', '2025/01/01/a.png', 1, '{}', '', '2025-01-01 00:00:00.000000');
"""
