"""A causal language model with its tokenizer, kept on the shelf like a pipeline."""

from pathlib import Path
from typing import Any

import torch


class LanguageModel:
    """Qwen and its kind; `components` lets the shelf weigh it."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.device = torch.device('cpu')

    @classmethod
    def load(cls, path: Path, dtype: torch.dtype) -> 'LanguageModel':
        """From a transformers folder with safetensors, offline and without running its code."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, use_safetensors=True, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        return cls(model.eval(), tokenizer)

    @property
    def components(self) -> dict[str, Any]:
        return {'model': self.model}

    def set_progress_bar_config(self, **_: Any) -> None:
        """Pipelines have one; a language model shows none."""

    def to(self, device: Any, dtype: torch.dtype | None = None) -> 'LanguageModel':
        """Move the weights; what it reads goes to the same device."""
        self.model.to(device, dtype)
        self.device = torch.device(device)
        return self

    def enable_group_offload(self, *, onload_device: torch.device, **_: Any) -> None:
        """Keep the weights in main memory and bring each layer to the device only while it works."""
        from accelerate import cpu_offload

        cpu_offload(self.model, execution_device=onload_device)
        self.device = onload_device
