"""Counts the memory of tensors as they come and go, for a device that is taken for smaller than it is."""

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Allocations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is entered, every new tensor counts; past `limit` bytes it runs out of memory as a GPU does.

    `bytes` live now and `peak` at most, both without what was made before.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.limit = limit
        self.bytes = 0
        self.peak = 0
        self._counted: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        given = {leaf.untyped_storage()._cdata for leaf in tree_leaves((args, kwargs)) if _is_counted(leaf)}
        for tensor in tree_leaves(made):
            if _is_counted(tensor) and tensor.untyped_storage()._cdata not in given:
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._counted or not size:
            return
        if self.bytes + size > self.limit:
            raise torch.OutOfMemoryError(f'{size:,} bytes more than {self.bytes:,} pass the limit of {self.limit:,}')
        self._counted[key] = size
        self.bytes += size
        self.peak = max(self.peak, self.bytes)
        weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.bytes -= self._counted.pop(key, 0)


def _is_counted(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.device.type != 'meta' and leaf.layout is torch.strided
