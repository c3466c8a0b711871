"""How a pipeline is called for a run: which of its relatives, with which arguments, for how many steps."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ourvidz.engine.messages import ImageRun, Output
from ourvidz.engine.worker.reference import open_reference
from ourvidz.engine.worker.shelf import LoadedModel
from ourvidz.errors import EngineFailure

EMBEDS = ('prompt_embeds', 'negative_prompt_embeds', 'pooled_prompt_embeds', 'negative_pooled_prompt_embeds')


@dataclass(frozen=True)
class Call:
    """A pipeline with its arguments, complete but for prompts and seeds; `steps` are those that really run."""

    pipeline: Any
    arguments: dict[str, Any]
    steps: int
    texts: Callable[[list[Output]], dict[str, Any]]

    def __call__(self, outputs: list[Output], **more: Any) -> Any:
        """Make one picture for each output, each from a generator of its own, so that batches do not matter."""
        arguments = self.arguments
        if 'strength' in arguments:  # some pipelines would read one picture once, with the first generator alone
            arguments = arguments | {'image': [arguments['image']] * len(outputs)}
        generators = [torch.Generator('cpu').manual_seed(output.seed) for output in outputs]
        return self.pipeline(**arguments, **self.texts(outputs), generator=generators, **more).images


def plan_call(run: ImageRun, model: LoadedModel) -> Call:
    """Choose text to image or image to image. Raises EngineFailure if the model cannot do it."""
    if run.reference_path is None:
        pipeline, extra, steps = model.pipeline, {'width': run.width, 'height': run.height}, run.num_inference_steps
    else:
        pipeline, extra, steps = _image_to_image(run, model)
    takes = inspect.signature(pipeline.__call__).parameters
    arguments = {
        **extra,
        'num_inference_steps': run.num_inference_steps,
        'guidance_scale': run.guidance_scale,
    }
    negative = run.negative_prompt or None
    if 'true_cfg_scale' in takes and type(pipeline).__name__.startswith('QwenImage'):
        del arguments['guidance_scale']
        arguments['true_cfg_scale'] = run.guidance_scale
        negative = negative or ' '
    arguments = {name: value for name, value in arguments.items() if name in takes}
    if type(pipeline).__name__.startswith('StableDiffusionXL') and not run.loras:
        return Call(pipeline, arguments, steps, lambda outputs: _encoded(outputs, run, model, pipeline))
    told = {'negative_prompt': negative} if negative and 'negative_prompt' in takes else {}
    return Call(pipeline, arguments, steps, lambda outputs: _written(outputs, run) | told)


def _image_to_image(run: ImageRun, model: LoadedModel) -> tuple[Any, dict[str, Any], int]:
    assert run.reference_path is not None
    pipeline = _image_pipeline(model)
    takes = inspect.signature(pipeline.__call__).parameters
    image = open_reference(run.reference_path, width=run.width, height=run.height)
    extra = {'image': image, 'width': run.width, 'height': run.height}
    if 'strength' not in takes:
        return pipeline, extra, run.num_inference_steps
    strength = 0.5 if run.strength is None else run.strength
    extra |= {'strength': strength}
    return pipeline, extra, min(run.num_inference_steps, int(run.num_inference_steps * strength))


def _image_pipeline(model: LoadedModel) -> Any:
    if 'image' in inspect.signature(model.pipeline.__call__).parameters:
        return model.pipeline
    from diffusers.pipelines.auto_pipeline import AUTO_IMAGE2IMAGE_PIPELINES_MAPPING, _get_task_class  # a second's work

    name = type(model.pipeline).__name__
    cls = _get_task_class(AUTO_IMAGE2IMAGE_PIPELINES_MAPPING, name, throw_error_if_not_exist=False)
    if cls is None:
        why = f'{model.source.title} cannot start from a reference picture.'
        raise EngineFailure(why, advice='Take the reference off, or choose another model.')
    return model.relative(cls)


def _written(outputs: list[Output], run: ImageRun) -> dict[str, Any]:
    prompts = [output.prompt or run.prompt for output in outputs]
    if len(set(prompts)) == 1:
        return {'prompt': prompts[0], 'num_images_per_prompt': len(prompts)}
    return {'prompt': prompts}


def _encoded(outputs: list[Output], run: ImageRun, model: LoadedModel, pipeline: Any) -> dict[str, Any]:
    """The prompts as SDXL's encoders tell them; each is encoded once and remembered."""
    is_guided = run.guidance_scale > 1
    negative = run.negative_prompt or None

    def encode(prompt: str) -> dict[str, Any]:
        with torch.no_grad():
            embeds = pipeline.encode_prompt(
                prompt=prompt, negative_prompt=negative, do_classifier_free_guidance=is_guided
            )
        return dict(zip(EMBEDS, embeds, strict=True))

    prompts = [output.prompt or run.prompt for output in outputs]
    texts = [model.text((each, run.negative_prompt, str(is_guided)), partial(encode, each)) for each in prompts]
    return {name: torch.cat([text[name] for text in texts]) for name in texts[0]}
