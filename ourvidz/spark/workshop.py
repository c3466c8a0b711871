"""Where training keeps its files, and how a checkpoint survives a kill."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Workshop:
    """The ignored folder that all steps of one training read and write."""

    path: Path = ROOT / '.spark'

    def __post_init__(self) -> None:
        self.pool.mkdir(parents=True, exist_ok=True)

    @property
    def pool(self) -> Path:
        """The shards of rendered scenes."""
        return self.path / 'pool'

    @property
    def text(self) -> Path:
        """Both tokenizers and text encoders, in diffusers' folders."""
        return self.path / 'text'

    @property
    def mishearings(self) -> Path:
        """How the trained text encoder's codes differ from the true ones."""
        return self.path / 'mishearings.safetensors'

    @property
    def projection(self) -> Path:
        """The linear map between pixels and latents."""
        return self.path / 'projection.safetensors'

    def checkpoint(self, step: str) -> Path:
        """The resumable state of a training step."""
        return self.path / f'{step}.pt'


def save(state: dict[str, Any], path: Path) -> None:
    """Writes a checkpoint whole or not at all."""
    part = path.with_suffix('.part')
    torch.save(state, part)
    part.replace(path)


def load(path: Path) -> dict[str, Any] | None:
    """Reads a checkpoint; None if there is none yet."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location='cpu', weights_only=True)
    return state
