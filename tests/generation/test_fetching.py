"""Reference pictures fetched by their address: what is reached, what never, and why."""

import asyncio
import ipaddress
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ourvidz.errors import InvalidInput
from ourvidz.generation.fetching import Fetcher, is_public
from ourvidz.generation.pictures import MAX_BYTES
from ourvidz.generation.references import References
from tests.generation.test_references import picture


class Site(BaseHTTPRequestHandler):
    """A web server with pictures and traps."""

    def do_GET(self) -> None:
        match self.path.split('?')[0].split('/')[1]:
            case 'picture':
                self._answer(200, 'image/png', picture())
            case 'page':
                self._answer(200, 'text/html; charset=utf-8', b'<html></html>')
            case 'lie':
                self._answer(200, 'image/png', b'not a picture at all')
            case 'hop':
                left = int(self.path.split('/')[2])
                self._lead_to(f'/hop/{left - 1}' if left > 1 else '/picture')
            case 'inside':
                self._lead_to('http://169.254.169.254/latest/meta-data')
            case 'port':
                self._lead_to('http://localhost:70000/picture')
            case 'file':
                self._lead_to('file:///etc/passwd')
            case 'announced':
                self._answer(200, 'image/png', b'', length=MAX_BYTES + 1)
            case 'endless':
                self._endless()
            case _:
                self._answer(404, 'text/plain', b'')

    def _answer(self, status: int, kind: str, body: bytes, *, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _lead_to(self, location: str) -> None:
        self.send_response(302)
        self.send_header('Location', location)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header('Content-Type', 'image/png')
        self.end_headers()
        try:
            for _ in range(MAX_BYTES // 2**20 + 8):
                self.wfile.write(bytes(2**20))
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""


@pytest.fixture(scope='module')
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(('127.0.0.1', 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f'http://localhost:{server.server_port}'
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def at_home(tmp_path: Path) -> References:
    """References that may fetch from this machine over IPv4, where the test's server listens."""
    return References(tmp_path / 'references', is_allowed=lambda address: address.is_loopback)


async def test_a_picture_is_fetched_also_over_redirects(at_home: References, site: str) -> None:
    reference = await at_home.add_url(f'  {site}/picture?size=large#top ')
    assert (reference.width, reference.source) == (64, 'url')
    assert (await at_home.add_url(f'{site}/hop/5')).id == reference.id


@pytest.mark.parametrize(
    ('path', 'reason'),
    [
        ('/hop/6', 'more than 5 times'),
        ('/inside', 'private network'),
        ('/port', '1 to 65535'),
        ('/file', 'http or https'),
        ('/missing', '404'),
        ('/page', 'web page'),
        ('/lie', 'not a picture'),
        ('/announced', 'larger than 32 MB'),
        ('/endless', 'larger than 32 MB'),
    ],
)
async def test_each_refusal_names_its_reason(at_home: References, site: str, path: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refusal:
        await at_home.add_url(site + path)
    assert refusal.value.field == 'url' and refusal.value.advice


@pytest.mark.parametrize(
    'url',
    [
        'http://127.0.0.1/a.png',
        'http://localhost/a.png',
        'http://2130706433/a.png',
        'http://0x7f000001/a.png',
        'http://127.1/a.png',
        'http://0.0.0.0/a.png',
        'http://[::1]/a.png',
        'http://[::ffff:127.0.0.1]/a.png',
        'http://[::ffff:10.0.0.1]/a.png',
        'http://[64:ff9b::7f00:1]/a.png',
        'http://[fe80::1]/a.png',
        'http://[fd00::1]/a.png',
        'http://10.0.0.1/a.png',
        'http://192.168.1.1/a.png',
        'http://172.16.0.1/a.png',
        'http://169.254.169.254/latest/meta-data',
        'http://100.64.0.1/a.png',
        'http://224.0.0.1/a.png',
        'ftp://example.com/a.png',
        'file:///etc/passwd',
        'data:image/png;base64,AAAA',
        'javascript:alert(1)',
        'http://user:secret@example.com/a.png',
        'picture.png',
        'http://',
        '',
        'http://[::1/a.png',
        'http://93.184.216.34:0/a.png',
        'http://93.184.216.34:70000/a.png',
        'http://93.184.216.34:99999999999999999999/a.png',
    ],
)
async def test_nothing_inside_is_reached(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await References(tmp_path).add_url(url)
    assert refusal.value.field == 'url' and refusal.value.advice


async def test_names_are_looked_up_while_everything_else_is_busy(site: str) -> None:
    done = threading.Event()
    with ThreadPoolExecutor(1) as everything_else:
        asyncio.get_running_loop().set_default_executor(everything_else)
        everything_else.submit(done.wait)
        try:
            fetcher = Fetcher(is_allowed=lambda address: address.is_loopback)
            assert await fetcher.fetch(f'{site}/picture') == picture()
        finally:
            done.set()


def test_only_the_open_internet_is_public() -> None:
    assert is_public(ipaddress.ip_address('93.184.216.34'))
    assert is_public(ipaddress.ip_address('2606:2800:220:1:248:1893:25c8:1946'))
    assert not is_public(ipaddress.ip_address('2002:7f00:1::'))
