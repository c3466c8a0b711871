"""What a browser is told of a file, and how long an upload may keep the app waiting."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from starlette.types import Message

from ourvidz.api import media
from ourvidz.api.references import _limited
from ourvidz.errors import InvalidInput
from ourvidz.settings import Settings
from ourvidz.system import System
from tests.generation.test_references import picture


@pytest_asyncio.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    system = System(Settings(data_dir=tmp_path, device='cpu'))
    await system.start()
    yield system
    await system.stop()


@pytest.fixture
def nothing_known() -> Iterator[None]:
    """A system that knows no kind of file by its name."""
    mimetypes.guess_type('')  # reads the table
    known = mimetypes.types_map.copy()
    mimetypes.types_map.clear()
    yield
    mimetypes.types_map.update(known)


@pytest.mark.usefixtures('nothing_known')
async def test_the_kind_of_a_file_is_told_on_every_system(system: System) -> None:
    app = FastAPI()
    app.include_router(media.router(system))
    reference = await system.references.add_bytes(picture())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url='http://app') as browser:
        for path, kind in ((reference.id, 'image/webp'), (f'{reference.id}/original', 'image/png')):
            for method in ('GET', 'HEAD'):
                answer = await browser.request(method, f'/media/references/{path}')
                assert (answer.status_code, answer.headers['content-type']) == (200, kind)


async def test_an_upload_that_stalls_is_given_up() -> None:
    sent = asyncio.Queue[Message]()
    sent.put_nowait({'type': 'http.request', 'body': b'the first piece', 'more_body': True})
    upload = _limited(Request({'type': 'http'}, sent.get), patience=0)
    assert await anext(upload) == b'the first piece'
    with pytest.raises(InvalidInput, match='stalled') as refusal:
        await anext(upload)
    assert refusal.value.field == 'file' and refusal.value.advice
