"""Makes pictures: loads the model, runs it in batches that fit, shows previews, saves beside the next batch."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PIL import Image

from ourvidz.engine.messages import ImageRun, Output, StepProgressed
from ourvidz.engine.worker.additions import loras_applied, scheduler_replaced
from ourvidz.engine.worker.call import Call, plan_call
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.ladder import Ladder
from ourvidz.engine.worker.memory.estimate import Work
from ourvidz.engine.worker.previews import LivePreviews
from ourvidz.engine.worker.renditions import Renditions
from ourvidz.engine.worker.shelf import LoadedModel, ModelShelf
from ourvidz.engine.worker.speed import blocks_cached
from ourvidz.engine.worker.style import style_applied
from ourvidz.engine.worker.talk import Talk
from ourvidz.engine.worker.texts import texts_remembered

GENERATING_SHARE = 0.95


def make_images(run: ImageRun, *, shelf: ModelShelf, device: Device, renditions: Renditions, talk: Talk) -> None:
    """Make and save all pictures of a run. Raises Cancelled, OutOfMemory, BrokenModel, EngineFailure or OSError."""
    work = Work(run.width, run.height, has_loras=bool(run.loras))
    ladder = Ladder(source=run.model, shelf=shelf, device=device, talk=talk, work=work)
    waiting = list(run.outputs)
    progress = _Progress(talk, outputs=len(waiting))
    with ThreadPoolExecutor(2) as saver:
        saving: list[Future[None]] = []
        while waiting:
            with ladder.attempt(len(waiting)) as (model, batch):
                for outputs, pictures in _batches(run, model, waiting, batch, device, talk, progress):
                    for output, picture in zip(outputs, pictures, strict=True):
                        saving.append(saver.submit(_save, picture, run, output, renditions, talk))
        for saved in saving:
            saved.result()


def _batches(
    run: ImageRun,
    model: LoadedModel,
    waiting: list[Output],
    batch: int,
    device: Device,
    talk: Talk,
    progress: '_Progress',
) -> Iterator[tuple[list[Output], list[Image.Image]]]:
    """Yield outputs with their pictures; what is made is no longer waiting."""
    talk.stop_if_cancelled()
    with loras_applied(model.pipeline, run.loras, title=run.model.title):
        call = plan_call(run, model)
        progress.steps = call.steps
        size = (run.width, run.height)
        place = model.device(device.torch)
        previews = LivePreviews(pipeline=call.pipeline, model=model, device=place, talk=talk, size=size)
        with (
            style_applied(call.pipeline, run, model=model, device=place, talk=talk) as style,
            scheduler_replaced(call.pipeline, run.scheduler),
            texts_remembered(call.pipeline, model.texts, key=run.loras),
            blocks_cached(call.pipeline, run.cache_threshold),
        ):
            model.rest()
            while waiting:
                outputs = waiting[:batch]
                pictures = _make(call, outputs, style, previews, progress)
                del waiting[:batch]
                progress.made(len(outputs))
                yield outputs, pictures


def _make(
    call: Call, outputs: list[Output], style: dict[str, Any], previews: LivePreviews, progress: '_Progress'
) -> list[Image.Image]:
    previews.begin(outputs)
    progress.begin(len(outputs))

    def on_step_end(_pipeline: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        progress.step(step + 1)
        if step + 1 < call.steps:
            previews.step(tensors['latents'])
        return tensors

    pictures: list[Image.Image] = call(outputs, **style, callback_on_step_end=on_step_end)
    return pictures


def _save(picture: Image.Image, run: ImageRun, output: Output, renditions: Renditions, talk: Talk) -> None:
    talk.send(renditions.save_picture(picture, run=run, output=output))


class _Progress:
    """Steps over all batches of a run, and the seconds that are left; `steps` are those of each batch."""

    def __init__(self, talk: Talk, *, outputs: int) -> None:
        self._talk, self._waiting = talk, outputs
        self.steps = 1
        self._batch = outputs
        self._done = 0
        self._begun = time.monotonic()
        self._counted = 0

    def begin(self, batch: int) -> None:
        self._batch = batch

    def step(self, step: int) -> None:
        """Report; raises Cancelled if the person cancelled."""
        self._counted += 1
        batches_left = -(-self._waiting // self._batch)
        at, total = self._done + step, self._done + batches_left * self.steps
        pace = (time.monotonic() - self._begun) / self._counted
        self._talk.progress(
            StepProgressed(
                run_id=self._talk.run_id,
                phase='generating' if step < self.steps else 'decoding',
                step=min(at, total),
                steps=total,
                share=GENERATING_SHARE * min(1.0, at / total),
                seconds_left=max(0, total - at) * pace,
            )
        )

    def made(self, pictures: int) -> None:
        """A batch is done."""
        self._waiting -= pictures
        self._done += self.steps
