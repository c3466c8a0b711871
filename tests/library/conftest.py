"""An open library in a temporary folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ourvidz.library.library import Library
from tests.library.making import opened


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with opened(tmp_path) as library:
        yield library
