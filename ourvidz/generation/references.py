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
from ourvidz.generation.fetching import Address, Fetcher, is_public
from ourvidz.generation.pictures import MAX_BYTES, Picture, decoded
from ourvidz.library.files import sync

__all__ = ['MAX_BYTES', 'Reference', 'References', 'Source']

Source = Literal['file', 'url', 'item']

THUMBNAIL_SIDE = 256
KEPT_SECONDS = 30 * 24 * 3_600
WRITING_SECONDS = 3_600
"""What is unfinished for longer than this was left by a kill."""
ID = re.compile(r'[0-9a-f]{32}')
PNG_END = b'\0\0\0\0IEND\xaeB`\x82'


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
        self._fetcher = Fetcher(is_allowed=is_allowed)
        self._decoding = asyncio.Lock()
        """One at a time: a small file may hold a picture of a gigabyte."""

    async def add_bytes(self, data: bytes, source: Source = 'file', *, caption: str = '') -> Reference:
        """Take in a file's content. Raises InvalidInput with the reason if it is no picture of use, StorageFull."""
        async with self._decoding:
            return await asyncio.to_thread(self._add, data, source, caption)

    async def add_url(self, url: str) -> Reference:
        """Fetch and take in a picture. Raises InvalidInput('url') with the reason."""
        return await self.add_bytes(await self._fetcher.fetch(url), 'url')

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
            if not _is_whole(reference.path):
                raise missing
            os.utime(path)
            if not reference.thumbnail.is_file() or not reference.thumbnail.stat().st_size:
                with Image.open(reference.path) as picture:
                    self._write_thumbnail(id_, picture)
        except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
            raise missing from error
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
        self._remove_leftovers()
        return gone

    def _remove_leftovers(self) -> None:
        """Files under another name that were never completed, and pictures that were never described."""
        oldest = time.time() - WRITING_SECONDS
        for path in self.references_dir.glob('*'):
            is_ours = path.suffix != '.json' and ID.match(path.name.removeprefix('.'))
            with suppress(OSError):
                if is_ours and not path.with_suffix('.json').exists() and path.stat().st_mtime < oldest:
                    path.unlink()


def _is_whole(png: Path) -> bool:
    """Whether all of a picture is there, by its end. Raises OSError if nothing is."""
    with png.open('rb') as file:
        file.seek(-len(PNG_END), os.SEEK_END)
        return file.read() == PNG_END


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file under another name until it is complete and on the disk."""
    part = path.with_name(f'.{path.name}.{os.getpid()}.{time.monotonic_ns()}')
    try:
        yield part
        sync(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
