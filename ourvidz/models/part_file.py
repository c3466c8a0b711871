"""A file on its way: what has come so far stays, and it gets its name only when its checksum is right."""

import hashlib
import os
from pathlib import Path

from ourvidz.errors import BrokenModel
from ourvidz.models.hub import HubFile

BLOCK = 2**20


class PartFile:
    """Writes one file of a download beside its final place. All methods block: call them in a thread."""

    def __init__(self, folder: Path, file: HubFile) -> None:
        self.file = file
        self.path = folder / file.name
        self.part_path = self.path.with_name(f'{self.path.name}.part')
        self._hash = self._new_hash()
        self._hashed = 0

    @property
    def is_complete(self) -> bool:
        return self.path.exists()

    @property
    def done(self) -> int:
        """Bytes that are on the disk."""
        for path in (self.path, self.part_path):
            if path.exists():
                return path.stat().st_size
        return 0

    def prepare(self) -> int:
        """Read what has come before into the checksum; returns from which byte on the rest is needed."""
        self.part_path.parent.mkdir(parents=True, exist_ok=True)
        if self.done > self.file.size:
            self.part_path.unlink()
        self._hash, self._hashed = self._new_hash(), 0
        if self.part_path.exists():
            with self.part_path.open('rb') as part:
                while block := part.read(BLOCK):
                    self._hash.update(block)
                    self._hashed += len(block)
        return self._hashed

    def write(self, place: int, chunk: bytes) -> None:
        """Add a chunk that belongs at `place`; a hub that cannot skip begins anew at 0."""
        if place == 0 and self._hashed:
            self.part_path.unlink(missing_ok=True)
            self._hash, self._hashed = self._new_hash(), 0
        if self._hashed + len(chunk) > self.file.size:
            self.part_path.unlink(missing_ok=True)
            raise BrokenModel(f'The hub sends more than {self.file.name} should hold.', advice='Start again.')
        with self.part_path.open('ab') as part:
            part.write(chunk)
        self._hash.update(chunk)
        self._hashed += len(chunk)

    def finish(self) -> None:
        """Give the file its name. Raises BrokenModel, and forgets all, if its size or checksum is wrong."""
        self.part_path.touch()
        if self._hashed != self.file.size or not self._is_right():
            self.part_path.unlink()
            message = f'{self.file.name} arrived damaged: its checksum is wrong.'
            raise BrokenModel(message, advice='It was thrown away. Start again to fetch it anew.')
        with self.part_path.open('rb+') as part:
            os.fsync(part.fileno())
        self.part_path.replace(self.path)

    def _is_right(self) -> bool:
        wanted = self.file.sha256 or self.file.git_sha1
        return wanted is None or self._hash.hexdigest() == wanted

    def _new_hash(self) -> 'hashlib._Hash':
        if self.file.sha256 or not self.file.git_sha1:
            return hashlib.sha256()
        return hashlib.sha1(f'blob {self.file.size}\0'.encode(), usedforsecurity=False)
