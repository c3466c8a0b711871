"""Makes rows and files agree after a crash, without ever losing either."""

import asyncio
import logging
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import select, update

from ourvidz.library.database import Database
from ourvidz.library.files import RENDITIONS, Files
from ourvidz.library.queries import is_one_of
from ourvidz.library.tables import Asset, AssetStatus, new_id

DAMAGED = (
    'The file in the library folder is not whole. '
    'Restore it and start OurVidz again, or make it again with the same prompt and seed.'
)
LOST = (
    'The file is no longer in the library folder. '
    'Put it back and start OurVidz again, or generate it anew with the same prompt and seed.'
)

UNFINISHED = re.compile(r'\.[0-9a-f]{32}\.part')
"""The name of a rendition while it is made anew."""

MAX_NAMED = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found: staged files removed, assets whose file is lost or damaged or whole again, files set aside."""

    staged: int
    lost: tuple[str, ...]
    damaged: tuple[str, ...]
    found: tuple[str, ...]
    orphans: tuple[Path, ...]

    def __str__(self) -> str:
        assets = f'{len(self.lost)} lost, {len(self.damaged)} damaged, {len(self.found)} found again'
        return f'{self.staged} staged files removed, {assets}, {len(self.orphans)} files set aside'


async def reconcile(database: Database, files: Files) -> Reconciled:
    """Empty staging, mark rows without their whole file as failed, set files without row aside in `orphans`; log it."""
    async with database.session() as session:
        columns: tuple[Any, ...] = (Asset.id, Asset.path, Asset.status, Asset.error, Asset.deleted_at, Asset.file_size)
        rows = (await session.execute(select(*columns))).all()
    staged = await files.empty_staging()
    reconciled = await asyncio.to_thread(_compare, rows, files.library_dir, staged)
    await _mark(database, reconciled.lost, AssetStatus.FAILED, LOST)
    await _mark(database, reconciled.damaged, AssetStatus.FAILED, DAMAGED)
    await _mark(database, reconciled.found, AssetStatus.COMPLETED, '')
    return _logged(reconciled)


def _compare(rows: Sequence[Any], folder: Path, staged: int) -> Reconciled:
    """What rows and files say of each other; files without row are set aside."""
    present = _inventory(folder)
    lost, damaged, found = list[str](), list[str](), list[str]()
    for row in rows:
        if row.deleted_at is None and row.status is AssetStatus.COMPLETED:
            if row.path not in present:
                lost.append(row.id)
            elif not _is_whole(row, present, folder):
                damaged.append(row.id)
        elif row.deleted_at is None and row.error in (LOST, DAMAGED) and _is_whole(row, present, folder):
            found.append(row.id)
    orphans = _set_aside(folder, present.keys() - _places(row.path for row in rows))
    return Reconciled(staged, tuple(lost), tuple(damaged), tuple(found), tuple(orphans))


def _is_whole(row: Any, present: Mapping[str, int], folder: Path) -> bool:
    """A cut file is smaller; one that a person has tagged or retouched is larger, or a picture that can be read."""
    return row.path in present and (present[row.path] >= row.file_size or _is_readable(folder / row.path))


def _is_readable(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _inventory(folder: Path) -> dict[str, int]:
    """All files of the library but hidden ones by their paths relative to it, / between; originals with their bytes.

    Renditions that were never finished are removed on the way.
    """
    sizes, places = dict[str, int](), [''] if folder.is_dir() else []
    while places:
        place = places.pop()
        with os.scandir(folder / place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    places.append(f'{place}{entry.name}/')
                elif UNFINISHED.fullmatch(entry.name):
                    with suppress(OSError):
                        Path(entry).unlink()
                elif entry.is_file() and not entry.name.startswith('.'):
                    sizes[f'{place}{entry.name}'] = 0 if entry.name.endswith('.webp') else entry.stat().st_size
    return sizes


def _places(paths: Iterable[str]) -> set[str]:
    places = set()
    for path in paths:
        stem = path.rsplit('.', 1)[0]
        places.add(path)
        places.update(f'{stem}.{rendition}.webp' for rendition in RENDITIONS[1:])
    return places


def _set_aside(folder: Path, names: Iterable[str]) -> list[Path]:
    orphans = []
    for name in sorted(names):
        target = folder.parent / 'orphans' / name
        if target.exists():
            target = target.with_name(f'{new_id()}-{target.name}')
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / name, target)
        orphans.append(target)
    return orphans


async def _mark(database: Database, asset_ids: Sequence[str], status: AssetStatus, error: str) -> None:
    if asset_ids:
        async with database.writing() as session:
            wanted = is_one_of(Asset.id, asset_ids)
            await session.execute(update(Asset).where(wanted).values(status=status, error=error))


def _logged(reconciled: Reconciled) -> Reconciled:
    if reconciled.staged:
        log.info('%s unfinished files were removed from staging', reconciled.staged)
    _warn(reconciled.lost, 'assets are shown as failed because their files are missing')
    _warn(reconciled.damaged, 'assets are shown as failed because their files are not whole')
    _warn(reconciled.found, 'assets are whole again because their files are back')
    _warn(reconciled.orphans, 'files that the library does not know were set aside')
    return reconciled


def _warn(names: Sequence[str | Path], happening: str) -> None:
    if names:
        more = f' and {len(names) - MAX_NAMED} more' if len(names) > MAX_NAMED else ''
        log.warning('%s %s: %s%s', len(names), happening, ', '.join(map(str, names[:MAX_NAMED])), more)
