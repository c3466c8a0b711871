"""How the library's rows are asked for: filters, search and pages."""

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypedDict, TypeVar

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, or_, select, text, tuple_, union
from sqlmodel import col

from ourvidz.errors import InvalidInput
from ourvidz.library.tables import Asset, AssetStatus, Job, JobStatus

T = TypeVar('T', Asset, Job)
SelectT = TypeVar('SelectT', bound=Select[*tuple[Any, ...]])

MAX_LIMIT = 500
NEAR = 1000
"""How many assets a search looks through before it asks for everything that holds the words."""
REFERENCES_IN_USE = text(
    """
    SELECT DISTINCT value FROM jobs, json_each(jobs.request) WHERE type = 'text' AND length(value) = 32
    UNION SELECT value FROM users, json_each(users.form) WHERE type = 'text' AND length(value) = 32
    """
)
"""Every id of a picture that a job's request or a person's form names."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, newest first; `next_cursor` asks for those after them, None if there are none."""

    items: list[T]
    next_cursor: str | None


class Filters(TypedDict, total=False):
    """Which assets are wanted; `since` (included) and `until` (excluded) in UTC without zone."""

    kind: str | None
    query: str
    is_dismissed: bool | None
    is_favourite: bool | None
    model: str | None
    quality: str | None
    content: str | None
    status: AssetStatus | None
    user_id: str | None
    workspace_id: str | None
    since: datetime | None
    until: datetime | None


def assets_page(*, before: str | None, limit: int, are_few: bool = False, **filters: Any) -> Select[Asset]:
    """Assets that are not deleted, newest first; one more than `limit` tells whether there are more.

    `are_few` says that what the words of the search find is better sorted by time than looked for in the order of time.
    """
    query = select(Asset).where(*_conditions(filters))
    words = searched(filters.get('query') or '')
    if words is not None:
        found = text('SELECT rowid FROM assets_fts WHERE assets_fts MATCH :words').bindparams(words=words)
        query = query.where(literal_column('assets.rowid' if are_few else '+assets.rowid').in_(found))
    return _newest_first(query, Asset, before).limit(_checked(limit) + 1)


def assets_found_near(*, before: str | None, limit: int, query: str = '', **filters: Any) -> Select[Asset] | None:
    """Those of the next `NEAR` assets that a search finds, at most one more than `limit`; None if it has no words.

    Assets of one time lie side by side in the index of words, and a word of a hundred thousand prompts is read for them
    alone: a page of a common word takes little more than half the time.
    """
    words = searched(query)
    if words is None:
        return None
    place: ColumnElement[int] = literal_column('assets.rowid')
    places = select(place.label('place'), col(Asset.created_at), col(Asset.id)).where(*_conditions(filters))
    near = _newest_first(places, Asset, before).limit(NEAR).cte('near')
    found = text(
        """
        SELECT rowid FROM assets_fts WHERE assets_fts MATCH :words
        AND rowid BETWEEN (SELECT min(place) FROM near) AND (SELECT max(place) FROM near)
        """
    ).bindparams(words=words)
    matching = select(near.c.place).where(near.c.place.in_(found)).order_by(near.c.created_at.desc(), near.c.id.desc())
    return _newest_first(select(Asset).where(place.in_(matching.limit(_checked(limit) + 1))), Asset, None)


def jobs_page(*, before: str | None, limit: int, workspace_id: str | None) -> Select[Job]:
    """Jobs that are not deleted, newest first; one more than `limit` tells whether there are more."""
    query = select(Job).where(col(Job.deleted_at).is_(None))
    if workspace_id is not None:
        query = query.where(col(Job.workspace_id) == workspace_id)
    return _newest_first(query, Job, before).limit(_checked(limit) + 1)


