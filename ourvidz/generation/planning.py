"""From a request to a run: which model, whether it can, and every number that reaches the pipeline."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ourvidz.engine.messages import FileMade, ImageRun, Lora, ModelSource, Output, VideoRun
from ourvidz.errors import InvalidInput, NotFound, Refused
from ourvidz.generation.infotext import infotext
from ourvidz.generation.prompting import FinalPrompt, TokenCounter, final_prompt
from ourvidz.generation.quickening import quickened
from ourvidz.generation.references import References
from ourvidz.generation.request import MAX_FRAMES, Content, GenerationRequest, Mode, ReferenceMode, seed_of
from ourvidz.library.tables import Job, new_id
from ourvidz.models.catalog import Catalog
from ourvidz.models.loras import LoraChoice
from ourvidz.models.samplers import SAMPLERS, sampler_of
from ourvidz.models.spec import Ability, Defaults, ModelSpec

COPY_STRENGTH = 0.05
LEAST_STRENGTH = 0.01
MODIFY_STEPS = 25
BLUR_FROM = 0.8
"""From which probability of NSFW a picture is blurred in SFW mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run that makes what is missing of a job, None if nothing is, and what its assets will carry."""

    run: ImageRun | VideoRun | None
    prompt: FinalPrompt
    note: str
    common: dict[str, Any]

    def details(self, made: FileMade) -> dict[str, Any]:
        """The fields of the asset's row that the job determines."""
        is_explicit = made.content_score is not None and made.content_score >= BLUR_FROM
        final = self.prompt.for_seed(made.seed)
        return self.common | {
            'final_prompt': final,
            'parameters': self.common['parameters'] | {'seed': made.seed, 'final_prompt': final},
            'is_blurred': is_explicit and self.common['content'] == Content.SFW.value,
        }


class Planner:
    """Chooses models and plans runs."""

    def __init__(self, *, catalog: Catalog, references: References, staging_dir: Path) -> None:
        self.catalog = catalog
        self.references = references
        self.staging_dir = staging_dir
        self.counter = TokenCounter()

    def best_for(self, request: GenerationRequest) -> ModelSpec:
        """The model that was asked for, else the best installed one that can do it. Raises InvalidInput."""
        if request.model is None:
            found = self.catalog.default(request.mode.value, abilities=needed_abilities(request))
            found = found or self.catalog.default(request.mode.value)
            if found is None:
                raise InvalidInput(
                    'model', f'No {request.mode} model is installed.', advice='Get one on the Models page.'
                )
            return found
        try:
            spec = self.catalog.get(request.model)
        except NotFound as error:
            raise InvalidInput('model', error.message, advice=error.advice) from error
        if spec.kind != request.mode.value:
            raise InvalidInput('model', f'{spec.title} makes no {request.mode}s.', advice='Choose another model.')
        if not spec.is_installed:
            raise InvalidInput('model', f'{spec.title} is not installed.', advice='Get it on the Models page.')
        return spec

    def final_prompt(self, request: GenerationRequest, spec: ModelSpec) -> FinalPrompt:
        return final_prompt(request, spec, counter=self.counter)

    def ensure_possible(self, request: GenerationRequest, spec: ModelSpec) -> tuple[LoraChoice, ...]:
        """The LoRAs of the request. Raises InvalidInput for what the model cannot honour; nothing is ignored."""
        ensure_able(request, spec)
        return self._loras(request, spec)

    async def plan(self, job: Job, request: GenerationRequest, spec: ModelSpec, *, made: frozenset[int]) -> Plan:
        """The run that makes the positions that are not yet made. Raises InvalidInput or NotFound."""
        if request.content is Content.NSFW and not self.catalog.settings.is_nsfw_allowed:
            raise Refused('NSFW has been switched off here since.', advice='Generate it anew as SFW.')
        loras = self.ensure_possible(request, spec)
        if job.enhanced_prompt and not request.enhanced_prompt:
            request = request.model_copy(update={'enhanced_prompt': job.enhanced_prompt})
        quick = quickened(request, spec, self.catalog)
        spec = quick.spec
        prompt = self.final_prompt(request, spec)
        numbers = _numbers(request, spec, are_blocks_skipped=self.catalog.settings.are_blocks_skipped)
        parameters = _parameters(request, spec, prompt, numbers, [*filter(None, [quick.title]), *_titles(loras)])
        common = {
            'prompt': request.prompt,
            'enhanced_prompt': request.enhanced_prompt,
            'negative_prompt': prompt.negative,
            'model': spec.id,
            'quality': request.quality.value,
            'content': request.content.value,
            'parameters': parameters,
        }
        outputs = tuple(
            _output(position, seed_of(job.seed, position), prompt, parameters, title=spec.title)
            for position in range(request.variations)
            if position not in made
        )
        weights = {use.id: use.weight for use in request.loras}
        added = (*quick.loras, *(Lora(path=lora.path, weight=weights[lora.id]) for lora in loras))
        run = await self._run(job, request, spec, prompt, numbers, outputs, added, parameters) if outputs else None
        return Plan(run=run, prompt=prompt, note=prompt.left_out(spec.title), common=common)

    async def _run(
        self,
        job: Job,
        request: GenerationRequest,
        spec: ModelSpec,
        prompt: FinalPrompt,
        numbers: dict[str, Any],
        outputs: tuple[Output, ...],
        loras: tuple[Lora, ...],
        parameters: dict[str, Any],
    ) -> ImageRun | VideoRun:
        common: dict[str, Any] = {
            'run_id': job.id,
            'model': source_of(spec),
            'prompt': prompt.text,
            'negative_prompt': prompt.negative,
            'outputs': outputs,
            'staging_dir': self.staging_dir,
            'loras': loras,
            'parameters': parameters,
            'is_checked': request.content is Content.SFW,
        }
        if request.mode is Mode.IMAGE:
            return ImageRun(
                **common,
                **numbers,
                reference_path=await self._path(request.reference_id),
                style_reference_path=await self._path(request.style_reference_id),
                style_strength=request.style_strength,
                style_adapter_path=self.catalog.style_adapter_path,
            )
        return VideoRun(
            **common,
            **numbers,
            start_frame_path=await self._path(request.start_frame_id),
            end_frame_path=await self._path(request.end_frame_id),
            single_frame_path=await self._path(request.reference_id),
            is_continued=request.is_continued,
        )

    async def _path(self, reference_id: str | None) -> Path | None:
        return None if reference_id is None else (await self.references.get(reference_id)).path

    def _loras(self, request: GenerationRequest, spec: ModelSpec) -> tuple[LoraChoice, ...]:
        choices = {choice.id: choice for choice in self.catalog.loras_for(spec)} if request.loras else {}
        for use in request.loras:
            if use.id not in choices:
                raise InvalidInput('loras', f'There is no LoRA named {use.id}.', advice='Take it out.')
            if choices[use.id].because:
                raise InvalidInput('loras', choices[use.id].because, advice='Take it out, or choose another model.')
        return tuple(choices[use.id] for use in request.loras)


