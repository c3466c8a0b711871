"""What a request is checked against before it is queued, beyond its own words."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from ourvidz.errors import Refused
from ourvidz.generation.request import Content, GenerationRequest
from ourvidz.generation.submission import NAMES_A_CHILD, SHOWS_A_CHILD
from ourvidz.library.tables import OWNER_ID, WORKSPACE_ID, Asset, Job
from ourvidz.library.urls import rendition_path
from ourvidz.settings import Settings
from ourvidz.system import System
from tests.library.making import add_asset, add_job
from tests.models.weights import write_diffusers


@pytest_asyncio.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    """An app whose owner allows NSFW; neither engine nor loop is at work."""
    system = System(Settings(data_dir=tmp_path, is_nsfw_allowed=True))
    write_diffusers(system.settings.models_path / 'tiny')
    await system.database.open()
    await system.library.reconcile()
    await system.catalog.rescan()
    yield system
    await system.database.close()


async def submit(system: System, prompt: str, **fields: object) -> Job:
    request = GenerationRequest.model_validate({'prompt': prompt, 'model': 'tiny', 'content': 'nsfw'} | fields)
    return await system.submission.submit(request, user_id=OWNER_ID, workspace_id=WORKSPACE_ID)


async def picture(system: System, prompt: str, **details: Any) -> Asset:
    """A picture in the library; the same bytes would be the same reference."""
    asset = await add_asset(system.library, await add_job(system.library), prompt=prompt, **details)
    Image.new('RGB', (64, 64), (len(prompt) % 256, 0, 0)).save(rendition_path(system.library.files, asset, 'original'))
    return asset


async def test_who_asks_for_nsfw_and_does_not_get_it_is_told_why(system: System) -> None:
    told = await submit(system, 'the girl next door')
    assert (told.request['content'], told.note) == (Content.SFW, NAMES_A_CHILD)
    reference = await system.submission.reference_from(await picture(system, 'a girl'))
    shown = await submit(system, 'a kite', reference_id=reference.id)
    assert (shown.request['content'], shown.note) == (Content.SFW, SHOWS_A_CHILD)
    quiet = await submit(system, 'the woman next door')
    assert (quiet.request['content'], quiet.note) == (Content.NSFW, '')


async def test_what_a_picture_was_made_from_is_not_forgotten_on_the_way(system: System) -> None:
    first = await system.submission.reference_from(await picture(system, 'a little girl'))
    lingerie = await system.submission.reference_from(await picture(system, 'a woman in lingerie'))
    for before, prompt in ((first, 'topless'), (lingerie, 'a little girl')):
        copy = await picture(system, 'portrait', parameters={'request': {'reference_id': before.id}})
        second = await system.submission.reference_from(copy)
        with pytest.raises(Refused, match='minors'):
            await submit(system, prompt, reference_id=second.id)


async def test_what_may_be_sexual_and_shows_a_child_is_shown_to_nobody(system: System) -> None:
    await system.submission.ensure_visible(await picture(system, 'a woman', is_blurred=True))
    reference = await system.submission.reference_from(await picture(system, 'a girl'))
    parameters = {'request': {'reference_id': reference.id}}
    for prompt, more in (('a girl', {}), ('x ' * 2000, parameters)):
        with pytest.raises(Refused, match='child'):
            await system.submission.ensure_visible(await picture(system, prompt, is_blurred=True, parameters=more))
