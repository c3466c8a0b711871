"""The library's files: where the renditions of an asset lie, and how they come there and go."""

import asyncio
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from ourvidz.engine.messages import PREVIEW_EDGE, THUMBNAIL_EDGE, FileMade
from ourvidz.errors import StorageFull
from ourvidz.library.tables import Asset

Rendition = Literal['original', 'preview', 'thumbnail', 'poster']
EDGES: dict[Rendition, int] = {'preview': PREVIEW_EDGE, 'poster': PREVIEW_EDGE, 'thumbnail': THUMBNAIL_EDGE}
"""The square in px that a smaller rendition fits into."""
RENDITIONS: tuple[Rendition, ...] = ('original', 'preview', 'thumbnail', 'poster')


class Files:
    """Originals at <library>/YYYY/MM/DD/<asset id>.png|mp4|webm, their smaller renditions beside them."""

    def __init__(self, library_dir: Path, staging_dir: Path) -> None:
        self.library_dir = library_dir
        self.staging_dir = staging_dir

    @property
    def free_space(self) -> int:
        """Bytes that are free on the library's disk."""
        places = (self.library_dir, *self.library_dir.absolute().parents)
        return shutil.disk_usage(next(place for place in places if place.exists())).free

    def path(self, asset: Asset, rendition: Rendition) -> Path:
        """Where a rendition of an asset lies, whether it is there or not."""
        original = self.library_dir / asset.path
        return original if rendition == 'original' else original.with_name(f'{asset.id}.{rendition}.webp')

    def size(self, asset: Asset) -> int:
        """Bytes of the original."""
        return self.path(asset, 'original').stat().st_size

    async def take_in(self, made: FileMade, created_at: datetime) -> str:
        """Move finished files from staging to their places; gives the original's path relative to the library.

        When this returns all of them are on the disk; when it raises none is left in the library.
        Raises StorageFull.
        """
        return await asyncio.to_thread(self._take_in, made, created_at)

    async def discard(self, made: FileMade) -> None:
        """Remove finished files from staging."""
        await asyncio.to_thread(_unlink, _staged(made).values())

    async def empty_staging(self) -> int:
        """Remove everything from staging, unfinished as it is; gives the number of files."""
        return await asyncio.to_thread(_empty, self.staging_dir)

    async def remove(self, asset: Asset) -> None:
        """Remove all renditions of an asset."""
        await asyncio.to_thread(_unlink, [self.path(asset, rendition) for rendition in RENDITIONS])

    def _take_in(self, made: FileMade, created_at: datetime) -> str:
        path = original_path(made, created_at)
        folder = (self.library_dir / path).parent
        targets = {folder / f'{made.asset_id}{suffix}': source for suffix, source in _staged(made).items()}
        moved: list[Path] = []
        try:
            with room():
                _make_folder(folder)
                for target, source in targets.items():
                    _move(source, target)
                    moved.append(target)
                sync(folder)
        except BaseException:
            _unlink(moved)
            raise
        return path


def original_path(made: FileMade, created_at: datetime) -> str:
    """Where an original belongs, relative to the library, with / between."""
    return f'{created_at:%Y/%m/%d}/{made.asset_id}{made.original_path.suffix}'


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _staged(made: FileMade) -> dict[str, Path]:
    """The staged files by the end of their name in the library, the original last."""
    files = {'.preview.webp': made.preview_path, '.thumbnail.webp': made.thumbnail_path}
    if made.poster_path is not None:
        files['.poster.webp'] = made.poster_path
    return files | {made.original_path.suffix: made.original_path}


def _make_folder(folder: Path) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync(path.parent)


def _move(source: Path, target: Path) -> None:
    sync(source)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_to_other_disk(source, target)


def _move_to_other_disk(source: Path, target: Path) -> None:
    part = target.with_name(f'{target.name}.part')
    try:
        shutil.copyfile(source, part)
        sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    source.unlink()


def _empty(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    entries = list(folder.iterdir())
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    return len(entries)


def _unlink(paths: Iterable[Path]) -> None:
    """Remove what lies there, be it a folder that took a file's place."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def room() -> Iterator[None]:
    """Says in words if the disk has too little room for what is done within."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                'The disk of the library is full.', advice='Free some space, then press Retry.'
            ) from error
        raise