def _output(position: int, seed: int, prompt: FinalPrompt, parameters: dict[str, Any], *, title: str) -> Output:
    final = prompt.for_seed(seed)
    text = infotext(final, prompt.negative, parameters, title=title, seed=seed)
    own = final if prompt.unsaid else None
    return Output(position=position, asset_id=new_id(), seed=seed, prompt=own, infotext=text)


def source_of(spec: ModelSpec) -> ModelSource:
    """The model as the engine needs it. Raises InvalidInput while it is not installed."""
    if spec.path is None:
        raise InvalidInput('model', f'{spec.title} is not installed.', advice='Get it on the Models page.')
    return ModelSource(
        id=spec.id,
        title=spec.title,
        family=spec.family,
        pipeline=spec.pipeline,
        path=spec.path,
        memory_gb=spec.memory_gb,
    )


def needed_abilities(request: GenerationRequest) -> tuple[Ability, ...]:
    """What a model must be able to do for the request."""
    needed = []
    if request.mode is Mode.IMAGE:
        needed.append(Ability.IMAGE_TO_IMAGE if request.reference_id else Ability.TEXT_TO_IMAGE)
        needed += [Ability.STYLE_REFERENCE] if request.style_reference_id else []
    else:
        start, end, single = request.start_frame_id, request.end_frame_id, request.reference_id
        needed += frame_abilities(start=start is not None, end=end is not None, single=single is not None)
    return (*needed, Ability.LORA) if request.loras else tuple(needed)


def frame_abilities(*, start: bool, end: bool, single: bool) -> tuple[Ability, ...]:
    """What a video model must be able to do with a beginning, an ending and a picture that may appear anywhere."""
    ends = {(True, True): Ability.BOTH_FRAMES, (True, False): Ability.START_FRAME, (False, True): Ability.END_FRAME}
    needed = ([Ability.SINGLE_FRAME] if single else []) + ([ends[start, end]] if start or end else [])
    return tuple(needed) or (Ability.TEXT_TO_VIDEO,)


