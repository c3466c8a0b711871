"""Pictures and clips: each rendition under one cacheable url, with ranges for seeking."""

import asyncio
import os
import re
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from ourvidz.errors import NotFound
from ourvidz.generation.renewing import renewed
from ourvidz.library.tables import AssetStatus
from ourvidz.library.urls import rendition_path
from ourvidz.system import System

CACHED = {'Cache-Control': 'private, max-age=31536000, immutable', 'X-Content-Type-Options': 'nosniff'}
FRESH = {'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff'}
RANGE = re.compile(
    r'bytes=\s*(?:\d{1,18}-\d{0,18}|-\d{1,18})(?:\s*,\s*(?:\d{1,18}-\d{0,18}|-\d{1,18})){0,9}\s*', re.ASCII
)
KINDS = {'.png': 'image/png', '.webp': 'image/webp', '.mp4': 'video/mp4', '.webm': 'video/webm'}
"""By the end of the name, because not every system knows them all."""
AT_ONCE = 1 << 20
"""Bytes of a file that is read in one go; a larger one is streamed."""
Rendition = Literal['original', 'preview', 'thumbnail', 'poster']


def router(system: System) -> APIRouter:
    """The media routes."""
    routes = APIRouter(prefix='/media', tags=['media'], dependencies=[Depends(system.ready)])

    @routes.get('/previews/{job_id}/{position}')
    async def live_preview(job_id: str, position: int) -> Response:
        """The unfinished picture of a job at work, as WebP."""
        webp = system.loop.previews.get(job_id, position)
        if webp is None:
            raise NotFound('This picture is not being made any more.')
        return Response(webp, media_type='image/webp', headers=FRESH)

    @routes.get('/references/{reference_id}')
    @routes.head('/references/{reference_id}', include_in_schema=False)
    async def reference(reference_id: str, request: Request) -> Response:
        """A reference picture, small."""
        found = await system.references.get(reference_id)
        return await _unless_known(request, found.thumbnail)

    @routes.get('/references/{reference_id}/original')
    @routes.head('/references/{reference_id}/original', include_in_schema=False)
    async def whole_reference(reference_id: str, request: Request) -> Response:
        """A reference picture in full."""
        found = await system.references.get(reference_id)
        return await _unless_known(request, found.path)

    @routes.get('/{asset_id}/{rendition}')
    @routes.head('/{asset_id}/{rendition}', include_in_schema=False)
    async def rendition(asset_id: str, rendition: Rendition, request: Request, download: bool = False) -> Response:
        """One rendition of an asset; `download` names the file for saving. 403 for what may only be seen blurred."""
        asset = await system.library.asset(asset_id)
        await system.submission.ensure_visible(asset)
        if rendition == 'original' and asset.status is AssetStatus.FAILED:
            raise NotFound(asset.error or 'This was not made.')
        path = rendition_path(system.library.files, asset, rendition)
        if not path.is_file():
            path = await renewed(system.library.files, asset, rendition)
        name = f'ourvidz-{asset.seed}-{asset.id[:8]}{path.suffix}' if download else None
        return await _unless_known(request, path, name=name)

    return routes


async def _unless_known(request: Request, path: Path, *, name: str | None = None) -> Response:
    """The file, with ranges; only that it is unchanged to a browser that has it."""
    is_range = _is_range(request.headers.get('range', ''))
    if not is_range:
        request.scope['headers'] = [(name, value) for name, value in request.scope['headers'] if name != b'range']
    if not os.access(path, os.R_OK):
        raise NotFound('The file cannot be read.', advice="Look at the data folder's permissions.")
    known = path.stat()
    kind = KINDS.get(path.suffix)
    response = FileResponse(path, headers=CACHED, media_type=kind, filename=name, stat_result=known)
    etag = response.headers['etag']
    if etag in request.headers.get('if-none-match', ''):
        return Response(status_code=304, headers=CACHED | {'ETag': etag})
    if request.method == 'GET' and not is_range and known.st_size <= AT_ONCE:
        return Response(await asyncio.to_thread(path.read_bytes), headers=response.headers)
    return response


def _is_range(header: str) -> bool:
    """Whether a Range header can be honoured; HTTP wants another one to be ignored (RFC 9110, 14.2)."""
    if not RANGE.fullmatch(header):
        return False
    spans = [span.strip().split('-') for span in header.removeprefix('bytes=').split(',')]
    return all(not first or not last or int(first) <= int(last) for first, last in spans)
