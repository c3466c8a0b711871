"""The models that are loaded: kept while they fit, the least recently used leaves first."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from ourvidz.engine.messages import ModelSource
from ourvidz.engine.worker.additions import take_loras_off
from ourvidz.engine.worker.checkpoint import examine, weigh
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.loading import load_pipeline
from ourvidz.engine.worker.memory.policy import MemoryPolicy
from ourvidz.engine.worker.memory.record import MemoryRecord
from ourvidz.engine.worker.memory.rung import Placement, Rung
from ourvidz.engine.worker.memory.weights import Weights, read_weights
from ourvidz.engine.worker.placing import LASTING, is_vae_raised, place, set_decoding, weigh_modules
from ourvidz.engine.worker.speed import prepare
from ourvidz.engine.worker.talk import Talk
from ourvidz.engine.worker.texts import TEXTS_KEPT


@dataclass
class LoadedModel:
    """A pipeline with what is remembered about it; `placement` is None while it is on its way."""

    source: ModelSource
    pipeline: Any
    placement: Placement | None = None
    texts: OrderedDict[Any, Any] = field(default_factory=OrderedDict)
    relatives: dict[str, Any] = field(default_factory=dict)
    preview: Any = None
    flow_shift: float | None = None
    vae_dtype: Any = None

    def relative(self, cls: Any) -> Any:
        """Another pipeline over the same weights."""
        if isinstance(self.pipeline, cls):
            return self.pipeline
        if cls.__name__ not in self.relatives:
            wanted, options = cls._get_signature_keys(cls)
            parts = {name: part for name, part in self.pipeline.components.items() if name in wanted}
            settings = {name: self.pipeline.config[name] for name in options if name in self.pipeline.config}
            made = cls(**parts, **settings)
            made.set_progress_bar_config(disable=True)
            self.relatives[cls.__name__] = made
        return self.relatives[cls.__name__]

    def text(self, key: tuple[str, ...], encode: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Encoded texts by what they say; a repeated one is not encoded again."""
        if key not in self.texts:
            self.texts[key] = {name: value for name, value in encode().items() if value is not None}
            while len(self.texts) > TEXTS_KEPT:
                self.texts.popitem(last=False)
        self.texts.move_to_end(key)
        found: dict[str, Any] = self.texts[key]
        return found

    @property
    def is_resident(self) -> bool:
        """Whether its weights stay on the device between runs."""
        return self.placement is Placement.FULL

    @property
    def kept(self) -> int:
        """Bytes that it takes of the device between runs."""
        if self.placement is Placement.GROUP_OFFLOAD and is_vae_raised(self.pipeline):
            return weigh_modules([self.pipeline.vae])
        return self.bytes if self.is_resident else 0

    @property
    def bytes(self) -> int:
        """Of all its weights."""
        return weigh_modules(self.pipeline.components.values())

    def device(self, chosen: torch.device) -> torch.device:
        """Where it computes: on the chosen device, unless it is too large for that."""
        return torch.device('cpu') if self.placement is Placement.CPU else chosen

    def settle(self) -> None:
        """Once it is placed: remember the precision of its VAE, which pipelines raise for the time of decoding."""
        vae = getattr(self.pipeline, 'vae', None)
        self.vae_dtype = None if vae is None else vae.dtype

    def rest(self) -> None:
        """After a run, even one that broke off: parts that came to the device for it leave, the VAE is as it was."""
        if self.vae_dtype is not None and self.pipeline.vae.dtype is not self.vae_dtype:
            self.pipeline.vae.to(self.vae_dtype)
        if self.placement in (Placement.MODEL_OFFLOAD, Placement.FP8_OFFLOAD):
            self.pipeline.maybe_free_model_hooks()


class ModelShelf:
    """Loads models, places them and keeps them; two that fit together are never loaded twice."""

    def __init__(self, device: Device, *, record: MemoryRecord | None = None, is_compiled: bool = False) -> None:
        self.policy = MemoryPolicy(device=device.torch.type, record=record or MemoryRecord())
        self._device = device
        self._is_compiled = is_compiled
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()

    def weigh(self, source: ModelSource) -> Weights:
        """The model's weights by the headers of its files. Raises BrokenModel."""
        examine(source)
        size = self._device.dtype(source.family).itemsize
        return read_weights(source.path, key=_key(source), pipeline=source.pipeline, value_bytes=size)

    def get(self, source: ModelSource, talk: Talk, rung: Rung) -> LoadedModel:
        """The model on its rung, loaded now if it is not yet. Raises BrokenModel or torch.OutOfMemoryError."""
        key = _key(source)
        model = self._models.pop(key, None)
        if model is not None and model.placement is not rung.placement and model.placement in LASTING:
            model = None
            self._device.give_back()
        if model is None:
            self._make_host_room(weigh(source.path))
            model = LoadedModel(source=source, pipeline=load_pipeline(source, device=self._device, talk=talk))
        try:
            self._place(model, rung)
        finally:
            self._models[key] = model
            self._count()
        return model

    def clear(self) -> None:
        """Let all models go."""
        self.unload(list(self._models))

    def capacity(self) -> int:
        """Bytes for all models and a run together."""
        return self._device.free() + self._device.held

    def host_room(self) -> int | None:
        """Bytes of main memory for offloaded weights; None where the device itself works in main memory."""
        if self._device.torch.type != 'cuda':
            return None
        return self._device.host_free() + sum(model.bytes for model in self._models.values() if not model.is_resident)

    def others(self, key: str) -> list[tuple[str, int]]:
        """All models but one by their keys with the bytes that they keep, least recently used first."""
        return [(other, model.kept) for other, model in self._models.items() if other != key]

    def unload(self, keys: list[str]) -> None:
        """Let models go."""
        for key in keys:
            del self._models[key]
        self._count()
        self._device.give_back()

    def _place(self, model: LoadedModel, rung: Rung) -> None:
        if model.placement is not rung.placement:
            before, model.placement = model.placement, None
            model.relatives.clear()
            model.texts.clear()
            take_loras_off(model.pipeline)
            place(model.pipeline, rung.placement, self._device.torch, before=before)
            model.placement = rung.placement
            model.settle()
            self._device.give_back()
            prepare(model.pipeline, device=self._device.torch, is_compiled=self._is_compiled and model.is_resident)
        set_decoding(model.pipeline, rung.decoding)

    def _make_host_room(self, needed: int) -> None:
        """Models that wait in main memory leave when a new one needs it to be loaded."""
        while self._models and not self._device.is_cpu and self._device.host_free() < needed:
            self._models.popitem(last=False)
            self._count()
            self._device.give_back()

    def _count(self) -> None:
        self._device.held = sum(model.kept for model in self._models.values())


def _key(source: ModelSource) -> str:
    """A model and when its files last changed, so that a repaired one is loaded anew."""
    path = source.path
    if path.is_dir():
        files = [path, *path.glob('*/*.safetensors'), *path.glob('*.safetensors')]
    else:
        files = [path] if path.exists() else []
    changed = max((file.stat().st_mtime_ns for file in files), default=0)
    return f'{path} {source.pipeline} {changed}'
