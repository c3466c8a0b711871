"""The clip model's text encoder: a tiny UMT5, trained alone until every attribute can be read, then frozen."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from .captions import Caption
from .clip_captions import WORDS, caption
from .clip_scene import ATTRIBUTES, SIZES, random_clip
from .workshop import Workshop, load, save

LENGTH = 32
"""Tokens of a caption that training looks at."""

WIDTH = 128
VOCABULARY = 800
SPECIAL = ['<pad>', '</s>', '<unk>']


@dataclass(frozen=True)
class ClipText:
    """The tokenizer and the encoder."""

    tokenizer: PreTrainedTokenizerFast
    encoder: UMT5EncoderModel

    @classmethod
    def load(cls, workshop: Workshop) -> 'ClipText':
        """Reads what `train_text` wrote."""
        path = _path(workshop)
        tokenizer = PreTrainedTokenizerFast.from_pretrained(path / 'tokenizer')
        return cls(tokenizer, UMT5EncoderModel.from_pretrained(path / 'text_encoder').eval())

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """Token ids, shape (texts, LENGTH), 0 after the end."""
        told = self.tokenizer(
            list(texts), padding='max_length', max_length=LENGTH, truncation=True, return_tensors='pt'
        )
        ids: Tensor = told.input_ids
        return ids

    def encode(self, ids: Tensor) -> Tensor:
        """Embeddings (texts, LENGTH, WIDTH), zero after the end, as the pipeline computes them."""
        mask = (ids != 0).long()
        told: Tensor = self.encoder(ids, mask).last_hidden_state
        return told * mask[..., None]


def _path(workshop: Workshop) -> Path:
    return workshop.path / 'clip_text'


def train_text(workshop: Workshop, *, steps: int = 450, batch: int = 64) -> None:
    """Trains tokenizer and encoder; prints how many attributes are read right."""
    text = _new_text()
    heads = nn.ModuleList(nn.Linear(WIDTH, len(values) + 1) for values in ATTRIBUTES.values())
    modules = nn.ModuleList((text.encoder, heads)).train()
    optimizer = torch.optim.AdamW(modules.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.1)
    done, path = 0, workshop.checkpoint('clip_text')
    if state := load(path):
        modules.load_state_dict(state['modules'])
        optimizer.load_state_dict(state['optimizer'])
        schedule.load_state_dict(state['schedule'])
        done = state['step']
    captions, started = _captions(seed=done), time.monotonic()
    for step in range(done + 1, steps + 1):
        chosen = [next(captions) for _ in range(batch)]
        stated = torch.tensor([one.stated for one in chosen])
        ids = text.tokens([one.text for one in chosen])
        ids = ids[:, : int((ids != 0).sum(1).max())]
        read = text.encode(ids).sum(1) / (ids != 0).sum(1, keepdim=True)
        scores = [head(read) for head in heads]
        losses = [nn.functional.cross_entropy(score, stated[:, index]) for index, score in enumerate(scores)]
        optimizer.zero_grad()
        torch.autograd.backward(torch.stack(losses).sum())
        nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            shares = [float((score.argmax(1) == stated[:, index]).float().mean()) for index, score in enumerate(scores)]
            print(
                f'text {step} right {sum(shares) / len(shares):.4f} worst {min(shares):.3f} '
                f'{time.monotonic() - started:.0f} s',
                flush=True,
            )
        if step % 150 == 0 or step == steps:
            state = {'modules': modules.state_dict(), 'optimizer': optimizer.state_dict()}
            save({**state, 'schedule': schedule.state_dict(), 'step': step}, path)
    text.tokenizer.save_pretrained(_path(workshop) / 'tokenizer')
    text.encoder.save_pretrained(_path(workshop) / 'text_encoder')


def _captions(*, seed: int) -> Iterator[Caption]:
    rng = random.Random(seed)
    while True:
        scene = random_clip(rng.getrandbits(40), aspect=rng.choice(list(SIZES)), held_out=rng.random() < 0.1)
        told = caption(scene, rng)
        yield told if rng.random() < 0.97 else Caption('', tuple(len(values) for values in ATTRIBUTES.values()))


def _new_text() -> ClipText:
    torch.manual_seed(1)
    tokenizer = _new_tokenizer()
    config = UMT5Config(
        vocab_size=len(tokenizer), d_model=WIDTH, d_kv=32, d_ff=256, num_layers=2, num_heads=4, pad_token_id=0,
        dropout_rate=0.0,
    )  # fmt: skip
    return ClipText(tokenizer, UMT5EncoderModel(config))


def _new_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE(unk_token='<unk>'))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
    captions = _captions(seed=0)
    words = [word for values in WORDS.values() for many in values.values() for word in many]
    tokenizer.train_from_iterator([next(captions).text for _ in range(4000)] + words * 5, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single='$A </s>', special_tokens=[('</s>', 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token='<pad>', eos_token='</s>', unk_token='<unk>', model_max_length=512
    )
