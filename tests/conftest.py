"""What many stories share: one thread for torch, tiny real models, the real app, and its log when a story fails."""

import json
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.checkpoints import tiny_sdxl
from tests.running import RunningApp

os.environ |= {
    'OMP_NUM_THREADS': '1',
    'MKL_NUM_THREADS': '1',
    'OMP_WAIT_POLICY': 'PASSIVE',
    'HF_HUB_OFFLINE': '1',
    'TOKENIZERS_PARALLELISM': 'false',
}
"""With more threads torch beside any other busy program is many times slower; the engine inherits this too."""

LOG_TAIL = 6_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story in a real browser gets a second try, which is reported: what else the machine does may disturb it."""
    for item in items:
        if item.path.parent.name == 'e2e':
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A story that fails shows what its app said."""
    report = yield
    if report.failed:
        apps = [value for value in getattr(item, 'funcargs', {}).values() if isinstance(value, RunningApp)]
        report.sections += [('log of the app', app.log()[-LOG_TAIL:]) for app in apps]
    return report


@pytest.fixture(scope='session')
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder: 'tiny', an SDXL checkpoint; 'leaving', its copy; 'broken', whose weights do not fit."""
    folder = tmp_path_factory.mktemp('models')
    tiny_sdxl(folder / 'tiny')
    for name in ('leaving', 'broken'):
        shutil.copytree(folder / 'tiny', folder / name)
    config = folder / 'broken' / 'unet' / 'config.json'
    config.write_text(json.dumps(json.loads(config.read_text()) | {'cross_attention_dim': 96}))
    return folder


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path) -> Iterator[RunningApp]:
    """The app on a library of its own, one for a file of stories; the embedded models and a tiny SDXL are installed."""
    with RunningApp(tmp_path_factory.mktemp('data'), OURVIDZ_MODELS_DIR=str(tiny_models)) as running:
        yield running
