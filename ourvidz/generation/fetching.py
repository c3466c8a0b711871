"""Fetches a picture from a url that a person gave, without letting the url reach into this machine or its network.

The host is resolved here, each address is checked, and the connection goes to the checked address itself, so that no
second look-up can lead elsewhere. Each redirect is checked the same way.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

import httpx
import psutil

from ourvidz.errors import InvalidInput
from ourvidz.generation.pictures import MAX_BYTES

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_REDIRECTS = 5
TIMEOUT_SECONDS = 12.0
HEADERS = {'User-Agent': 'OurVidz', 'Accept': 'image/*', 'Accept-Encoding': 'identity'}
NAT64 = ipaddress.ip_network('64:ff9b::/96')


def is_public(address: Address) -> bool:
    """Whether an address is of the open internet: not private, loopback, link-local, multicast or one in disguise."""
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in NAT64:
            hidden = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if hidden is not None and not is_public(hidden):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not _is_near(address)


def _is_near(address: Address) -> bool:
    """Whether it is an address of this machine, or one of IPv6 in its network."""
    for found in chain.from_iterable(psutil.net_if_addrs().values()):
        if found.family not in (socket.AF_INET, socket.AF_INET6):
            continue
        own = ipaddress.ip_address(found.address.split('%')[0])
        width = 64 if own.version == 6 else 32
        if address in ipaddress.ip_network((own, width), strict=False):
            return True
    return False


class Fetcher:
    """Fetches pictures. Names are looked up in threads of its own: dead name servers keep nothing else waiting."""

    def __init__(self, *, is_allowed: Callable[[Address], bool] = is_public) -> None:
        self._is_allowed = is_allowed
        self._look_ups = ThreadPoolExecutor(2, 'look-up')

    async def fetch(self, url: str) -> bytes:
        """The bytes behind a url. Raises InvalidInput('url') with the reason for each refusal."""
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as client,
            ):
                return await self._follow(client, _parsed(url))
        except TimeoutError as error:
            raise _refusal(f'The server took longer than {TIMEOUT_SECONDS:.0f} seconds.', 'Try again later.') from error
        except httpx.TimeoutException as error:
            raise _refusal('The server did not answer in time.', 'Try again later.') from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise _refusal('The server cannot be reached or breaks off.', 'Check the address.') from error

    async def _follow(self, client: httpx.AsyncClient, url: httpx.URL) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            request = await self._request(client, url)
            response = await client.send(request, stream=True)
            try:
                location = response.headers.get('location')
                if not response.is_redirect or not location:
                    return await _body(response)
                url = _parsed(str(url.join(location)))
            finally:
                await response.aclose()
        message = f'The address leads on more than {MAX_REDIRECTS} times.'
        raise _refusal(message, 'Use the address of the picture itself.')

    async def _request(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Request:
        """A request to the checked address that names the host to the server and to the certificate's check."""
        address = await self._checked_address(url.host, url.port or (443 if url.scheme == 'https' else 80))
        headers = {**HEADERS, 'Host': url.netloc.decode('ascii')}
        target = url.copy_with(host=str(address), fragment=None)
        return client.build_request(
            'GET', target, headers=headers, extensions={'sni_hostname': url.raw_host.decode('ascii')}
        )

    async def _checked_address(self, host: str, port: int) -> Address:
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._look_ups, look_up)
        except (OSError, UnicodeError) as error:
            raise _refusal(f'There is no server named {host}.', 'Check the address.') from error
        addresses = [ipaddress.ip_address(str(entry[4][0]).split('%')[0]) for entry in found]
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            message = f'{host} is an address of this machine or of a private network, which is not fetched from.'
            raise _refusal(message, 'Save the picture and drop the file instead.')
        return min(addresses, key=lambda address: address.version)


def _parsed(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _refusal('This is no web address.', 'It should look like https://example.com/picture.jpg.') from error
    if url.scheme not in ('http', 'https') or not url.host:
        raise _refusal('Only addresses with http or https are fetched.', 'Save the picture and drop the file instead.')
    if url.userinfo:
        raise _refusal('The address holds a user name or password.', 'Save the picture and drop the file instead.')
    if url.port is not None and not 0 < url.port < 65_536:
        raise _refusal('The address names a port that there cannot be.', 'Ports are 1 to 65535. Check the address.')
    return url


async def _body(response: httpx.Response) -> bytes:
    if not response.is_success:
        raise _refusal(f'The server answered {response.status_code} {response.reason_phrase}.', 'Check the address.')
    if response.headers.get('content-type', '').startswith('text/html'):
        raise _refusal('The address leads to a web page, not to a picture.', 'Copy the address of the picture itself.')
    if response.headers.get('content-encoding', 'identity') != 'identity':
        raise _refusal('The server packs the picture although asked not to.', 'Save it and drop the file instead.')
    if int(response.headers.get('content-length') or 0) > MAX_BYTES:
        raise _too_large()
    data = bytearray()
    async for chunk in response.aiter_raw(65_536):
        data += chunk
        if len(data) > MAX_BYTES:
            raise _too_large()
    return bytes(data)


def _too_large() -> InvalidInput:
    return _refusal(f'The file is larger than {MAX_BYTES // 2**20} MB.', 'Use a smaller picture.')


def _refusal(message: str, advice: str) -> InvalidInput:
    return InvalidInput('url', message, advice=advice)