def jobs_since(workspace_id: str, since: datetime) -> Select[Job]:
    """The jobs of a workspace's page: new, ended since or unfinished, neither dismissed nor deleted nor emptied."""
    new = select(col(Job.id)).where(col(Job.workspace_id) == workspace_id, col(Job.created_at) >= since)
    ended = select(col(Job.id)).where(col(Job.workspace_id) == workspace_id, col(Job.finished_at) >= since)
    unfinished = select(col(Job.id)).where(col(Job.status).in_([JobStatus.QUEUED, JobStatus.PROCESSING]))
    shown = exists().where(
        col(Asset.job_id) == col(Job.id), col(Asset.dismissed_at).is_(None), col(Asset.deleted_at).is_(None)
    )
    return (
        select(Job)
        .where(
            col(Job.id).in_(union(new, ended, unfinished)),
            col(Job.workspace_id) == workspace_id,
            col(Job.dismissed_at).is_(None),
            col(Job.deleted_at).is_(None),
            or_(col(Job.status) != JobStatus.COMPLETED, shown),
        )
        .order_by(col(Job.created_at).desc(), col(Job.id).desc())
    )


def assets_of(job_ids: Iterable[str], *, with_hidden: bool) -> Select[Asset]:
    """The assets of jobs by their position, without deleted ones, and without dismissed ones unless wanted."""
    query = select(Asset).where(is_one_of(Asset.job_id, job_ids), col(Asset.deleted_at).is_(None))
    if not with_hidden:
        query = query.where(col(Asset.dismissed_at).is_(None))
    return query.order_by(col(Asset.job_id), col(Asset.position))


def made_positions(job_id: str) -> Select[int]:
    """The places of a job that need not be made: their picture is there, or a person deleted it."""
    is_made = or_(col(Asset.status) == AssetStatus.COMPLETED, col(Asset.deleted_at).is_not(None))
    return select(col(Asset.position)).where(col(Asset.job_id) == job_id, is_made)


def is_one_of(column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column holds one of any number of values."""
    listed = func.json_each(json.dumps(list(values))).table_valued('value')
    return col(column).in_(select(listed.c.value))


def page_of(rows: Iterable[T], limit: int) -> Page[T]:
    """A page of rows that were asked for with one more than `limit`."""
    items = list(rows)
    cursor = _cursor(items[limit - 1]) if len(items) > limit else None
    return Page(items[:limit], cursor)


def searched(words: str) -> str | None:
    """What a person typed as an FTS5 query: every word's beginning must occur; None if there are no words."""
    wanted = [word.replace('"', ' ').strip() for word in words.replace('\x00', ' ').split()]
    return ' '.join(f'"{word}"*' for word in wanted if any(map(_is_searchable, word))) or None


_EQUAL = ('kind', 'model', 'quality', 'content', 'status', 'user_id', 'workspace_id')

_OTHER: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    'is_dismissed': lambda value: col(Asset.dismissed_at).is_not(None) if value else col(Asset.dismissed_at).is_(None),
    'is_favourite': lambda value: literal_column(f'assets.is_favourite IS {int(value)}'),
    'since': lambda value: col(Asset.created_at) >= value,
    'until': lambda value: col(Asset.created_at) < value,
}


def _conditions(filters: dict[str, Any]) -> list[ColumnElement[bool]]:
    """Those of all filters but the words that are searched for, which the asking query looks up in its own way."""
    wanted = {name: value for name, value in filters.items() if value is not None}
    conditions = [getattr(Asset, name) == wanted[name] for name in _EQUAL if name in wanted]
    others = [condition(wanted[name]) for name, condition in _OTHER.items() if name in wanted]
    return [col(Asset.deleted_at).is_(None), *conditions, *others]


def _checked(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput('limit', f'must be between 1 and {MAX_LIMIT}')
    return limit


def _is_searchable(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] in 'LN' or category in ('Co', 'So')


def _newest_first(query: SelectT, table: type[Asset] | type[Job], before: str | None) -> SelectT:
    created_at, row_id = col(table.created_at), col(table.id)
    if before is not None:
        query = query.where(tuple_(created_at, row_id) < tuple_(*_place(before)))
    return query.order_by(created_at.desc(), row_id.desc())


def _cursor(row: Asset | Job) -> str:
    place = f'{row.created_at.isoformat()} {row.id}'
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip('=')


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        padded = cursor + '=' * (-len(cursor) % 4)
        created_at, row_id = base64.b64decode(padded, altchars=b'-_', validate=True).decode('ascii').split(' ')
        if re.fullmatch('[0-9a-f]{32}', row_id):
            return datetime.fromisoformat(created_at).replace(tzinfo=None), row_id
    except (ValueError, binascii.Error):
        pass
    raise InvalidInput('cursor', 'is not one that was given out', advice='Start from the first page.')
