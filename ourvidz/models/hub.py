"""What a model hub says over HTTP: the files of a model, their sizes and checksums, and their bytes from any place."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

import httpx

from ourvidz.errors import BrokenModel, NotFound, OurVidzError, Refused
from ourvidz.models.spec import ModelSpec
from ourvidz.settings import Settings

CHUNK = 2**20
TIMEOUT = httpx.Timeout(30.0, connect=15.0)
SUPPORT_FILES = ('*.json', '*.txt', '*.model', '*.jinja')
LEFT_OUT = ('*onnx*', '*openvino*', '*flax*', 'README*', '*.md', '.git*', 'assets/*', 'examples/*')


class TryAgain(Exception):
    """The hub or the way to it failed for now."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file in a repository: bytes, and its sha256 (large files) or else git's sha1 of it."""

    name: str
    size: int
    sha256: str | None = None
    git_sha1: str | None = None


class Hub:
    """The hub, or a mirror of it, that the settings name. The token goes to it alone and into no message."""

    def __init__(self, settings: Settings) -> None:
        self.endpoint = settings.hub_endpoint.rstrip('/')
        self._is_offline = settings.is_offline
        self._token = settings.hub_token
        self._client = httpx.AsyncClient(headers={'User-Agent': 'OurVidz'}, timeout=TIMEOUT, follow_redirects=True)

    async def close(self) -> None:
        """End all connections."""
        await self._client.aclose()

    async def commit_of(self, spec: ModelSpec) -> str:
        """The commit that the model's revision means now. Raises Refused, NotFound or TryAgain."""
        info = await self._json(f'{self.endpoint}/api/models/{spec.repository}/revision/{spec.revision}', spec)
        return str(info[0]['sha'])

    async def files_of(self, spec: ModelSpec, commit: str) -> list[HubFile]:
        """The files that the model needs. Raises Refused, NotFound, BrokenModel or TryAgain."""
        entries = await self._json(f'{self.endpoint}/api/models/{spec.repository}/tree/{commit}?recursive=true', spec)
        files = [_file(entry) for entry in entries if entry.get('type') == 'file']
        needed = [file for file in files if is_needed(file.name, spec)]
        if not any(file.name.endswith('.safetensors') for file in needed):
            raise BrokenModel(f'{spec.repository} holds no .safetensors weights.', advice='Choose another model.')
        return needed

    async def read(
        self, spec: ModelSpec, commit: str, file: HubFile, *, start: int
    ) -> AsyncGenerator[tuple[int, bytes]]:
        """The bytes of a file from `start` on, in chunks with their places; from 0 on if the hub cannot skip.

        Raises Refused, NotFound or TryAgain.
        """
        self._ensure_online()
        url = f'{self.endpoint}/{spec.repository}/resolve/{commit}/{file.name}'
        headers = {'Accept-Encoding': 'identity'} | self._credentials(url)
        headers |= {'Range': f'bytes={start}-'} if start else {}
        try:
            async with self._client.stream('GET', url, headers=headers) as response:
                self._ensure_good(response, spec)
                place = start if response.status_code == 206 else 0
                async for chunk in response.aiter_raw(CHUNK):
                    yield place, chunk
                    place += len(chunk)
        except httpx.HTTPError as error:
            raise TryAgain('The connection to the hub broke off.') from error

    async def _json(self, url: str, spec: ModelSpec) -> list[dict[str, Any]]:
        """The answer as a list, page by page."""
        self._ensure_online()
        items: list[dict[str, Any]] = []
        next_url: str | None = url
        try:
            while next_url:
                response = await self._client.get(next_url, headers=self._credentials(next_url))
                self._ensure_good(response, spec)
                answer = response.json()
                items += answer if isinstance(answer, list) else [answer]
                next_url = response.links.get('next', {}).get('url')
        except httpx.HTTPError as error:
            raise TryAgain('The hub cannot be reached.') from error
        except ValueError as error:
            raise TryAgain('The hub answered something that is not JSON.') from error
        return items

    def _credentials(self, url: str) -> dict[str, str]:
        """The token, for the hub alone; a redirect to another host leaves it behind."""
        is_hub = url.startswith(f'{self.endpoint}/')
        return {'Authorization': f'Bearer {self._token}'} if self._token and is_hub else {}

    def _ensure_online(self) -> None:
        if self._is_offline:
            raise Refused('Downloads are switched off here (offline).', advice='Set OURVIDZ_IS_OFFLINE=false to allow.')

    def _ensure_good(self, response: httpx.Response, spec: ModelSpec) -> None:
        if response.is_success:
            return
        match response.status_code:
            case 401 | 403:
                raise self._not_allowed(spec)
            case 404:
                raise NotFound(
                    f'The hub has no {spec.repository} at {spec.revision}.', advice='Check the catalog entry.'
                )
            case 416:
                raise BrokenModel('The partly loaded file does not fit the hub.', advice='Start the download again.')
            case 408 | 425 | 429 | 500 | 502 | 503 | 504:
                raise TryAgain(f'The hub is busy ({response.status_code}).')
        raise OurVidzError(f'The hub answered {response.status_code}.', advice='Try again later.')

    def _not_allowed(self, spec: ModelSpec) -> Refused:
        page = f'{self.endpoint}/{spec.repository}'
        if self._token:
            return Refused(
                f'Your token does not open {spec.title}.', advice=f'Accept its licence at {page} with that account.'
            )
        return Refused(
            f'{spec.title} asks for an account.',
            advice=f'Accept its licence at {page}, then set OURVIDZ_HUB_TOKEN to a token of that account.',
        )


def is_needed(name: str, spec: ModelSpec) -> bool:
    """Whether a file of the repository belongs to the model: its weights, and the small files around them."""
    if spec.subfolder and not name.startswith(f'{spec.subfolder}/'):
        return False
    if any(fnmatch(name, pattern) for pattern in LEFT_OUT):
        return False
    if name.endswith('.safetensors'):
        if spec.files:
            return any(_matches(name, file.name) for file in spec.files)
        return spec.variant is None or f'.{spec.variant}.' in name
    return any(fnmatch(name, pattern) for pattern in SUPPORT_FILES)


def _matches(name: str, pattern: str) -> bool:
    """Like fnmatch, but a star stays within a folder."""
    return name.count('/') == pattern.count('/') and fnmatch(name, pattern)


def _file(entry: dict[str, Any]) -> HubFile:
    name = str(entry['path'])
    path = PurePosixPath(name)
    if path.is_absolute() or '..' in path.parts or '\\' in name or not path.name:
        raise BrokenModel('The hub names a file outside the model.', advice='Do not use this model.')
    large = entry.get('lfs') or {}
    return HubFile(
        name=name,
        size=int(large.get('size') or entry['size']),
        sha256=large.get('oid') or None,
        git_sha1=None if large else entry.get('oid'),
    )
