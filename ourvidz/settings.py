"""What the owner can set: environment variables OURVIDZ_*, then ourvidz.toml in the working folder."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

ASSETS_DIR = Path(__file__).parent.parent / 'assets'
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
    more_model_dirs: tuple[Path, ...] = Field(default=(), description='Model folders of other tools, only read')
    is_nsfw_allowed: bool = Field(default=False, description='Whether people may choose NSFW at all')
    hub_endpoint: str = Field(default='https://huggingface.co', description='The hub or a mirror of it')
    hub_token: str | None = Field(default=None, repr=False, description='For gated models; never logged')
    is_offline: bool = Field(default=False, description='Never contact the hub')
    is_compiled: bool = Field(
        default=False,
        description='Compile models: 10 to 30 % quicker after a minute at each new size; pictures stay the same',
    )
    are_blocks_skipped: bool = Field(
        default=True,
        description='At quality fast, skip blocks of transformers that change little: half the time, detail may differ',
    )
    are_few_steps_used: bool = Field(
        default=True,
        description='At quality fast, use a few-step addition that is installed: several times quicker, less varied',
    )
    idle_unload_minutes: float = Field(default=30, gt=0, description='Free the device after so long without work')

    @field_validator('data_dir', 'models_dir', 'more_model_dirs')
    @classmethod
    def _from_home(cls, value: Any) -> Any:
        """No shell has replaced a ~ in a file or a list."""
        if isinstance(value, tuple):
            return tuple(path.expanduser() for path in value)
        return value.expanduser() if isinstance(value, Path) else value

    @property
    def library_dir(self) -> Path:
        return self.data_dir / 'library'

    @property
    def staging_dir(self) -> Path:
        return self.data_dir / 'staging'

    @property
    def references_dir(self) -> Path:
        return self.data_dir / 'references'

    @property
    def database_path(self) -> Path:
        return self.data_dir / 'ourvidz.sqlite'

    @property
    def engine_memory_path(self) -> Path:
        return self.data_dir / 'engine-memory.json'

    @property
    def favicon_path(self) -> Path:
        return ASSETS_DIR / 'ui' / 'icon.svg'

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
