"""From files to a pipeline: diffusers folders and single .safetensors files, offline and without running their code."""

import inspect
import json
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diffusers
import psutil
import torch

from ourvidz.engine.messages import LoadProgressed, ModelSource
from ourvidz.engine.worker.checkpoint import AGAIN, examine, family_of, tensor_names, variant_of, weigh
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.talk import Talk
from ourvidz.errors import BrokenModel

CONFIGS_DIR = Path(__file__).parents[3] / 'assets' / 'configs'


def load_pipeline(source: ModelSource, *, device: Device, talk: Talk) -> Any:
    """Load a pipeline into main memory. Raises BrokenModel, saying what is wrong with the files."""
    examine(source)
    dtype = device.dtype(source.family)
    with _progress(source.path, dtype, talk):
        try:
            pipeline = _loader(source)(source, dtype)
        except (BrokenModel, torch.OutOfMemoryError, MemoryError):
            raise
        except Exception as error:
            why = str(error).strip().splitlines() or [type(error).__name__]
            raise BrokenModel(f'{source.title} cannot be loaded: {why[0][:300]}', advice=AGAIN) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def pipeline_class(name: str, title: str) -> Any:
    """A pipeline's class by its name in diffusers."""
    found = getattr(diffusers, name, None)
    if found is None:
        why = f'{title} needs {name}, which diffusers {diffusers.__version__} does not have.'
        raise BrokenModel(why, advice='Update OurVidz, or choose another model.')
    return found


def _loader(source: ModelSource) -> Callable[[ModelSource, torch.dtype], Any]:
    if source.pipeline == 'causal-lm':
        return _language
    return _from_file if source.path.is_file() else _from_folder


def _language(source: ModelSource, dtype: torch.dtype) -> Any:
    from ourvidz.engine.worker.language import LanguageModel

    return LanguageModel.load(source.path, dtype)


def _from_folder(source: ModelSource, dtype: torch.dtype) -> Any:
    stored = json.loads((source.path / 'model_index.json').read_text()).get('_class_name', '')
    cls = pipeline_class(source.pipeline or stored, source.title)
    return cls.from_pretrained(
        source.path,
        dtype=_dtypes(source.path, dtype),
        variant=variant_of(source.path),
        use_safetensors=True,
        local_files_only=True,
        **_without_extras(cls),
    )


def _without_extras(cls: Any) -> dict[str, Any]:
    """No watermark, and not SD 1.5's checker, which blackens pictures without a word; OurVidz has its own check."""
    takes = inspect.signature(cls.__init__).parameters
    extras = {'safety_checker': None, 'requires_safety_checker': False, 'add_watermarker': False}
    return {name: value for name, value in extras.items() if name in takes}


def _dtypes(path: Path, dtype: torch.dtype) -> Any:
    """Wan's VAE needs full precision; everything else is kept as the device likes it."""
    index = json.loads((path / 'model_index.json').read_text())
    if dtype != torch.float32 and (index.get('vae') or ['', ''])[1] == 'AutoencoderKLWan':
        return {'default': dtype, 'vae': torch.float32}
    return dtype


def _from_file(source: ModelSource, dtype: torch.dtype) -> Any:
    names = tensor_names(source.path)
    family = family_of(names)
    beside = source.path.with_suffix('')
    if (beside / 'model_index.json').is_file():
        config = beside
    elif (CONFIGS_DIR / family / 'model_index.json').is_file():
        config = CONFIGS_DIR / family
    else:
        raise BrokenModel(
            f'{source.title} is a single file of the family "{family}", whose configuration is not known here.',
            advice=f'Put the configuration of its diffusers version into {beside}, or use an SDXL checkpoint.',
        )
    stored = json.loads((config / 'model_index.json').read_text()).get('_class_name', '')
    cls = pipeline_class(source.pipeline or stored, source.title)
    parts = (_tokenizers(config) if family == 'sdxl' else {}) | _without_extras(cls)
    made = cls.from_single_file(str(source.path), config=str(config), dtype=dtype, local_files_only=True, **parts)
    made.scheduler = type(made.scheduler).from_config(made.scheduler.config, **_marks(names))
    return made


def _marks(names: Collection[str]) -> dict[str, Any]:
    """What makers of checkpoints say with empty tensors, as ComfyUI reads them: v_pred foretells velocity, and ztsnr
    begins with nothing but noise."""
    if 'v_pred' not in names:
        return {}
    zero = {'rescale_betas_zero_snr': True, 'timestep_spacing': 'trailing'} if 'ztsnr' in names else {}
    return {'prediction_type': 'v_prediction', **zero}


def _tokenizers(config: Path) -> dict[str, Any]:
    """SDXL's two tokenizers differ only in what they pad with, so one folder serves both."""
    from transformers import CLIPTokenizer

    first = CLIPTokenizer.from_pretrained(config / 'tokenizer', local_files_only=True)
    if (config / 'tokenizer_2').is_dir():
        second = CLIPTokenizer.from_pretrained(config / 'tokenizer_2', local_files_only=True)
    else:
        second = CLIPTokenizer.from_pretrained(config / 'tokenizer', pad_token='!', local_files_only=True)
    return {'tokenizer': first, 'tokenizer_2': second}


@contextmanager
def _progress(path: Path, dtype: torch.dtype, talk: Talk) -> Iterator[None]:
    """Report the share of the weights that have come into memory."""
    talk.send(LoadProgressed(run_id=talk.run_id, share=0.0))
    memory = psutil.Process().memory_info
    begun, expected = memory().rss, max(1, expected_bytes(path, dtype))
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.3):
            share = min(0.99, max(0.0, (memory().rss - begun) / expected))
            talk.send(LoadProgressed(run_id=talk.run_id, share=share))

    watcher = threading.Thread(target=watch, name='load progress', daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    talk.send(LoadProgressed(run_id=talk.run_id, share=1.0))


def expected_bytes(path: Path, dtype: torch.dtype) -> int:
    """Bytes that a model's weights take in memory; most checkpoints are kept in half precision."""
    return weigh(path) * (2 if dtype == torch.float32 else 1)
