"""Trains the UNet: from nothing to the picture in one step, and from a noisy picture to the right one."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .crew import Crew
from .feed import LAST, Batch, Feed
from .latents import Projection
from .muon import follow
from .unet import new_scheduler, new_unet, time_ids
from .workshop import Workshop, load, save

APART = 8
"""Steps between two meetings of the processes that train together."""

LONGEST = 3.0
"""Seconds that a step may count; what takes longer was paused."""


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn: minutes in all, pauses left out; constant until `falling`, then ever slower.

    `drawn` samples of a batch begin with nothing: most at first, fewer from the share `cleaning` on.
    """

    minutes: float = 75
    steps: int = 10**9
    falling: float = 0.35
    rate: float = 1e-3
    warm_up: int = 50
    batch: int = 12
    drawn: tuple[float, float] = (0.92, 0.35)
    cleaning: float = 0.78
    average: float = 0.998

    def pace(self, step: int, seconds: float) -> float:
        """The share of the full learning rate after so many steps and seconds of training."""
        left = max(0.0, 1 - seconds / 60 / self.minutes) / (1 - self.falling)
        return min(1.0, (step + 1) / self.warm_up, max(left, 0.01))

    def begun(self, seconds: float) -> int:
        """How many samples of a batch begin with nothing."""
        return round(self.batch * self.drawn[seconds / 60 > self.cleaning * self.minutes])


def train_unet(workshop: Workshop, plan: Plan, crew: Crew) -> None:
    """Trains until the plan's minutes or steps are over, in as many runs as it takes."""
    torch.manual_seed(0)
    unet, average = new_unet().train(), new_unet()
    unet.to(memory_format=torch.channels_last)
    average.load_state_dict(unet.state_dict())
    optimizer = torch.optim.AdamW(unet.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    path, step, seconds = workshop.checkpoint('unet'), 0, 0.0
    if state := load(path):
        unet.load_state_dict(state['unet'])
        average.load_state_dict(state['average'])
        optimizer.load_state_dict(state['optimizer'])
        step, seconds = state['step'], state['seconds']
    generator = torch.Generator().manual_seed(step * crew.count + crew.rank)
    feed = Feed(workshop, batch=plan.batch, generator=generator)
    feed.refresh()
    objective = Objective(Projection.load(workshop.projection), generator=generator)
    errors, spent, last, saved = list[Tensor](), 0.0, time.monotonic(), time.monotonic()
    while seconds < plan.minutes * 60 and step < plan.steps:
        for group in optimizer.param_groups:
            group['lr'] = plan.rate * plan.pace(step, seconds)
        batch = feed.next(drawn=plan.begun(seconds))
        error = objective.errors(unet, batch)
        unet.zero_grad()
        torch.autograd.backward(error.mean())
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
        step += 1
        now = time.monotonic()
        spent, last = spent + min(now - last, LONGEST), now
        if step % APART == 0:
            seconds, spent = crew.average(unet, seconds + spent), 0.0
        follow(average, unet, min(plan.average, step / (step + 20)))
        is_drawn = batch.steps == LAST
        errors.append(torch.stack((error[is_drawn].mean(), error[~is_drawn].mean())).detach())
        is_over = seconds >= plan.minutes * 60 or step >= plan.steps
        if crew.leads and (step % 100 == 0 or is_over):
            drawn, cleaned = torch.stack(errors).nanmean(0).tolist()
            print(
                f'unet {step} {seconds / 60:.1f} min drawn {drawn:.4f} cleaned {cleaned:.4f} '
                f'{step * plan.batch * crew.count / max(seconds, spent):.1f} samples/s of {feed.scenes} pictures',
                flush=True,
            )
            errors.clear()
        if last - saved > 60 or is_over:
            saved = last
            feed.refresh()
            state = {'unet': unet, 'average': average, 'optimizer': optimizer}
            if crew.leads:
                save({name: one.state_dict() for name, one in state.items()} | {'step': step, 'seconds': seconds}, path)


class Objective:
    """The weighted error of the predicted picture."""

    def __init__(self, projection: Projection, *, generator: torch.Generator) -> None:
        self._generator = generator
        self._signal = new_scheduler().alphas_cumprod.float()
        channels = projection.divisors.repeat(2)
        self._channels = (channels / channels.mean())[None, :, None, None]
        spread = (projection.deviations / projection.divisors).repeat(2)
        self._scale = float((channels / channels.mean() * spread.square()).mean())

    def errors(self, unet: Any, batch: Batch) -> Tensor:
        """The error of every sample, 1 for always the mean picture."""
        signal = self._signal[batch.steps][:, None, None, None]
        noise = torch.randn(batch.latents.shape, generator=self._generator)
        noisy = signal.sqrt() * batch.sources + (1 - signal).sqrt() * noise
        conditions = {'text_embeds': batch.pooled, 'time_ids': time_ids(noisy)}
        told = unet(noisy.to(memory_format=torch.channels_last), batch.steps, None, added_cond_kwargs=conditions).sample
        error = (told - batch.latents).square() * self._channels * batch.weights
        errors: Tensor = error.mean((1, 2, 3)) / self._scale
        return errors
