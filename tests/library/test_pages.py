"""Pages and search over many assets, and the indexes that make them quick."""

import base64
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import sqlite

from ourvidz.errors import InvalidInput
from ourvidz.library import queries
from ourvidz.library.library import Library
from ourvidz.library.tables import WORKSPACE_ID, now
from tests.library.making import add_asset, add_job, add_rows, row

NOON = datetime(2026, 3, 9, 12)
CURSOR = base64.urlsafe_b64encode(f'{NOON.isoformat()} {"a" * 32}'.encode()).decode().rstrip('=')
HOSTILE = [
    *('"', '*', '""', "'", 'NEAR(', 'NEAR(fox, owl)', 'fox AND', 'OR', 'NOT fox', 'prompt:fox', '^fox', '-fox', 'fox)'),
    *('(', '{fox owl}: x', '+', 'a"b"c', '🦊', '\x00', 'x' * 5000, '%', '\\', 'مرحبا', '; DROP TABLE assets'),
]


async def test_pages_over_equal_times_give_each_asset_exactly_once(library: Library) -> None:
    await add_rows(library, 1000, created_at=NOON)
    seen: list[str] = []
    cursor = None
    while True:
        page = await library.page(before=cursor, limit=77)
        seen += [asset.id for asset in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 1000
    assert seen == sorted(seen, reverse=True)


async def test_the_last_full_page_says_that_it_is_the_last(library: Library) -> None:
    await add_rows(library, 4, created_at=NOON)
    page = await library.page(limit=2)
    assert (await library.page(limit=2, before=page.next_cursor)).next_cursor is None


@pytest.mark.parametrize('cursor', ['', 'x', 'é', '🦊', 'AAAA', CURSOR[:-3], 'a' * 10_000, "' OR 1=1 --"])
async def test_a_bad_cursor_is_told_in_words(library: Library, cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await library.page(before=cursor)
    assert caught.value.field == 'cursor'


@pytest.mark.parametrize('limit', [0, -1, 10**9])
async def test_a_bad_limit_is_told_in_words(library: Library, limit: int) -> None:
    with pytest.raises(InvalidInput):
        await library.jobs_page(limit=limit)


async def test_jobs_come_in_pages_newest_first(library: Library) -> None:
    jobs = [await add_job(library, str(number), created_at=NOON + timedelta(seconds=number)) for number in range(5)]
    page = await library.jobs_page(limit=3)
    rest = await library.jobs_page(limit=3, cursor=page.next_cursor)
    assert [job.id for job in page.items + rest.items] == [job.id for job in reversed(jobs)]
    assert rest.next_cursor is None


async def test_filters_narrow_a_page(library: Library) -> None:
    await add_rows(library, 2, created_at=NOON, model='spark', quality='fast')
    await add_rows(library, 3, created_at=NOON + timedelta(days=1), model='sdxl', kind='video', content='nsfw')

    async def count(**filters: Any) -> int:
        return len((await library.page(**filters)).items)

    assert [await count(kind='video'), await count(model='spark'), await count(quality='fast')] == [3, 2, 2]
    assert [await count(since=NOON + timedelta(days=1)), await count(until=NOON + timedelta(days=1))] == [3, 2]
    assert [await count(content='nsfw', kind='image'), await count(kind=None, query=' ')] == [0, 5]
    assert await count(workspace_id='f' * 32) == 0


async def test_words_of_prompts_are_found_while_they_are_typed(library: Library) -> None:
    job = await add_job(library)
    await add_asset(library, job, 0, prompt='A red FOX 🦊 under café lights', enhanced_prompt='cinematic, low-key')
    await add_asset(library, job, 1, prompt='an owl', enhanced_prompt='foxglove around it')

    async def found(query: str) -> list[int]:
        return sorted(asset.position for asset in (await library.page(query=query)).items)

    assert [await found('fo'), await found('red fo'), await found('FOXG')] == [[0, 1], [0], [1]]
    assert [await found('cafe'), await found('🦊'), await found('low-key'), await found('wolf')] == [[0], [0], [0], []]
    assert await found('"*') == [0, 1]


@pytest.mark.parametrize('apart', [1, 40, 700])
async def test_a_word_is_found_page_by_page_however_common_it_is(library: Library, apart: int) -> None:
    """Rows are added in an order of their own, so that the places in the index are not those in time."""
    job = await add_job(library)
    prompts = ['a fox' if at % apart == 0 else 'an owl' for at in range(1500)]
    order = random.Random(0).sample(range(1500), 1500)
    rows = [row(job, at, prompt=prompts[at], created_at=NOON + timedelta(seconds=at)) for at in order]
    async with library.database.writing() as session:
        session.add_all(rows)
    found: list[int] = []
    page = await library.page(query='fox', limit=20)
    while page.next_cursor:
        found += [asset.position for asset in page.items]
        page = await library.page(query='fox', limit=20, before=page.next_cursor)
    found += [asset.position for asset in page.items]
    assert found == [at for at in reversed(range(1500)) if at % apart == 0]


@pytest.mark.parametrize('query', HOSTILE)
async def test_nothing_that_is_typed_breaks_the_search(library: Library, query: str) -> None:
    await add_asset(library, await add_job(library), prompt=f'before {query} after')
    assert len((await library.page(query=query)).items) == 1


async def test_a_changed_or_removed_prompt_changes_what_is_found(library: Library) -> None:
    asset = await add_asset(library, await add_job(library), prompt='a fox')
    async with library.database.writing() as session:
        await session.execute(text("UPDATE assets SET prompt = 'an owl'"))
    assert (await library.page(query='fox')).items == []
    assert (await library.page(query='owl')).items[0].id == asset.id
    async with library.database.writing() as session:
        await session.execute(text('DELETE FROM assets'))
        assert await session.scalar(text("SELECT count(*) FROM assets_fts WHERE assets_fts MATCH 'owl'")) == 0


PAGE: dict[str, Any] = {'before': None, 'limit': 50}
NEAR = queries.assets_found_near(**PAGE, query='fox')
assert NEAR is not None
SORTED = ('workspace', 'search for few', 'search near')
"""What is few is sorted instead of read in order."""
PLANS: dict[str, tuple[Select[Any], str]] = {
    'first page': (queries.assets_page(**PAGE), 'assets_by_time'),
    'next page': (queries.assets_page(before=CURSOR, limit=50), 'assets_by_time ((created_at,id)<(?,?))'),
    'of a kind': (queries.assets_page(before=CURSOR, limit=50, kind='image'), 'assets_by_kind'),
    'of a model': (queries.assets_page(**PAGE, model='spark'), 'assets_by_model'),
    'favourites': (queries.assets_page(**PAGE, is_favourite=True), 'assets_favourite'),
    'dismissed': (queries.assets_page(**PAGE, is_dismissed=True), 'assets_dismissed'),
    'search': (queries.assets_page(**PAGE, query='fox'), 'assets_by_time'),
    'search for few': (queries.assets_page(**PAGE, query='fox', are_few=True), 'INTEGER PRIMARY KEY (rowid=?)'),
    'search near': (NEAR, 'MATERIALIZE near'),
    'of jobs': (queries.assets_of(['a'], with_hidden=False), 'one_asset_a_place|sqlite_autoindex_assets'),
    'workspace': (queries.jobs_since(WORKSPACE_ID, NOON), 'jobs_by_workspace (workspace_id=? AND created_at>?)'),
    'jobs': (queries.jobs_page(before=CURSOR, limit=50, workspace_id=None), 'jobs_by_time'),
}


@pytest.mark.parametrize('name', PLANS)
async def test_main_queries_use_indexes(library: Library, name: str) -> None:
    query, index = PLANS[name]
    plan = await _plan(library, query)
    assert any(part in plan for part in index.split('|')), plan
    assert not re.search(r'SCAN (assets|jobs)\b(?! USING)', plan), plan
    assert 'TEMP B-TREE' not in plan or name in SORTED, plan


async def _plan(library: Library, query: Select[Any]) -> str:
    compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={'render_postcompile': True})
    values = tuple(compiled.params[name] for name in compiled.positiontup or ())
    ready = [str(value) if isinstance(value, datetime) else value for value in values]
    async with library.database.session() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(f'EXPLAIN QUERY PLAN {compiled}', tuple(ready))
        return '\n'.join(str(row.detail) for row in rows)


async def test_times_are_kept_in_utc_without_zone(library: Library) -> None:
    asset = await library.asset((await add_asset(library, await add_job(library))).id)
    assert asset.created_at.tzinfo is None
    assert abs(asset.created_at - datetime.now(UTC).replace(tzinfo=None)) < timedelta(hours=1)
    assert asset.created_at <= now()
