"""What every request passes: no foreign site may act in the person's name, and errors are told in one form."""

import ipaddress
import socket
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from nicegui import app
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ourvidz.errors import InvalidInput, LibraryLocked, NotFound, OurVidzError, Refused, StorageFull, TooLarge
from ourvidz.system import System
from ourvidz.workspace.prompt_form import in_words

MAX_BODY = 2 * 2**20
"""Bytes of a request to the API, but for references, which measure what comes themselves."""
SAFE_METHODS = ('GET', 'HEAD', 'OPTIONS')
STATUS = {TooLarge: 413, InvalidInput: 422, NotFound: 404, Refused: 403, StorageFull: 507, LibraryLocked: 503}


def register(system: System) -> None:
    """Add the guard and the handlers of errors to the app."""
    app.add_middleware(SameSite, extra_host=system.settings.host)
    app.add_exception_handler(OurVidzError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(400, _on_unreadable)
    app.add_exception_handler(413, _on_too_large)


class SameSite:
    """Refuses requests under a foreign host name (DNS rebinding), writes that a foreign site sends (CSRF), floods."""

    def __init__(self, app: ASGIApp, *, extra_host: str) -> None:
        self.app = app
        self.own_names = {'localhost', 'testserver', extra_host, socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            because = self._because(scope) if scope['type'] in ('http', 'websocket') else ''
        except ValueError:
            because = 'This host name or origin is none.'
        if because:
            if scope['type'] == 'websocket':
                await send({'type': 'websocket.close', 'code': 1008, 'reason': because})
            else:
                await JSONResponse({'field': 'host', 'reason': because}, 403)(scope, receive, send)
            return
        is_measured = (
            scope['type'] == 'http' and scope['path'].startswith('/api/') and scope['path'] != '/api/references'
        )
        await self.app(scope, _measured(receive) if is_measured else receive, send)

    def _because(self, scope: Scope) -> str:
        headers = {name.decode('latin-1').lower(): value.decode('latin-1') for name, value in scope['headers']}
        host = headers.get('host', '')
        if not self._is_own(host):
            return 'This host name is not one of this machine. Use its address instead.'
        is_write = scope['type'] == 'websocket' or scope['method'] not in SAFE_METHODS
        origin = headers.get('origin')
        if is_write and origin not in (None, 'null') and urlsplit(origin).netloc.lower() != host.lower():
            return 'Another site may not act here.'
        if is_write and origin == 'null':
            return 'A page without origin may not act here.'
        return ''

    def _is_own(self, host: str) -> bool:
        name = (urlsplit(f'//{host}').hostname or '').lower()
        if name in self.own_names or name.endswith('.local'):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _measured(receive: Receive) -> Receive:
    """Receives a body of MAX_BODY at most, however long it says it is."""
    size = 0

    async def receive_some() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get('body', b''))
        if size > MAX_BODY:
            raise HTTPException(413)
        return message

    return receive_some


async def _on_too_large(request: Request, error: Exception) -> JSONResponse:
    reason = f'The request is larger than {MAX_BODY // 2**20} MB.'
    return JSONResponse({'field': 'body', 'reason': reason, 'advice': 'Send less.'}, 413)


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OurVidzError)
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    body = {'reason': error.message, 'advice': error.advice}
    if isinstance(error, InvalidInput):
        body = {'field': error.field} | body
    return JSONResponse(body, status)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first['type'] == 'json_invalid':
        return await _on_unreadable(request, error)
    place = first['loc'][1:] if first['loc'][:1] in (('body',), ('query',), ('path',)) else first['loc']
    field = '.'.join(str(part) for part in place) or 'body'
    return JSONResponse({'field': field, 'reason': in_words(field, first), 'advice': ''}, 422)


async def _on_unreadable(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({'field': 'body', 'reason': 'The body is not valid JSON.', 'advice': ''}, 422)
