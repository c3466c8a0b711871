"""A small model hub on this machine: it lists, redirects to its store, skips, breaks off, lies and asks for tokens."""

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlparse

REPOSITORY = 'me/tiny'
COMMIT = 'c0ffee'
BLOCK = 64 * 1024


@dataclass
class HubStandIn:
    """What the hub has and does; `served` keeps (path, first byte, bytes sent), `tokens` who got the token."""

    files: dict[str, bytes]
    token: str | None = None
    is_damaged: bool = False
    knows_ranges: bool = True
    announced: dict[str, int] = field(default_factory=dict)
    breaks_after: list[int] = field(default_factory=list)
    holds_at: int | None = None
    released: threading.Event = field(default_factory=threading.Event)
    served: list[list[Any]] = field(default_factory=list)
    tokens: dict[str, str | None] = field(default_factory=dict)
    extra: list[dict[str, Any]] = field(default_factory=list)
    busy: int = 0

    def __enter__(self) -> 'HubStandIn':
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def endpoint(self) -> str:
        return f'http://127.0.0.1:{self.port}'

    def entries(self) -> list[dict[str, Any]]:
        """The files as the hub's tree lists them: large ones with their sha256, small ones with git's sha1."""
        entries: list[dict[str, Any]] = [{'type': 'directory', 'path': 'unet', 'size': 0, 'oid': '0'}]
        for path, data in self.files.items():
            size = self.announced.get(path, len(data))
            if path.endswith('.safetensors'):
                large = {'oid': hashlib.sha256(data).hexdigest(), 'size': size}
                entries.append({'type': 'file', 'path': path, 'size': size, 'oid': 'x', 'lfs': large})
            else:
                oid = hashlib.sha1(f'blob {len(data)}\0'.encode() + data).hexdigest()
                entries.append({'type': 'file', 'path': path, 'size': size, 'oid': oid})
        return entries + self.extra


class _Handler(BaseHTTPRequestHandler):
    hub: HubStandIn

    def do_GET(self) -> None:
        path = urlparse(self.path).path
        self.hub.tokens[path] = self.headers.get('Authorization')
        if self.hub.busy:
            self.hub.busy -= 1
            self._json({}, status=503)
        elif self.hub.token and not path.startswith('/store') and not self._may_enter():
            self._json({'error': 'gated'}, status=403 if self.headers.get('Authorization') else 401)
        elif path == f'/api/models/{REPOSITORY}/revision/main':
            self._json({'sha': COMMIT})
        elif path == f'/api/models/{REPOSITORY}/tree/{COMMIT}':
            self._tree()
        elif path.startswith(f'/{REPOSITORY}/resolve/{COMMIT}/'):
            self.send_response(302)
            self.send_header('Location', f'http://localhost:{self.hub.port}/store/{path.split("/", 5)[5]}')
            self.send_header('Content-Length', '0')
            self.end_headers()
        elif path.startswith('/store/'):
            self._bytes(path.removeprefix('/store/'))
        else:
            self._json({}, status=404)

    def _may_enter(self) -> bool:
        return self.headers.get('Authorization') == f'Bearer {self.hub.token}'

    def _tree(self) -> None:
        """Two pages, as the hub gives long lists."""
        entries = self.hub.entries()
        if 'cursor' in self.path:
            self._json(entries[2:])
        else:
            link = f'<{self.hub.endpoint}/api/models/{REPOSITORY}/tree/{COMMIT}?cursor=2>; rel="next"'
            self._json(entries[:2], link=link)

    def _json(self, content: object, *, status: int = 200, link: str | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        if link:
            self.send_header('Link', link)
        self.end_headers()
        self.wfile.write(body)

    def _bytes(self, path: str) -> None:
        data = self.hub.files[path]
        if self.hub.is_damaged:
            data = bytes([data[0] ^ 1]) + data[1:]
        wanted = self.headers.get('Range')
        start = int(wanted.removeprefix('bytes=').rstrip('-')) if wanted and self.hub.knows_ranges else 0
        self.send_response(206 if start else 200)
        self.send_header('Content-Length', str(len(data) - start))
        self.end_headers()
        record: list[Any] = [path, start, 0]
        self.hub.served.append(record)
        is_large = path.endswith('.safetensors')
        end = start + self.hub.breaks_after.pop(0) if is_large and self.hub.breaks_after else len(data)
        for place in range(start, min(end, len(data)), BLOCK):
            if is_large and self.hub.holds_at is not None and place >= self.hub.holds_at:
                self.hub.released.wait(120)
            try:
                self.wfile.write(data[place : min(place + BLOCK, end)])
            except OSError:
                return
            record[2] += min(BLOCK, end - place)
        if end < len(data):
            self.close_connection = True
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""
