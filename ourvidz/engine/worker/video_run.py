"""Makes clips: conditions, steps with previews, decoding frame by frame into the encoder, one clip after the other."""

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Literal

import numpy as np
import torch

from ourvidz.engine.messages import Output, StepProgressed, VideoRun
from ourvidz.engine.worker.additions import loras_applied
from ourvidz.engine.worker.clip import ClipWriter
from ourvidz.engine.worker.decoding import Frame, streams, ticking, wan_frames
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.ladder import Ladder
from ourvidz.engine.worker.memory.estimate import Work
from ourvidz.engine.worker.previews import LivePreviews
from ourvidz.engine.worker.reference import open_reference
from ourvidz.engine.worker.renditions import Renditions
from ourvidz.engine.worker.shelf import LoadedModel, ModelShelf
from ourvidz.engine.worker.speed import blocks_cached
from ourvidz.engine.worker.talk import Talk
from ourvidz.engine.worker.texts import texts_remembered
from ourvidz.engine.worker.video_call import plan_video_call

GENERATING_SHARE = 0.8


def make_videos(run: VideoRun, *, shelf: ModelShelf, device: Device, renditions: Renditions, talk: Talk) -> None:
    """Make and save all clips of a run. Raises Cancelled, OutOfMemory, BrokenModel, EngineFailure or OSError."""
    assert run.num_frames % 4 == 1, 'clips have 4n+1 frames'
    work = Work(run.width, run.height, run.num_frames, has_loras=bool(run.loras))
    ladder = Ladder(source=run.model, shelf=shelf, device=device, talk=talk, work=work)
    waiting = list(run.outputs)
    while waiting:
        with ladder.attempt(1) as (model, _):
            talk.stop_if_cancelled()
            with loras_applied(model.pipeline, run.loras, title=run.model.title):
                while waiting:
                    progress = _Progress(talk, clip=len(run.outputs) - len(waiting), clips=len(run.outputs))
                    _make(run, waiting[0], model, progress, device, renditions, talk)
                    del waiting[0]


def _make(
    run: VideoRun,
    output: Output,
    model: LoadedModel,
    progress: '_Progress',
    device: Device,
    renditions: Renditions,
    talk: Talk,
) -> None:
    """Make one clip; one that could not be finished leaves no files."""
    clip = ClipWriter(run=run, output=output, renditions=renditions)
    try:
        frames = _coloured(run, _frames(run, output, model, progress, device, talk))
        for frame in islice(frames, run.num_frames):
            clip.add(frame)
        progress.report('encoding', run.num_frames, run.num_frames)
        talk.send(clip.finish())
    except BaseException:
        clip.discard()
        raise


def _frames(
    run: VideoRun, output: Output, model: LoadedModel, progress: '_Progress', device: Device, talk: Talk
) -> Iterator[Frame]:
    progress.report('generating', 0, run.num_inference_steps)
    pipeline, arguments = plan_video_call(run, model)
    place, size = model.device(device.torch), (run.width, run.height)
    previews = LivePreviews(pipeline=pipeline, model=model, device=place, talk=talk, size=size)
    previews.begin([output])

    def on_step_end(_pipeline: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        progress.report('generating', step + 1, run.num_inference_steps)
        previews.step(tensors['latents'])
        return tensors

    arguments['generator'] = torch.Generator('cpu').manual_seed(output.seed)
    arguments['callback_on_step_end'] = on_step_end
    with (
        ticking(pipeline.vae.encoder, talk.stop_if_cancelled),
        texts_remembered(pipeline, model.texts, key=run.loras),
        blocks_cached(pipeline, run.cache_threshold),
    ):
        yield from _called(run, pipeline, arguments, progress)


def _called(run: VideoRun, pipeline: Any, arguments: dict[str, Any], progress: '_Progress') -> Iterator[Frame]:
    if streams(pipeline.vae):
        latents = pipeline(**arguments, output_type='latent').frames
        given = len(arguments.get('reference_images', ()))
        tick = progress.ticker(_pieces(pipeline.vae, latents))
        yield from wan_frames(pipeline.vae, latents[:, :, given:], tick=tick)
    else:
        with ticking(pipeline.vae.decoder, progress.ticker(run.num_frames)):
            frames = pipeline(**arguments, output_type='pil').frames[0]
        yield from (np.asarray(frame.convert('RGB')) for frame in frames)


def _pieces(vae: Any, latents: torch.Tensor) -> int:
    """How many pieces the decoder works through."""
    count = int(latents.shape[2])
    if not vae.use_tiling:
        return count
    scale = int(vae.spatial_compression_ratio)
    down, across = int(vae.tile_sample_stride_height) // scale, int(vae.tile_sample_stride_width) // scale
    return count * -(-latents.shape[3] // down) * -(-latents.shape[4] // across)


def _coloured(run: VideoRun, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Where a clip goes on from another, its colours do as well: each channel's mean and spread of the first frame."""
    if not run.is_continued or run.start_frame_path is None:
        yield from frames
        return
    wanted = np.asarray(open_reference(run.start_frame_path, width=run.width, height=run.height), np.float32)
    gain: Any = None
    for frame in frames:
        if gain is None:
            seen = frame.astype(np.float32)
            gain = np.clip(wanted.std((0, 1)) / (seen.std((0, 1)) + 1e-3), 0.8, 1.25)
            shift = np.clip(wanted.mean((0, 1)) - seen.mean((0, 1)) * gain, -64, 64)
        yield np.clip(frame * gain + shift, 0, 255).round().astype(np.uint8)


class _Progress:
    """Steps and decoded pieces over all clips of a run, and the seconds that are left."""

    def __init__(self, talk: Talk, *, clip: int, clips: int) -> None:
        self._talk, self._clip, self._clips = talk, clip, clips
        self._begun = time.monotonic()
        self._is_generated = False

    def report(self, phase: Literal['generating', 'decoding', 'encoding'], step: int, steps: int) -> None:
        """Report; step 0 is what comes before the first. Raises Cancelled if the person cancelled."""
        part = min(1.0, step / steps)
        self._is_generated = self._is_generated or part == 1
        within = (
            GENERATING_SHARE * part if phase == 'generating' else GENERATING_SHARE + (0.99 - GENERATING_SHARE) * part
        )
        share = (self._clip + within) / self._clips
        elapsed = time.monotonic() - self._begun
        self._talk.progress(
            StepProgressed(
                run_id=self._talk.run_id,
                phase=phase,
                step=min(step, steps),
                steps=steps,
                share=share,
                seconds_left=elapsed / within * (self._clips - self._clip - within) if within else None,
            )
        )

    def ticker(self, pieces: int) -> Callable[[], None]:
        """To be called after each of so many pieces of decoding; what previews decode earlier does not count."""
        done = 0

        def tick() -> None:
            nonlocal done
            if not self._is_generated:
                return
            done += 1
            self.report('decoding', done, pieces)

        return tick
