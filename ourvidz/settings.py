"""What the owner can set: environment variables OURVIDZ_*, then ourvidz.toml in the working folder."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = 'OURVIDZ_'
TOML_PATH = Path('ourvidz.toml')


class Settings(BaseSettings):
    """The owner's settings; every field can be set as OURVIDZ_<NAME>. Unknown names are refused."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file=TOML_PATH, extra='forbid', frozen=True)

    data_dir: Path = Field(default=Path('data'), description='Where the library and everything else is kept')
    host: str = Field(default='127.0.0.1', description='The address to listen on; 0.0.0.0 shares on the network')
    port: int = Field(default=8080, ge=1, le=65535)
    show: bool = Field(default=True, description='Open a browser at the start')
    device: Literal['auto', 'cuda', 'mps', 'cpu'] = Field(default='auto', description='What computes the pictures')
    models_dir: Path | None = Field(default=None, description='Where models lie; <data>/models unless set')

    @property
    def models_path(self) -> Path:
        return self.models_dir or self.data_dir / 'models'

    @classmethod
    def read(cls) -> 'Settings':
        """The settings in force; ends the program with a sentence for each one that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            problems = (f'- {" ".join(map(str, each["loc"]))}: {each["msg"]}' for each in error.errors())
            raise SystemExit('OurVidz cannot start, these settings are wrong:\n' + '\n'.join(problems)) from None
        except ValueError as error:
            raise SystemExit(f'OurVidz cannot start, its settings cannot be read: {error}') from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _WholeEnvironment(settings_cls), TomlConfigSettingsSource(settings_cls)


class _WholeEnvironment(EnvSettingsSource):
    """Hands on unknown OURVIDZ_* names too, so that a misspelt one is refused and never silently ignored."""

    def __call__(self) -> dict[str, Any]:
        prefix = PREFIX.lower()
        given = {name.removeprefix(prefix): text for name, text in self.env_vars.items() if name.startswith(prefix)}
        unknown = {name: text for name, text in given.items() if name not in self.settings_cls.model_fields}
        return unknown | super().__call__()
