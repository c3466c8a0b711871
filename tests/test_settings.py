"""The owner sets things by environment and by file; what is wrong is said, nothing is silently ignored."""

import os
from pathlib import Path

import pytest

from ourvidz.settings import PREFIX, TOML_PATH, Settings


@pytest.fixture(autouse=True)
def fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, and none of the settings that whoever runs the tests may have."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_defaults_keep_the_app_on_this_machine() -> None:
    settings = Settings.read()
    assert settings.host == '127.0.0.1'
    assert settings.port == 8080
    assert settings.models_path == Path('data/models')


def test_environment_wins_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    TOML_PATH.write_text('port = 9000\nhost = "0.0.0.0"\n')
    monkeypatch.setenv('OURVIDZ_PORT', '9001')
    settings = Settings.read()
    assert (settings.port, settings.host) == (9001, '0.0.0.0')


def test_models_may_lie_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('OURVIDZ_MODELS_DIR', '/mnt/big disk/models')
    assert Settings.read().models_path == Path('/mnt/big disk/models')


@pytest.mark.parametrize(
    ('name', 'value'),
    [('OURVIDZ_PORT', '0'), ('OURVIDZ_PORT', 'eighty'), ('OURVIDZ_DEVICE', 'tpu'), ('OURVIDZ_PROT', '8081')],
)
def test_a_wrong_or_misspelt_variable_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=name.removeprefix(PREFIX).lower()):
        Settings.read()


@pytest.mark.parametrize(('text', 'named'), [('prot = 8081', 'prot'), ('port = ', 'cannot be read')])
def test_a_wrong_file_is_said(text: str, named: str) -> None:
    TOML_PATH.write_text(text)
    with pytest.raises(SystemExit, match=named):
        Settings.read()


def test_a_home_is_found_where_no_shell_looked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('OURVIDZ_MORE_MODEL_DIRS', '["~/ComfyUI/models"]')
    monkeypatch.setenv('OURVIDZ_MODELS_DIR', '~/models')
    settings = Settings.read()
    assert settings.more_model_dirs == (Path.home() / 'ComfyUI' / 'models',)
    assert settings.models_path == Path.home() / 'models'


def test_settings_cannot_change_while_the_app_runs() -> None:
    with pytest.raises(ValueError, match='frozen'):
        Settings.read().port = 1  # type: ignore[misc]
