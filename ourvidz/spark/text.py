"""The two text encoders: trained alone to let every attribute be read off a caption, then frozen."""

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import pre_tokenizers
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from .captions import Caption, caption
from .scene import ATTRIBUTES, random_scene
from .vocabulary import NEAR_WORDS, WORDS
from .workshop import Workshop, load, save

LENGTH = 48
"""Tokens of a prompt that the model reads, with start and end."""

VOCABULARY = 1400
PROJECTION = 128


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
            CLIPTextModel.from_pretrained(path / 'text_encoder').eval(),
            CLIPTextModelWithProjection.from_pretrained(path / 'text_encoder_2').eval(),
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

    def encode(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings (texts, LENGTH, 192) and pooled embeddings (texts, 128) as the pipeline computes them."""
        first = self.encoder(ids, output_hidden_states=True).hidden_states[-2]
        second = self.encoder_2(ids, output_hidden_states=True)
        return torch.cat((first, second.hidden_states[-2]), dim=-1), second.text_embeds


class Readout(nn.Module):
    """Reads every attribute off a sequence of embeddings: one learned query and one linear layer an attribute."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(len(ATTRIBUTES), width) * width**-0.5)
        self.heads = nn.ModuleList(nn.Linear(width, len(values) + 1) for values in ATTRIBUTES.values())

    def forward(self, sequence: Tensor) -> list[Tensor]:
        """Scores an attribute, shape (texts, values + 1), of a sequence of shape (texts, tokens, width)."""
        weights = (sequence @ self.queries.T).softmax(dim=1)
        read = weights.transpose(1, 2) @ sequence
        return [head(read[:, index]) for index, head in enumerate(self.heads)]


def train_text(workshop: Workshop, *, steps: int = 1400, batch: int = 64) -> None:
    """Trains tokenizer, encoders and readouts; prints how many attributes are read right."""
    text = _new_text()
    readouts = nn.ModuleList((Readout(64), Readout(128), Readout(PROJECTION)))
    modules = nn.ModuleList((text.encoder, text.encoder_2, readouts)).train()
    optimizer = torch.optim.AdamW(modules.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.1)
    done, path = 0, workshop.checkpoint('text')
    if state := load(path):
        modules.load_state_dict(state['modules'])
        optimizer.load_state_dict(state['optimizer'])
        schedule.load_state_dict(state['schedule'])
        done = state['step']
    captions, started = _captions(seed=done), time.monotonic()
    for step in range(done + 1, steps + 1):
        chosen = [next(captions) for _ in range(batch)]
        stated = torch.tensor([one.stated for one in chosen])
        scores = _scores(text, readouts, _cut(text.tokens([one.text for one in chosen])))
        losses = [nn.functional.cross_entropy(score, _target(stated, index)) for index, score in scores]
        loss = torch.stack(losses).sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps:
            shares = [float((score.argmax(1) == _target(stated, index)).float().mean()) for index, score in scores]
            print(
                f'text {step} loss {float(loss.detach()):.3f} right {sum(shares) / len(shares):.4f} '
                f'worst {min(shares):.3f} {time.monotonic() - started:.0f} s',
                flush=True,
            )
        if step % 500 == 0 or step == steps:
            save(
                {
                    'modules': modules.state_dict(),
                    'optimizer': optimizer.state_dict(),
                    'schedule': schedule.state_dict(),
                    'step': step,
                },
                path,
            )
    text.save(workshop.text)


def _target(stated: Tensor, index: int) -> Tensor:
    return stated[:, index % len(ATTRIBUTES)]


def _scores(text: Text, readouts: nn.ModuleList, ids: Tensor) -> list[tuple[int, Tensor]]:
    embeddings, pooled = text.encode(ids)
    sequences = (embeddings[..., :64], embeddings[..., 64:], pooled[:, None])
    return list(enumerate(score for read, one in zip(readouts, sequences, strict=True) for score in read(one)))


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
        'pad_token_id': tokenizer.pad_token_id, 'num_hidden_layers': 3, 'num_attention_heads': 4,
    }  # fmt: skip
    small = CLIPTextConfig(hidden_size=64, intermediate_size=256, projection_dim=64, **common)
    large = CLIPTextConfig(hidden_size=128, intermediate_size=512, projection_dim=PROJECTION, **common)
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
