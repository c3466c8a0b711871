"""Reference pictures: by upload, by url or from the library."""

import asyncio
from collections.abc import AsyncGenerator

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from ourvidz.errors import InvalidInput, TooLarge
from ourvidz.generation.references import MAX_BYTES, Reference
from ourvidz.system import System


class ReferenceView(BaseModel):
    """A reference picture."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    width: int
    height: int
    source: str


class Named(BaseModel):
    """Where a reference comes from: exactly one of the two."""

    model_config = ConfigDict(extra='forbid')

    url: str | None = None
    asset_id: str | None = None


PATIENCE_SECONDS = 60.0
"""How long the next piece of an upload may take."""
MULTIPART = {'type': 'object', 'required': ['file'], 'properties': {'file': {'type': 'string', 'format': 'binary'}}}
BODY = {
    'required': True,
    'content': {
        'multipart/form-data': {'schema': MULTIPART},
        'application/json': {'schema': Named.model_json_schema()},
    },
}


def router(system: System) -> APIRouter:
    """The routes for references."""
    routes = APIRouter(prefix='/api/references', tags=['references'], dependencies=[Depends(system.ready)])

    @routes.post('', status_code=201, openapi_extra={'requestBody': BODY})
    async def add(request: Request) -> ReferenceView:
        """Multipart with `file`, or JSON with `url` or `asset_id`."""
        if request.headers.get('content-type', '').startswith('multipart/form-data'):
            return ReferenceView.model_validate(await _uploaded(request, system))
        return ReferenceView.model_validate(await _named(request, system))

    return routes


async def _uploaded(request: Request, system: System) -> Reference:
    parser = MultiPartParser(request.headers, _limited(request), max_files=1, max_fields=4)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise InvalidInput('file', f'The upload is not right: {error.message}') from error
    try:
        file = form.get('file')
        if not isinstance(file, UploadFile):
            raise InvalidInput('file', 'The upload holds no file.')
        return await system.references.add_bytes(await file.read(), source='file')
    finally:
        await form.close()


async def _named(request: Request, system: System) -> Reference:
    try:
        named = Named.model_validate_json(b''.join([chunk async for chunk in _limited(request)]))
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error
    if named.url is not None and named.asset_id is None:
        return await system.references.add_url(named.url)
    if named.asset_id is not None and named.url is None:
        return await system.submission.reference_from(await system.library.asset(named.asset_id))
    raise InvalidInput('url', 'Send a file, a url or an asset_id, one of them.')


async def _limited(request: Request, *, patience: float = PATIENCE_SECONDS) -> AsyncGenerator[bytes, None]:
    """The body as it comes, however long it says it is. Raises TooLarge; InvalidInput if it stops to come."""
    size, pieces = 0, request.stream()
    try:
        while True:
            async with asyncio.timeout(patience):
                piece = await anext(pieces, b'')
            if not piece:
                return
            size += len(piece)
            if size > MAX_BYTES + 64_000:
                raise TooLarge('file', f'The file is larger than {MAX_BYTES // 2**20} MB.', advice='Make it smaller.')
            yield piece
    except TimeoutError as error:
        message = f'The upload stalled: nothing came for {patience:.0f} seconds.'
        raise InvalidInput('file', message, advice='Send it again.') from error
    except ClientDisconnect as error:
        raise InvalidInput('file', 'The upload broke off.', advice='Send it again.') from error
