"""Pages that are open on other machines: sent all that a browser is, they fetch the pictures but draw nothing here.

`python -m tests.bench.viewers URL NUMBER` says "open" once all are, and goes on until it is ended.
"""

import asyncio
import json
import re
import sys
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import socketio

PICTURE = re.compile(r'/media/[\w/]+(?:\?v=\w+)?')


async def view(url: str) -> socketio.AsyncClient:
    """Open the workspace as NiceGUI's script does, and fetch each picture once."""
    api = httpx.AsyncClient(base_url=url, trust_env=False)
    found = re.search(r"'client_id': '([\w-]+)'", (await api.get('/')).text)
    assert found, 'the page names its client'
    query = {'client_id': found[1], 'next_message_id': 0, 'implicit_handshake': 'true'}
    query |= {'document_id': uuid4(), 'tab_id': uuid4()}
    socket, fetched = socketio.AsyncClient(), set[str]()

    async def on_update(changes: dict[str, Any]) -> None:
        pictures = set(PICTURE.findall(json.dumps(changes))) - fetched
        fetched.update(pictures)
        await asyncio.gather(*(api.get(picture) for picture in pictures))

    socket.on('update', on_update)
    await socket.connect(f'{url}?{urlencode(query)}', socketio_path='/_nicegui_ws/socket.io', transports=['websocket'])
    return socket


async def main(url: str, number: int) -> None:
    sockets = [await view(url) for _ in range(number)]
    print('open', flush=True)
    await asyncio.gather(*(socket.wait() for socket in sockets))


if __name__ == '__main__':
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
