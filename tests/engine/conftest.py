"""One engine process with tiny checkpoints for all stories of the engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ourvidz.engine.messages import ModelSource
from ourvidz.engine.process import EngineProcess
from tests.checkpoints import tiny_sdxl
from tests.engine.runs import source


@pytest.fixture(scope='session')
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    """A tiny SDXL checkpoint in a folder."""
    return source(tiny_sdxl(tmp_path_factory.mktemp('models') / 'tiny-sdxl'))


@pytest_asyncio.fixture(scope='session', loop_scope='session')
async def engine() -> AsyncIterator[EngineProcess]:
    """A living engine process; it loads nothing before its first run."""
    engine = EngineProcess(device='cpu')
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / 'staging'
    folder.mkdir()
    return folder
