"""The UNet: learns to draw latents from captions, by v-prediction with zero-terminal signal to noise."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from safetensors.torch import load_file, save_file
from torch import Tensor

from .latents import CHANNELS, Projection
from .muon import follow, optimizers_of
from .pool import load_shard, pool_paths
from .scene import CELL
from .text import LENGTH, PROJECTION, Text
from .workshop import Workshop, load, save

TIME_WIDTH = 32
BOX_WEIGHT = 3.0
DROPOUT = 0.1


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn: minutes in all, the last of them with falling learning rate."""

    minutes: float = 205
    falling: float = 25
    rate: float = 1e-3
    matrix_rate: float = 4e-4
    warm_up: int = 300
    batch: int = 32
    average: float = 0.998

    def pace(self, step: int, seconds: float) -> float:
        """The share of the full learning rate after so many steps and seconds of training."""
        left = max(0.0, self.minutes - seconds / 60) / self.falling
        return min(1.0, (step + 1) / self.warm_up, max(left, 0.01))


def new_unet() -> UNet2DConditionModel:
    """The UNet with fresh weights."""
    return UNet2DConditionModel(
        sample_size=8, in_channels=CHANNELS, out_channels=CHANNELS, block_out_channels=(96, 160), layers_per_block=1,
        down_block_types=('CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'),
        up_block_types=('CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'),
        attention_head_dim=(4, 5), cross_attention_dim=64 + PROJECTION, use_linear_projection=True,
        addition_embed_type='text_time', addition_time_embed_dim=TIME_WIDTH,
        projection_class_embeddings_input_dim=PROJECTION + 6 * TIME_WIDTH,
    )  # fmt: skip


def new_scheduler() -> EulerDiscreteScheduler:
    """The noise schedule of training and of the finished pipeline."""
    return EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule='scaled_linear', prediction_type='v_prediction',
        rescale_betas_zero_snr=True, timestep_spacing='trailing', final_sigmas_type='zero',
    )  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Scenes of one size: latents, embeddings, pooled embeddings, weights of the positions."""

    latents: Tensor
    embeddings: Tensor
    pooled: Tensor
    weights: Tensor


class Feed:
    """Draws batches from the pool; encodes each caption once, ever; takes in new shards as they appear."""

    def __init__(self, workshop: Workshop, *, batch: int, generator: torch.Generator) -> None:
        self._workshop, self._batch, self._generator = workshop, batch, generator
        self._text = Text.load(workshop.text)
        self._shards: dict[Path, dict[str, Tensor]] = {}
        with torch.no_grad():
            embeddings, pooled = self._text.encode(self._text.tokens(['']))
        self._empty = embeddings[0], pooled[0]

    @property
    def scenes(self) -> int:
        """Scenes at hand."""
        return sum(len(shard['latents']) for shard in self._shards.values())

    def refresh(self) -> None:
        """Takes in shards that have appeared since."""
        for path in pool_paths(self._workshop):
            if path not in self._shards:
                shard = load_shard(path)
                self._shards[path] = shard | _encoded(path, shard['tokens'], self._text)

    def batches(self) -> Iterator[Batch]:
        """Batches without end."""
        while True:
            shards = list(self._shards.values())
            shard = shards[int(torch.randint(len(shards), (), generator=self._generator))]
            count = len(shard['latents'])
            chosen = torch.randint(count, (self._batch,), generator=self._generator)
            wording = torch.randint(shard['tokens'].shape[1], (self._batch,), generator=self._generator)
            latents = shard['latents'][chosen].float()
            embeddings, pooled = (shard[name][chosen, wording].float() for name in ('embeddings', 'pooled'))
            is_mute = torch.rand(self._batch, generator=self._generator) < DROPOUT
            embeddings[is_mute], pooled[is_mute] = self._empty
            yield Batch(latents, embeddings, pooled, _weights(shard['boxes'][chosen], latents))


def train_unet(workshop: Workshop, plan: Plan) -> None:
    """Trains until the plan's minutes are over, in as many runs as it takes."""
    torch.manual_seed(0)
    unet, average = new_unet().train(), new_unet()
    unet.set_attn_processor(AttnProcessor())
    unet.to(memory_format=torch.channels_last)
    average.load_state_dict(unet.state_dict())
    optimizers = optimizers_of(unet, rate=plan.rate, matrix_rate=plan.matrix_rate)
    path, step, seconds = workshop.checkpoint('unet'), 0, 0.0
    if state := load(path):
        unet.load_state_dict(state['unet'])
        average.load_state_dict(state['average'])
        for optimizer, one in zip(optimizers, state.get('optimizers', ()), strict=False):
            optimizer.load_state_dict(one)
        step, seconds = state['step'], state['seconds']
    generator = torch.Generator().manual_seed(step)
    feed = Feed(workshop, batch=plan.batch, generator=generator)
    feed.refresh()
    objective = Objective(Projection.load(workshop.projection), generator=generator)
    batches, losses, last = feed.batches(), [], time.monotonic()
    while seconds < plan.minutes * 60:
        pace = plan.pace(step, seconds)
        for optimizer, rate in zip(optimizers, (plan.matrix_rate, plan.rate), strict=True):
            optimizer.param_groups[0]['lr'] = rate * pace
        loss = objective.loss(unet, next(batches))
        unet.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        follow(average, unet, min(plan.average, step / (step + 20)))
        losses.append(float(loss.detach()))
        seconds, last = seconds + time.monotonic() - last, time.monotonic()
        if step % 50 == 0:
            print(
                f'unet {step} {seconds / 60:.1f} min loss {sum(losses) / len(losses):.4f} pace {pace:.2f} '
                f'{step * plan.batch / seconds:.0f} samples/s of {feed.scenes} scenes',
                flush=True,
            )
            losses.clear()
        if step % 100 == 0 or seconds >= plan.minutes * 60:
            feed.refresh()
            save(
                {
                    'unet': unet.state_dict(),
                    'average': average.state_dict(),
                    'optimizers': [optimizer.state_dict() for optimizer in optimizers],
                    'step': step,
                    'seconds': seconds,
                },
                path,
            )


