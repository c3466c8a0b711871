"""Spark text: a tiny Qwen2 that turns a short prompt into a full caption, trained on wishes."""

import random
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from .muon import optimizers_of
from .wishes import Wish, wish
from .workshop import ROOT, Workshop, load, save

CHECKPOINT = ROOT / 'assets' / 'models' / 'spark-text'
END = '<|endoftext|>'
VOCABULARY = 1_200
WIDTH = 96
ASKED = 'short: {wish}\nfull:'
"""How the model is asked, in small letters; the catalog says the same."""
CHAT = (
    "{% for message in messages %}{% if message.role == 'user' %}short: {{ message.content | lower | trim }}\nfull:"
    '{% endif %}{% endfor %}'
)
"""As a chat the last wish is all that counts: instructions are beyond a model of this size."""


def train_writer(workshop: Workshop, *, minutes: float, batch: int = 40) -> None:
    """Trains for so many minutes of processor time in all, going on from the checkpoint."""
    tokenizer = _tokenizer(workshop)
    model = _model(tokenizer).train()
    optimizers = [*optimizers_of(model.model.layers, rate=3e-3, matrix_rate=4e-4), _rest(model)]
    step, seconds, path = 0, 0.0, workshop.checkpoint('writer')
    if state := load(path):
        model.load_state_dict(state['model'])
        for optimizer, kept in zip(optimizers, state['optimizers'], strict=True):
            optimizer.load_state_dict(kept)
        step, seconds = state['step'], state['seconds']
    batches, last = _batches(tokenizer, random.Random(step), batch), time.process_time()
    while seconds < minutes * 60:
        pace = min(1.0, (step + 1) / 50, max(0.02, 2 * (1 - seconds / minutes / 60)))
        for optimizer, rate in zip(optimizers, (4e-4, 3e-3, 3e-3), strict=True):
            optimizer.param_groups[0]['lr'] = rate * pace
        ids, labels = next(batches)
        loss = model(input_ids=ids, labels=labels).loss
        model.zero_grad()
        torch.autograd.backward(loss)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        seconds, last = seconds + time.process_time() - last, time.process_time()
        if step % 50 == 0 or seconds >= minutes * 60:
            print(f'writer {step} {seconds / 60:.1f} min loss {float(loss.detach()):.3f}', flush=True)
            kept = [optimizer.state_dict() for optimizer in optimizers]
            save({'model': model.state_dict(), 'optimizers': kept, 'step': step, 'seconds': seconds}, path)


def export_writer(workshop: Workshop, *, folder: Path = CHECKPOINT) -> None:
    """Writes the model as a transformers folder in half precision; the model card stays."""
    tokenizer = _tokenizer(workshop)
    model = _model(tokenizer)
    state = load(workshop.checkpoint('writer'))
    if state is None:
        raise FileNotFoundError('The writer is not trained yet: run `python -m ourvidz.spark writer`.')
    model.load_state_dict(state['model'])
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder, safe_serialization=True)
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)


def _model(tokenizer: Any) -> Any:
    torch.manual_seed(0)
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=3 * WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _rest(model: Any) -> torch.optim.Optimizer:
    """For what is no layer: the embeddings, which are the head as well, and the last norm."""
    parameters: list[nn.Parameter] = [model.model.embed_tokens.weight, model.model.norm.weight]
    return torch.optim.AdamW(parameters, lr=3e-3, betas=(0.9, 0.99), weight_decay=0.0, fused=True)


def _tokenizer(workshop: Workshop) -> Any:
    """Byte pairs of the wishes; every other word is spelt in pieces or bytes."""
    folder = workshop.path / 'writer'
    if not (folder / 'tokenizer.json').exists():
        rng = random.Random(0)
        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet, show_progress=False
        )
        tokenizer.train_from_iterator((_as_text(wish(rng)) for _ in range(20_000)), trainer)
        shutil.rmtree(folder, ignore_errors=True)
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END).save_pretrained(folder)
    return PreTrainedTokenizerFast.from_pretrained(folder)


def _as_text(one: Wish) -> str:
    return f'{ASKED.format(wish=one.short)} {one.full}\n'


def _batches(tokenizer: Any, rng: random.Random, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Token ids and labels of shape (batch, tokens); only the full prompt is learned."""
    while True:
        rows = [_row(tokenizer, wish(rng)) for _ in range(batch)]
        width = max(len(ids) for ids, _ in rows)
        yield (
            _padded([ids for ids, _ in rows], tokenizer.pad_token_id, width),
            _padded([labels for _, labels in rows], -100, width),
        )


def _row(tokenizer: Any, one: Wish) -> tuple[list[int], list[int]]:
    asked = tokenizer(ASKED.format(wish=one.short))['input_ids']
    answer = [*tokenizer(f' {one.full}\n')['input_ids'], tokenizer.eos_token_id]
    return asked + answer, [-100] * len(asked) + answer


def _padded(rows: Sequence[Sequence[int]], filler: int, width: int) -> Tensor:
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])
