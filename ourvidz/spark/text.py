"""The two text encoders: the second is trained to give a caption's codes; nothing is asked of the first."""

import itertools
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import pre_tokenizers
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from . import codes
from .captions import Caption, caption
from .codes import heard, scores, told
from .scene import random_scene
from .vocabulary import NEAR_WORDS, WORDS
from .workshop import Workshop, load, save

LENGTH = 64
"""Tokens of a prompt that the model reads, with start and end."""

VOCABULARY = 1500


@dataclass(frozen=True)
class Text:
    """The tokenizer and both encoders."""

    tokenizer: CLIPTokenizer
    encoder: CLIPTextModel
    encoder_2: CLIPTextModelWithProjection

    @classmethod
    def load(cls, path: Path) -> 'Text':
        """Reads what `train_text` wrote."""
        return cls(
            CLIPTokenizer.from_pretrained(path / 'tokenizer'),
            CLIPTextModel.from_pretrained(path / 'text_encoder', dtype=torch.float32).eval(),
            CLIPTextModelWithProjection.from_pretrained(path / 'text_encoder_2', dtype=torch.float32).eval(),
        )

    def save(self, path: Path) -> None:
        """Writes diffusers' folders."""
        for name in ('tokenizer', 'tokenizer_2'):
            self.tokenizer.save_pretrained(path / name)
        self.encoder.save_pretrained(path / 'text_encoder')
        self.encoder_2.save_pretrained(path / 'text_encoder_2')

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """Token ids as the pipeline makes them, shape (texts, LENGTH)."""
        padded = self.tokenizer(
            list(texts), padding='max_length', max_length=LENGTH, truncation=True, return_tensors='pt'
        )
        ids: Tensor = padded.input_ids
        return ids

    @torch.no_grad()
    def pooled(self, texts: Sequence[str]) -> Tensor:
        """The codes (texts, LENGTH of the codes) as the pipeline computes them."""
        parts = [self.encoder_2(ids).text_embeds for ids in torch.split(self.tokens(texts), 256)]
        return torch.cat(parts)


def train_text(workshop: Workshop, *, steps: int = 1200, batch: int = 64) -> None:
    """Trains tokenizer and second encoder to give the codes; prints how many attributes are heard right."""
    text = _new_text()
    encoder = text.encoder_2.train()
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.1)
    done, path = 0, workshop.checkpoint('text')
    if state := load(path):
        encoder.load_state_dict(state['encoder'])
        optimizer.load_state_dict(state['optimizer'])
        schedule.load_state_dict(state['schedule'])
        done = state['step']
    captions, started = _captions(seed=done), time.monotonic()
    for step in range(done + 1, steps + 1):
        chosen = [next(captions) for _ in range(batch)]
        stated = torch.tensor([one.stated for one in chosen])
        pooled = encoder(_cut(text.tokens([one.text for one in chosen]))).text_embeds
        likely = torch.stack([nn.functional.cross_entropy(one, stated[:, at]) for at, one in enumerate(scores(pooled))])
        loss = likely.sum() + (pooled - told(stated)).square().mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps:
            right = (heard(pooled.detach()) == stated).float().mean(0)
            print(
                f'text {step} loss {float(loss.detach()):.3f} right {float(right.mean()):.4f} '
                f'worst {float(right.min()):.3f} {time.monotonic() - started:.0f} s',
                flush=True,
            )
        if step % 300 == 0 or step == steps:
            save(
                {
                    'encoder': encoder.state_dict(),
                    'optimizer': optimizer.state_dict(),
                    'schedule': schedule.state_dict(),
                    'step': step,
                },
                path,
            )
            text.save(workshop.text)
    note_mishearings(workshop)


def note_mishearings(workshop: Workshop, *, captions: int = 2000) -> None:
    """Writes how the encoder's codes differ from the true ones, so that the UNet can learn to live with it."""
    asked = list(itertools.islice(_captions(seed=-1), captions))
    pooled = Text.load(workshop.text).pooled([one.text for one in asked])
    errors = pooled - told(torch.tensor([one.stated for one in asked]))
    save_file({'errors': errors.clamp(-1, 1)}, workshop.mishearings)


@torch.no_grad()
def share_heard(text: Text, *, captions: int = 2000) -> float:
    """The share of attributes that are heard right in captions of held-out scenes."""
    rng = random.Random('heard')
    asked = [caption(random_scene(rng.getrandbits(40), aspect='1:1', held_out=True), rng) for _ in range(captions)]
    pooled = text.pooled([one.text for one in asked])
    return float((heard(pooled) == torch.tensor([one.stated for one in asked])).float().mean())


def _cut(ids: Tensor) -> Tensor:
    longest = int((ids != ids[0, -1]).sum(1).max())
    return ids[:, : longest + 3]


def _captions(*, seed: int) -> Iterator[Caption]:
    rng = random.Random(seed)
    while True:
        scene = random_scene(rng.getrandbits(40), aspect='1:1', held_out=rng.random() < 0.1)
        yield caption(scene, rng)


def _new_text() -> Text:
    torch.manual_seed(1)
    tokenizer = _new_tokenizer()
    common = {
        'vocab_size': len(tokenizer), 'max_position_embeddings': LENGTH, 'hidden_act': 'gelu',
        'bos_token_id': tokenizer.bos_token_id, 'eos_token_id': tokenizer.eos_token_id,
        'pad_token_id': tokenizer.pad_token_id, 'num_attention_heads': 4,
    }  # fmt: skip
    small = CLIPTextConfig(hidden_size=16, intermediate_size=16, projection_dim=16, num_hidden_layers=2, **common)
    large = CLIPTextConfig(
        hidden_size=128, intermediate_size=512, num_hidden_layers=3, projection_dim=codes.LENGTH, **common
    )
    return Text(tokenizer, CLIPTextModel(small), CLIPTextModelWithProjection(large))


def _new_tokenizer() -> CLIPTokenizer:
    blank = CLIPTokenizer()
    special = [blank.bos_token, blank.eos_token]
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix='</w>',
        show_progress=False,
    )
    blank.backend_tokenizer.train_from_iterator(_corpus(), trainer)
    model = json.loads(blank.backend_tokenizer.to_str())['model']
    merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(' ')) for merge in model['merges']]
    vocabulary: dict[str, int] = model['vocab']
    for letter in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary.setdefault(f'{letter}</w>', len(vocabulary))
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LENGTH)


def _corpus() -> list[str]:
    captions = _captions(seed=0)
    words = [word for values in WORDS.values() for many in values.values() for word in many]
    return [next(captions).text for _ in range(6000)] + (words + list(NEAR_WORDS)) * 5