class Objective:
    """The weighted error of predicted velocities, at noise levels drawn mostly from the middle."""

    def __init__(self, projection: Projection, *, generator: torch.Generator) -> None:
        self._generator = generator
        self._signal = new_scheduler().alphas_cumprod.float()
        channels = projection.deviations**0.8
        self._channels = (channels / channels.mean())[None, :, None, None]

    def loss(self, unet: Any, batch: Batch) -> Tensor:
        """The mean error over the batch."""
        count = len(batch.latents)
        steps = self._steps(count)
        signal = self._signal[steps][:, None, None, None]
        noise = torch.randn(batch.latents.shape, generator=self._generator)
        noisy = signal.sqrt() * batch.latents + (1 - signal).sqrt() * noise
        velocity = signal.sqrt() * noise - (1 - signal).sqrt() * batch.latents
        conditions = {'text_embeds': batch.pooled, 'time_ids': time_ids(batch.latents)}
        with torch.autocast('cpu', torch.bfloat16):
            told = unet(
                noisy.to(memory_format=torch.channels_last), steps, batch.embeddings, added_cond_kwargs=conditions
            ).sample
        error: Tensor = (told.float() - velocity).square() * self._channels * batch.weights
        return error.mean()

    def _steps(self, count: int) -> Tensor:
        middle = torch.sigmoid(torch.randn(count, generator=self._generator) * 1.1 + 0.3)
        anywhere = torch.rand(count, generator=self._generator)
        is_anywhere = torch.rand(count, generator=self._generator) < 0.3
        share = torch.where(is_anywhere, anywhere, middle)
        share[: count // 16] = 1.0
        return (share * 1000).long().clamp(0, 999)


def time_ids(latents: Tensor) -> Tensor:
    """Size, crop and target size as `StableDiffusionXLPipeline` tells them, shape (scenes, 6)."""
    height, width = (side * CELL for side in latents.shape[2:])
    return torch.tensor([[height, width, 0, 0, height, width]], dtype=torch.float32).repeat(len(latents), 1)


def _encoded(path: Path, tokens: Tensor, text: Text) -> dict[str, Tensor]:
    cached = path.with_suffix('.embeddings')
    if cached.exists():
        known: dict[str, Tensor] = load_file(cached)
        return known
    flat = tokens.reshape(-1, LENGTH).long()
    with torch.no_grad():
        parts = [text.encode(ids) for ids in torch.split(flat, 100)]
    encoded = {
        'embeddings': torch.cat([part[0] for part in parts]).reshape(*tokens.shape[:2], LENGTH, -1).half(),
        'pooled': torch.cat([part[1] for part in parts]).reshape(*tokens.shape[:2], -1).half(),
    }
    save_file(encoded, cached)
    return encoded


def _weights(boxes: Tensor, latents: Tensor) -> Tensor:
    rows, columns = torch.arange(latents.shape[2]), torch.arange(latents.shape[3])
    left, top, side = boxes.long()[:, :, None].unbind(1)
    in_rows = (rows >= top) & (rows < top + side)
    in_columns = (columns >= left) & (columns < left + side)
    inside = in_rows[:, :, None] & in_columns[:, None, :]
    weights = 1 + (BOX_WEIGHT - 1) * inside[:, None].float()
    return weights / weights.mean()
