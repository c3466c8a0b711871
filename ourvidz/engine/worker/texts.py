"""Encoded prompts are remembered: a repeated one is not read by the text encoder again."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

TEXTS_KEPT = 16


@contextmanager
def texts_remembered(pipeline: Any, texts: OrderedDict[Any, Any], *, key: object = None) -> Iterator[None]:
    """While it lasts, `encode_prompt` answers from `texts` what it was asked before.

    `key` tells apart what else matters; what is asked with tensors goes to the encoder as ever.
    """
    encode = getattr(pipeline, 'encode_prompt', None)
    if encode is None:
        yield
        return

    def remembered(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(value, torch.Tensor) for value in (*args, *kwargs.values())):
            return encode(*args, **kwargs)
        asked = (key, repr(args), repr(sorted(kwargs.items())))
        if asked not in texts:
            texts[asked] = encode(*args, **kwargs)
            while len(texts) > TEXTS_KEPT:
                texts.popitem(last=False)
        texts.move_to_end(asked)
        return texts[asked]

    pipeline.encode_prompt = remembered
    try:
        yield
    finally:
        del pipeline.encode_prompt
