"""Reference pictures: by upload, by url or from the library."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile

from ourvidz.errors import InvalidInput
from ourvidz.generation.references import MAX_BYTES, Reference
from ourvidz.system import System


def router(system: System) -> APIRouter:
    """The routes for references."""
    routes = APIRouter(prefix='/api/references', tags=['references'], dependencies=[Depends(system.ready)])

    @routes.post('', status_code=201)
    async def add(request: Request) -> dict[str, Any]:
        """Multipart with `file`, or JSON with `url` or `asset_id`."""
        if request.headers.get('content-type', '').startswith('multipart/form-data'):
            return _view(await _uploaded(request, system))
        return _view(await _named(await _body(request), system))

    return routes


async def _uploaded(request: Request, system: System) -> Reference:
    if int(request.headers.get('content-length') or 0) > MAX_BYTES + 64_000:
        raise InvalidInput('file', f'The file is larger than {MAX_BYTES // 2**20} MB.', advice='Make it smaller.')
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get('file')
        if not isinstance(file, UploadFile):
            raise InvalidInput('file', 'The upload holds no file.')
        return await system.references.add_bytes(await file.read(), source='file')


async def _named(body: dict[str, Any], system: System) -> Reference:
    if isinstance(url := body.get('url'), str):
        return await system.references.add_url(url)
    if isinstance(asset_id := body.get('asset_id'), str):
        return await system.submission.reference_from(await system.library.asset(asset_id))
    raise InvalidInput('url', 'Send a file, a url or an asset_id.')


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise InvalidInput('body', 'The body is not valid JSON.') from error
    if not isinstance(body, dict):
        raise InvalidInput('body', 'The body is not a JSON object.')
    return body


def _view(reference: Reference) -> dict[str, Any]:
    return {
        'id': reference.id,
        'width': reference.width,
        'height': reference.height,
        'source': reference.source,
    }
