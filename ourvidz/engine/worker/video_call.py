"""How a video pipeline is called for a run: which of its relatives, with which frames as conditions."""

import inspect
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import WanVACEPipeline
from PIL import Image

from ourvidz.engine.messages import VideoRun
from ourvidz.engine.worker.reference import open_reference
from ourvidz.engine.worker.shelf import LoadedModel
from ourvidz.errors import EngineFailure

GREY = (128, 128, 128)
IMAGE_TO_VIDEO = {
    'WanPipeline': 'WanImageToVideoPipeline',
    'LTXPipeline': 'LTXImageToVideoPipeline',
    'LTX2Pipeline': 'LTX2ImageToVideoPipeline',
}
OTHER = 'Take the frame off, or choose another model.'


def plan_video_call(run: VideoRun, model: LoadedModel) -> tuple[Any, dict[str, Any]]:
    """The pipeline and its arguments but for the seed. Raises EngineFailure for frames that it would ignore."""
    pipeline, conditions = _conditions(run, model)
    _set_schedule(pipeline, model, run.flow_shift)
    takes = inspect.signature(pipeline.__call__).parameters
    arguments = {
        'width': run.width,
        'height': run.height,
        'num_frames': run.num_frames,
        'num_inference_steps': run.num_inference_steps,
        'guidance_scale': run.guidance_scale,
        'frame_rate': run.fps,
        **_texts(run, model, pipeline),
    }
    return pipeline, {**{name: value for name, value in arguments.items() if name in takes}, **conditions}


def _conditions(run: VideoRun, model: LoadedModel) -> tuple[Any, dict[str, Any]]:
    """The pipeline that takes the given frames, and the frames by its names."""
    pipeline, title = model.pipeline, model.source.title
    if isinstance(pipeline, WanVACEPipeline):
        return pipeline, _vace_conditions(run)
    start, end = _frame(run.start_frame_path, run), _frame(run.end_frame_path, run)
    if run.single_frame_path:
        raise EngineFailure(f'{title} cannot put a given picture anywhere into a clip.', advice=OTHER)
    if start is None and end is not None:
        raise EngineFailure(f'{title} cannot end on a given frame alone.', advice='Add a beginning frame as well.')
    if start is None:
        image = inspect.signature(pipeline.__call__).parameters.get('image')
        if image is not None and image.default is inspect.Parameter.empty:
            message = f'{title} makes clips only from a beginning frame.'
            raise EngineFailure(message, advice='Add one, or choose another model.')
        return pipeline, {}
    pipeline = _from_image(model)
    takes = inspect.signature(pipeline.__call__).parameters
    if 'image' not in takes:
        raise EngineFailure(f'{title} cannot start from a given frame.', advice=OTHER)
    if end is None:
        if pipeline.transformer.config.get('pos_embed_seq_len'):
            raise EngineFailure(f'{title} goes from one given frame to another.', advice='Add an ending frame as well.')
        return pipeline, {'image': start}
    if 'last_image' not in takes or pipeline.config.get('expand_timesteps'):
        raise EngineFailure(f'{title} ignores an ending frame.', advice=OTHER)
    return pipeline, {'image': start, 'last_image': end}


def _from_image(model: LoadedModel) -> Any:
    """The relative that starts from a picture; Wan's text to video weights can only where their timesteps expand."""
    name = IMAGE_TO_VIDEO.get(type(model.pipeline).__name__)
    if name is None or (name == 'WanImageToVideoPipeline' and not model.pipeline.config.get('expand_timesteps')):
        return model.pipeline
    return model.relative(getattr(diffusers, name))


def _vace_conditions(run: VideoRun) -> dict[str, Any]:
    """Given frames are kept (black in the mask), grey ones are made (white)."""
    size = (run.width, run.height)
    frames = [Image.new('RGB', size, GREY)] * run.num_frames
    mask = [Image.new('L', size, 255)] * run.num_frames
    for at, given in ((0, _frame(run.start_frame_path, run)), (-1, _frame(run.end_frame_path, run))):
        if given is not None:
            frames[at], mask[at] = given, Image.new('L', size, 0)
    single = _frame(run.single_frame_path, run)
    return {'video': frames, 'mask': mask, **({'reference_images': [single]} if single else {})}


def _frame(path: Path | None, run: VideoRun) -> Image.Image | None:
    return open_reference(path, width=run.width, height=run.height) if path else None


def _set_schedule(pipeline: Any, model: LoadedModel, flow_shift: float | None) -> None:
    """A fresh scheduler, with the flow shift under the name that it has there."""
    scheduler = model.pipeline.scheduler
    name = next((name for name in ('flow_shift', 'shift') if name in scheduler.config), None)
    if model.flow_shift is None and name:
        model.flow_shift = scheduler.config[name]
    shift = model.flow_shift if flow_shift is None else flow_shift
    pipeline.scheduler = type(scheduler).from_config(scheduler.config, **({name: shift} if name else {}))


def _length(pipeline: Any) -> int:
    """Tokens that the pipeline reads when it is called; its `encode_prompt` alone would cut at fewer."""
    return int(inspect.signature(pipeline.__call__).parameters['max_sequence_length'].default)


def _texts(run: VideoRun, model: LoadedModel, pipeline: Any) -> dict[str, Any]:
    """The prompt; Wan's large text encoder reads a repeated one only once."""
    negative = run.negative_prompt or None
    if not type(pipeline).__name__.startswith('Wan') or run.loras:
        return {'prompt': run.prompt, 'negative_prompt': negative}
    is_guided = run.guidance_scale > 1

    def encode() -> dict[str, Any]:
        with torch.no_grad():
            embeds = pipeline.encode_prompt(
                run.prompt, negative, do_classifier_free_guidance=is_guided, max_sequence_length=_length(pipeline)
            )
        return dict(zip(('prompt_embeds', 'negative_prompt_embeds'), embeds, strict=True))

    return model.text((run.prompt, run.negative_prompt, str(is_guided)), encode)
