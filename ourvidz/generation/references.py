"""Reference pictures: taken in from files, urls and the library, checked, and kept by their content."""

import asyncio
import errno
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PIL import Image

from ourvidz.errors import InvalidInput, NotFound, StorageFull
from ourvidz.generation.fetching import Address, fetched, is_public
from ourvidz.generation.pictures import MAX_BYTES, Picture, decoded

__all__ = ['MAX_BYTES', 'Reference', 'References', 'Source']

Source = Literal['file', 'url', 'item']

THUMBNAIL_SIDE = 256
KEPT_SECONDS = 30 * 24 * 3_600
ID = re.compile(r'[0-9a-f]{32}')


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture to start from: an RGB PNG at `path`, its size in px, a WebP thumbnail, and what to know about it.

    `caption` is what it is said to show: the prompt that it was made with, or what its file tells.
    """

    id: str
    width: int
    height: int
    source: Source
    path: Path
    thumbnail: Path
    note: str = ''
    caption: str = ''


class References:
    """All reference pictures in one folder. The same bytes are the same reference."""

    def __init__(self, references_dir: Path, *, is_allowed: Callable[[Address], bool] = is_public) -> None:
        self.references_dir = references_dir
        self._is_allowed = is_allowed
        self._decoding = asyncio.Lock()
        """One at a time: a small file may hold a picture of a gigabyte."""

    async def add_bytes(self, data: bytes, source: Source = 'file', *, caption: str = '') -> Reference:
        """Take in a file's content. Raises InvalidInput with the reason if it is no picture of use, StorageFull."""
        async with self._decoding:
            return await asyncio.to_thread(self._add, data, source, caption)

    async def add_url(self, url: str) -> Reference:
        """Fetch and take in a picture. Raises InvalidInput('url') with the reason."""
        return await self.add_bytes(await fetched(url, is_allowed=self._is_allowed), 'url')

    async def add_picture(self, path: Path, source: Source = 'item', *, caption: str = '') -> Reference:
        """Take in a picture of the library. Raises NotFound if the file is gone."""
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise NotFound('The picture is not there any more.', advice='Choose another one.') from error
        return await self.add_bytes(data, source, caption=caption)

    async def get(self, id: str) -> Reference:
        """The reference, which counts as used now. Raises NotFound."""
        return await asyncio.to_thread(self._get, id)

    async def clean(self, keep: Collection[str] = ()) -> int:
        """Remove what has not been used for 30 days, except `keep`; returns how many."""
        return await asyncio.to_thread(self._clean, frozenset(keep))

    def _add(self, data: bytes, source: Source, caption: str) -> Reference:
        field = 'url' if source == 'url' else 'file'
        id_ = hashlib.sha256(data).hexdigest()[:32]
        try:
            with suppress(NotFound):
                known = self._get(id_)
                wanted = replace(known, source=source, caption=caption or known.caption)
                return known if known == wanted else self._describe(wanted)
            picture = decoded(data, field=field)
            self.references_dir.mkdir(parents=True, exist_ok=True)
            self._write_pictures(id_, picture)
            width, height = picture.image.size
            told = {'note': picture.note, 'caption': caption or picture.caption}
            return self._describe(self._reference(id_, {'width': width, 'height': height, 'source': source, **told}))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise InvalidInput(field, f'The picture cannot be kept: {error.strerror}.') from error
            raise StorageFull('There is no room for the reference picture.', advice='Free some disk space.') from error

    def _write_pictures(self, id_: str, picture: Picture) -> None:
        self._write_thumbnail(id_, picture.image)
        with _replacing(self._path(id_, 'png')) as part:
            picture.image.save(part, 'PNG', compress_level=3)

    def _write_thumbnail(self, id_: str, image: Image.Image) -> None:
        thumbnail = image.copy()
        thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
        with _replacing(self._path(id_, 'webp')) as part:
            thumbnail.save(part, 'WEBP', quality=85)

    def _describe(self, reference: Reference) -> Reference:
        content = {name: getattr(reference, name) for name in ('width', 'height', 'source', 'note', 'caption')}
        with _replacing(self._path(reference.id, 'json')) as part:
            part.write_text(json.dumps(content), 'utf-8')
        return reference

    def _get(self, id_: str) -> Reference:
        missing = NotFound('There is no such reference picture.', advice='Add it again.')
        if not ID.fullmatch(id_):
            raise missing
        path = self._path(id_, 'json')
        try:
            reference = self._reference(id_, json.loads(path.read_text('utf-8')))
            os.utime(path)
            if reference.path.is_file() and not reference.thumbnail.is_file():
                with Image.open(reference.path) as picture:
                    self._write_thumbnail(id_, picture)
        except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
            raise missing from error
        if not reference.path.is_file():
            raise missing
        return reference

    def _reference(self, id_: str, content: Mapping[str, object]) -> Reference:
        return Reference(
            id=id_,
            width=int(str(content['width'])),
            height=int(str(content['height'])),
            source=content['source'],  # type: ignore[arg-type]
            path=self._path(id_, 'png'),
            thumbnail=self._path(id_, 'webp'),
            note=str(content.get('note', '')),
            caption=str(content.get('caption', '')),
        )

    def _path(self, id_: str, suffix: str) -> Path:
        return self.references_dir / f'{id_}.{suffix}'

    def _clean(self, keep: frozenset[str]) -> int:
        oldest = time.time() - KEPT_SECONDS
        gone = 0
        for path in self.references_dir.glob('*.json'):
            with suppress(OSError):
                if path.stem not in keep and path.stat().st_mtime < oldest:
                    for suffix in ('json', 'png', 'webp'):
                        self._path(path.stem, suffix).unlink(missing_ok=True)
                    gone += 1
        return gone


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file under another name until it is complete."""
    part = path.with_name(f'.{path.name}.{os.getpid()}.{time.monotonic_ns()}')
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
