"""What lies on disk as a model, looked at before it is loaded: kind, completeness, size and family."""

import json
import struct
from functools import lru_cache
from pathlib import Path

from ourvidz.engine.messages import ModelSource
from ourvidz.errors import BrokenModel

AGAIN = 'Remove it and download it again, or choose another model.'
PICKLES = ('.bin', '.ckpt', '.pt', '.pth', '.pkl')


def weigh(path: Path) -> int:
    """Bytes of weights in a folder or file."""
    return sum(file.stat().st_size for file in _weights(path))


def examine(source: ModelSource) -> None:
    """Raise BrokenModel if the files cannot be a model or could run code."""
    path = source.path
    if not path.exists():
        raise BrokenModel(f'The files of {source.title} are no longer at {path}.', advice=AGAIN)
    if path.is_file() and path.suffix != '.safetensors':
        raise _pickled(source, path)
    if path.is_dir() and not (path / 'model_index.json').is_file() and not (path / 'config.json').is_file():
        raise BrokenModel(f'{source.title} is incomplete: {path} has no model_index.json.', advice=AGAIN)
    weights = _weights(path)
    if not weights:
        pickles = [file for file in path.rglob('*') if file.suffix in PICKLES]
        if pickles:
            raise _pickled(source, pickles[0])
        raise BrokenModel(f'{source.title} is incomplete: {path} has no .safetensors files.', advice=AGAIN)
    for file in weights:
        _examine_file(source, file)


def tensor_names(path: Path) -> frozenset[str]:
    """The names of the tensors in a .safetensors file, read from its header alone."""
    with path.open('rb') as file:
        (length,) = struct.unpack('<Q', file.read(8))
        if length > 100_000_000:
            raise ValueError('its header is too long')
        header = json.loads(file.read(length))
    return frozenset(header) - {'__metadata__'}


def family_of(names: frozenset[str]) -> str:
    """The family of a single file by its tensors: 'sdxl', 'sdxl-refiner', 'sd1', 'flux', 'wan' or 'unknown'."""
    marks = {
        'sdxl': ('conditioner.embedders.1.model.',),
        'sdxl-refiner': ('conditioner.embedders.0.model.',),
        'sd1': ('cond_stage_model.',),
        'flux': ('double_blocks.', 'model.diffusion_model.double_blocks.'),
        'wan': ('blocks.0.cross_attn.', 'model.diffusion_model.blocks.0.cross_attn.'),
    }
    return next((family for family, starts in marks.items() if any(n.startswith(starts) for n in names)), 'unknown')


def variant_of(path: Path) -> str | None:
    """'fp16' when a folder holds half precision files only."""
    files = _weights(path)
    return 'fp16' if files and all('.fp16' in file.name for file in files) else None


def _weights(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix == '.safetensors' else []
    top = [] if (path / 'model_index.json').is_file() else list(path.glob('*.safetensors'))
    return sorted([*top, *path.glob('*/*.safetensors')])


def _examine_file(source: ModelSource, file: Path) -> None:
    """A file that is shorter than its header says was not downloaded to its end."""
    size = file.stat().st_size
    try:
        ends_at = _end(file, file.stat().st_mtime_ns)
    except (ValueError, struct.error, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BrokenModel(f'{source.title} cannot be read: {file.name} is damaged.', advice=AGAIN) from error
    if size < ends_at:
        what = f'{file.name} ends after {size:,} of {ends_at:,} bytes'
        raise BrokenModel(f'{source.title} cannot be read: {what}.', advice=AGAIN)


@lru_cache(maxsize=256)
def _end(file: Path, _changed: int) -> int:
    with file.open('rb') as opened:
        (length,) = struct.unpack('<Q', opened.read(8))
        if length > 100_000_000:
            raise ValueError('its header is too long')
        header = json.loads(opened.read(length))
    ends = [entry['data_offsets'][1] for name, entry in header.items() if name != '__metadata__']
    return int(8 + length + max(ends, default=0))


def _pickled(source: ModelSource, file: Path) -> BrokenModel:
    what = f'{source.title} is kept as a pickle ({file.name}), and a pickle can run any code on this machine.'
    return BrokenModel(what, advice='Use a version of it in .safetensors files.')
