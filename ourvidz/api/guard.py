"""What every request passes: no foreign site may act in the person's name, and errors are told in one form."""

import ipaddress
import socket
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from nicegui import app
from starlette.types import ASGIApp, Receive, Scope, Send

from ourvidz.errors import InvalidInput, LibraryLocked, NotFound, OurVidzError, Refused, StorageFull, TooLarge
from ourvidz.system import System
from ourvidz.workspace.prompt_form import in_words

SAFE_METHODS = ('GET', 'HEAD', 'OPTIONS')
STATUS = {TooLarge: 413, InvalidInput: 422, NotFound: 404, Refused: 403, StorageFull: 507, LibraryLocked: 503}


def register(system: System) -> None:
    """Add the guard and the handlers of errors to the app."""
    app.add_middleware(SameSite, extra_host=system.settings.host)
    app.add_exception_handler(OurVidzError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(400, _on_unreadable)


class SameSite:
    """Refuses requests under a foreign host name (DNS rebinding) and writes that a foreign site sends (CSRF)."""

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
        await self.app(scope, receive, send)

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