FIELDS = {
    Ability.IMAGE_TO_IMAGE: ('reference_id', 'cannot start from a picture'),
    Ability.STYLE_REFERENCE: ('style_reference_id', 'cannot take its style from a picture'),
    Ability.LORA: ('loras', 'takes no LoRAs'),
    Ability.START_FRAME: ('start_frame_id', 'cannot start from a given frame'),
    Ability.END_FRAME: ('end_frame_id', 'cannot end on a given frame'),
    Ability.BOTH_FRAMES: ('end_frame_id', 'cannot go from one given frame to another'),
    Ability.SINGLE_FRAME: ('reference_id', 'takes no picture that may appear anywhere in the clip'),
    Ability.TEXT_TO_VIDEO: ('start_frame_id', 'makes clips only from a beginning frame'),
    Ability.TEXT_TO_IMAGE: ('reference_id', 'makes pictures only from a reference'),
}


def ensure_able(request: GenerationRequest, spec: ModelSpec) -> None:
    """Raises InvalidInput for what the model cannot honour."""
    for ability in needed_abilities(request):
        if not spec.can(ability):
            field, words = FIELDS[ability]
            because = spec.because.get(ability.value) or f'{spec.title} {words}.'
            raise InvalidInput(field, because, advice='Remove it or choose another model.')
    if request.negative_prompt and not spec.can(Ability.NEGATIVE_PROMPT):
        raise InvalidInput('negative_prompt', f'{spec.title} reads no negative prompt.', advice='Remove it.')
    if spec.sizes and request.aspect_ratio.value not in spec.sizes:
        raise InvalidInput('aspect_ratio', f'{spec.title} makes no {request.aspect_ratio} pictures.')


def _numbers(request: GenerationRequest, spec: ModelSpec, *, are_blocks_skipped: bool) -> dict[str, Any]:
    """Every number of the run, by diffusers' names."""
    defaults = spec.defaults(request.quality.value)
    width, height = spec.sizes[request.aspect_ratio.value]
    guidance = defaults.guidance_scale if request.guidance_scale is None else request.guidance_scale
    numbers: dict[str, Any] = {
        'width': width,
        'height': height,
        'num_inference_steps': request.num_inference_steps or defaults.num_inference_steps,
        'guidance_scale': guidance,
    }
    can_skip = spec.family != 'flux' or request.reference_id is None
    if are_blocks_skipped and can_skip and defaults.cache_threshold is not None:
        numbers['cache_threshold'] = defaults.cache_threshold
    if request.mode is Mode.VIDEO:
        return numbers | _video_numbers(request, spec, defaults)
    if defaults.scheduler is not None:
        numbers['scheduler'] = defaults.scheduler
    if request.reference_id is None:
        return numbers
    if request.reference_mode is ReferenceMode.COPY:
        steps = _enough_steps(numbers['num_inference_steps'], COPY_STRENGTH)
        alone = {'guidance_scale': min(guidance, 1.0), 'num_inference_steps': steps}
        return numbers | {'strength': COPY_STRENGTH} | alone
    steps = request.num_inference_steps or max(defaults.num_inference_steps, MODIFY_STEPS)
    strength = max(request.strength, LEAST_STRENGTH)
    return numbers | {'strength': strength, 'num_inference_steps': _enough_steps(steps, strength)}


def _enough_steps(steps: int, strength: float) -> int:
    """So many steps that at least one is run at this strength."""
    steps = max(steps, math.ceil(1 / strength))
    return steps if int(steps * strength) >= 1 else steps + 1


def _video_numbers(request: GenerationRequest, spec: ModelSpec, defaults: Defaults) -> dict[str, Any]:
    wanted = request.num_frames or defaults.num_frames or 81
    return {
        'num_frames': snapped_frames(wanted, spec),
        'fps': request.fps or defaults.fps or 16,
        'flow_shift': defaults.flow_shift,
    }


def snapped_frames(wanted: int, spec: ModelSpec | None) -> int:
    """The nearest length that the model's causal VAE can make: 8n + 1 with LTX, 4n + 1 with all others."""
    step = 8 if spec is not None and spec.family.startswith('ltx') else 4
    return max(1, round((min(wanted, MAX_FRAMES) - 1) / step)) * step + 1


def _parameters(
    request: GenerationRequest,
    spec: ModelSpec,
    prompt: FinalPrompt,
    numbers: dict[str, Any],
    loras: list[str],
) -> dict[str, Any]:
    """Everything that a person needs to make the asset again, as JSON."""
    return {
        'request': request.model_dump(mode='json', exclude_defaults=True),
        'final_prompt': prompt.text,
        'final_negative_prompt': prompt.negative,
        'dropped': list(prompt.dropped),
        'unread': prompt.unread,
        'unread_negative': prompt.unread_negative,
        'model': spec.id,
        'model_title': spec.title,
        'pipeline': spec.pipeline,
        'loras': loras,
        'sampler': SAMPLERS.get(numbers.get('scheduler', {}).get('name'), '') or sampler_of(spec),
        **numbers,
    }


def _titles(loras: tuple[LoraChoice, ...]) -> list[str]:
    return [lora.title for lora in loras]
