"""What is added to a pipeline for a run: LoRAs, and another scheduler."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import diffusers
import torch

from ourvidz.engine.messages import Lora
from ourvidz.errors import EngineFailure


@contextmanager
def loras_applied(pipeline: Any, loras: tuple[Lora, ...], *, title: str) -> Iterator[None]:
    """Apply LoRAs by their weights. They stay loaded for a next run with the same ones, for reading them takes longer
    than a few steps. Raises EngineFailure if one does not fit the model."""
    wanted = {_name(lora): lora for lora in loras}
    if set(wanted) != _loaded(pipeline):
        take_loras_off(pipeline)
        try:
            for name, lora in wanted.items():
                _load_lora(pipeline, lora, name, title)
        except BaseException:
            take_loras_off(pipeline)
            raise
    if wanted:
        pipeline.set_adapters(list(wanted), [lora.weight for lora in wanted.values()])
    yield


def take_loras_off(pipeline: Any) -> None:
    """Forget all LoRAs."""
    if _loaded(pipeline):
        pipeline.unload_lora_weights()


def _name(lora: Lora) -> str:
    """The same for the same content."""
    stat = lora.path.stat() if lora.path.exists() else None
    return f'lora{crc32(f"{lora.path} {stat and (stat.st_mtime_ns, stat.st_size)}".encode()):08x}'


def _loaded(pipeline: Any) -> set[str]:
    if not hasattr(pipeline, 'get_list_adapters'):
        return set()
    return {adapter for adapters in pipeline.get_list_adapters().values() for adapter in adapters}


def _load_lora(pipeline: Any, lora: Lora, name: str, title: str) -> None:
    if not hasattr(pipeline, 'load_lora_weights'):
        raise EngineFailure(f'{title} takes no LoRAs.', advice='Take the LoRAs off, or choose another model.')
    if lora.path.suffix != '.safetensors':
        why = f'The LoRA {lora.path.name} is a pickle, and a pickle can run any code on this machine.'
        raise EngineFailure(why, advice='Use a version of it in a .safetensors file.')
    try:
        for more in _experts(pipeline, lora):
            pipeline.load_lora_weights(
                str(lora.path.parent), weight_name=lora.path.name, adapter_name=name, local_files_only=True, **more
            )
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        why = f'The LoRA {lora.path.stem} does not fit {title}, or its file is damaged.'
        raise EngineFailure(why, advice='Take it off, or choose the model that it was made for.') from error
    if name not in _loaded(pipeline):
        why = f'The LoRA {lora.path.stem} was made for another kind of model than {title}.'
        raise EngineFailure(why, advice='Take it off, or choose the model that it was made for.')


def _experts(pipeline: Any, lora: Lora) -> list[dict[str, bool]]:
    """Wan 2.2 has an expert for much noise and one for little: a LoRA is for both, or for the one in its name."""
    if getattr(pipeline, 'transformer_2', None) is None:
        return [{}]
    high: dict[str, bool] = {}
    low = {'load_into_transformer_2': True}
    named = re.search(r'(?<![a-z])(high|low)(?![a-z])', lora.path.stem.lower())
    return [high, low] if named is None else [high if named[1] == 'high' else low]


@contextmanager
def scheduler_replaced(pipeline: Any, changes: dict[str, Any] | None) -> Iterator[None]:
    """For one run another scheduler: of the class `name` in diffusers, with these settings and the old one's others."""
    if changes is None:
        yield
        return
    kept = pipeline.scheduler
    settings = dict(changes)
    cls = getattr(diffusers, str(settings.pop('name', type(kept).__name__)))
    pipeline.scheduler = cls.from_config(kept.config, **settings)
    try:
        yield
    finally:
        pipeline.scheduler = kept
