"""Renditions that are made anew leave nothing behind, whatever comes between."""

from pathlib import Path

import pytest
from PIL import Image

from ourvidz.errors import NotFound
from ourvidz.generation.renewing import renewed
from tests.library.making import add_asset, add_job, files_in, opened


async def test_a_rendition_that_cannot_be_put_in_its_place_leaves_no_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as library:
        asset = await add_asset(library, await add_job(library))
        original, thumbnail = library.files.path(asset, 'original'), library.files.path(asset, 'thumbnail')
        Image.new('RGB', (64, 32), 'red').save(original)
        thumbnail.unlink()
        before = files_in(library.files.library_dir)
        thumbnail.mkdir()
        with pytest.raises(NotFound, match='cannot be read'):
            await renewed(library.files, asset, 'thumbnail')
        assert files_in(library.files.library_dir) == before
        thumbnail.rmdir()
        assert Image.open(await renewed(library.files, asset, 'thumbnail')).size == (64, 32)
