"""Trains the transformer: from single frames over short clips to whole ones."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .clip_pool import load_clips
from .clip_text import LENGTH, WIDTH, ClipText
from .clip_transformer import SHIFT, QuickAttention, new_transformer, predict
from .muon import Muon, follow
from .workshop import Workshop, load, save

PADDED = (226, 226, 226, 512)
"""Lengths to which pipelines pad a prompt."""

DROPOUT = 0.1


@dataclass(frozen=True)
class Stage:
    """A part of the training: until which share of it, frames of its clips, and clips a step."""

    until: float
    frames: int
    batch: int


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn, in minutes of work; clips grow longer stage by stage."""

    minutes: float = 120
    stages: tuple[Stage, ...] = (Stage(0.35, 1, 128), Stage(0.7, 5, 32), Stage(1, 17, 10))
    falling: float = 0.25
    rate: float = 2e-3
    matrix_rate: float = 1.5e-3
    warm_up: int = 30
    average: float = 0.98

    def stage(self, seconds: float) -> Stage:
        """The stage after so many seconds of training."""
        share = seconds / 60 / self.minutes
        return next((stage for stage in self.stages if share < stage.until), self.stages[-1])

    def pace(self, step: int, seconds: float) -> float:
        """The share of the full learning rate after so many steps and seconds of training."""
        left = (1 - seconds / 60 / self.minutes) / self.falling
        return min(1.0, (step + 1) / self.warm_up, max(left, 0.02))


def train_transformer(workshop: Workshop, plan: Plan) -> None:
    """Trains and prints the error; stops after the plan's minutes of work in all."""
    generator = torch.Generator()
    transformer, average = new_transformer(), new_transformer().requires_grad_(False)
    reader = QuickAttention()
    transformer.set_attn_processor(reader)
    optimizers = _optimizers(transformer, plan)
    rates = [[group['lr'] for group in optimizer.param_groups] for optimizer in optimizers]
    step, seconds, path = 0, 0.0, workshop.checkpoint('clip_transformer')
    if state := load(path):
        transformer.load_state_dict(state['transformer'])
        average.load_state_dict(state['average'])
        for optimizer, known in zip(optimizers, state['optimizers'], strict=True):
            optimizer.load_state_dict(known)
        step, seconds = state['step'], state['seconds']
    generator.manual_seed(step)
    feed = Feed(workshop, generator=generator)
    losses: list[float] = []
    last = time.process_time()
    while seconds < plan.minutes * 60:
        stage, pace = plan.stage(seconds), plan.pace(step, seconds)
        for optimizer, own in zip(optimizers, rates, strict=True):
            for group, rate in zip(optimizer.param_groups, own, strict=True):
                group['lr'] = rate * pace
        transformer.zero_grad()
        loss = _loss(transformer, reader, feed.batch(stage), generator)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(transformer.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        follow(average, transformer, min(plan.average, step / (step + 20)))
        losses.append(float(loss.detach()))
        now = time.process_time()
        seconds, last = seconds + now - last, now
        if step % 20 == 0:
            print(
                f'clip {step} {seconds / 60:.1f} min {stage.frames} frames loss {sum(losses) / len(losses):.4f} '
                f'pace {pace:.2f}',
                flush=True,
            )
            losses.clear()
        if step % 40 == 0 or seconds >= plan.minutes * 60:
            known = {'transformer': transformer.state_dict(), 'average': average.state_dict()}
            save(
                {**known, 'optimizers': [one.state_dict() for one in optimizers], 'step': step, 'seconds': seconds},
                path,
            )


@dataclass(frozen=True)
class Batch:
    """Clips of one size: latents, weights of the positions, embeddings, and the padding's mask."""

    latents: Tensor
    weights: Tensor
    text: Tensor
    mask: Tensor


class Feed:
    """Draws batches from the pool; every caption was encoded once."""

    def __init__(self, workshop: Workshop, *, generator: torch.Generator) -> None:
        self._generator, text = generator, ClipText.load(workshop)
        self._shards = load_clips(workshop)
        with torch.no_grad():
            for shard in self._shards:
                flat = shard['tokens'].reshape(-1, LENGTH).long()
                parts = [text.encode(ids).half() for ids in torch.split(flat, 100)]
                shard['text'] = torch.cat(parts).reshape(*shard['tokens'].shape, WIDTH)
            self._empty = text.tokens([''])[0], text.encode(text.tokens(['']))[0]

    def batch(self, stage: Stage) -> Batch:
        """Clips of one shard, each from a frame of its own on; whole clips from their beginning."""
        shard = self._shards[self._random(len(self._shards), ())]
        chosen = self._random(len(shard['latents']), (stage.batch,))
        wording = self._random(shard['tokens'].shape[1], (stage.batch,))
        starts = self._random(shard['latents'].shape[2] - stage.frames + 1, (stage.batch,))
        latents = torch.stack([
            shard['latents'][clip, :, start : start + stage.frames] for clip, start in zip(chosen, starts, strict=True)
        ]).float()  # fmt: skip
        weights = torch.stack([
            shard['weights'][clip, start : start + stage.frames] for clip, start in zip(chosen, starts, strict=True)
        ]).float()[:, None]  # fmt: skip
        ids, text = shard['tokens'][chosen, wording].long(), shard['text'][chosen, wording].float()
        is_mute = torch.rand(stage.batch, generator=self._generator) < DROPOUT
        ids[is_mute], text[is_mute] = self._empty
        longest = int((ids != 0).sum(1).max())
        ids, text = ids[:, :longest], text[:, :longest]
        mask = torch.where(ids == 0, -torch.inf, 0.0)
        padded = PADDED[self._random(len(PADDED), ())] - (ids != 0).sum(1, keepdim=True)
        mask = torch.cat((mask, padded.float().log()), 1)[:, None, None]
        return Batch(latents, weights / weights.mean(), nn.functional.pad(text, (0, 0, 0, 1)), mask)

    def _random(self, many: int, shape: tuple[int, ...]) -> Any:
        return torch.randint(many, shape, generator=self._generator)


def _loss(transformer: Any, reader: QuickAttention, batch: Batch, generator: torch.Generator) -> Tensor:
    """The weighted error of predicted velocities; in some batches of clips the first frame is given."""
    count, frames = len(batch.latents), batch.latents.shape[2]
    even = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    sigmas = SHIFT * even / (1 + (SHIFT - 1) * even)
    sigmas[0] = 1.0
    is_given = frames > 1 and float(torch.rand((), generator=generator)) < 0.4
    times = torch.stack((torch.zeros(count) if is_given else sigmas, sigmas), 1)
    sigma = sigmas[:, None, None, None, None].repeat(1, 1, frames, 1, 1)
    if is_given:
        sigma[:, :, 0] = 0
    noise = torch.randn(batch.latents.shape, generator=generator)
    noisy = (1 - sigma) * batch.latents + sigma * noise
    reader.mask = batch.mask
    with torch.autocast('cpu', torch.bfloat16):
        told = predict(transformer, noisy, 1000 * times, batch.text)
    error: Tensor = (told.float() - (noise - batch.latents)).square() * batch.weights
    return error[:, :, 1:].mean() if is_given else error.mean()


def _optimizers(transformer: nn.Module, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices, AdamW for all else."""
    named = dict(transformer.named_parameters())
    inner = [name for name, one in named.items() if one.ndim == 2 and name.startswith('blocks')]
    rest = [one for name, one in named.items() if name not in inner]
    adam = torch.optim.AdamW(rest, lr=plan.rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
    return [Muon([named[name] for name in inner], lr=plan.matrix_rate), adam]
