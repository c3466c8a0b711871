"""At quality fast a few-step LoRA takes the place of many steps, where it honours all that is asked for."""

from dataclasses import dataclass

from ourvidz.engine.messages import Lora
from ourvidz.generation.request import GenerationRequest, Quality
from ourvidz.models.catalog import Catalog
from ourvidz.models.spec import Ability, ModelSpec

WITHOUT_GUIDANCE = 1.0
GUIDELESS = 'In so few steps nothing can be ruled out.'


@dataclass(frozen=True, slots=True)
class Quickened:
    """A model as it runs for a request: with the defaults of its few-step addition and its LoRAs, if one is used."""

    spec: ModelSpec
    loras: tuple[Lora, ...] = ()
    title: str = ''


def quickened(request: GenerationRequest, spec: ModelSpec, catalog: Catalog) -> Quickened:
    """The model as it runs. Negative prompts, references and numbers of one's own need all steps, so they get them."""
    addition = catalog.few_steps_for(spec) if catalog.settings.are_few_steps_used else None
    if addition is None or addition.fast is None or addition.path is None or _asks_for_all_steps(request):
        return Quickened(spec)
    base = spec.defaults('fast')
    fast = addition.fast.model_copy(update={'num_frames': base.num_frames, 'fps': base.fps})
    update: dict[str, object] = {'fast': fast}
    if fast.guidance_scale <= WITHOUT_GUIDANCE:
        update['abilities'] = spec.abilities - {Ability.NEGATIVE_PROMPT}
        update['because'] = spec.because | {Ability.NEGATIVE_PROMPT.value: GUIDELESS}
    files = sorted(addition.path.glob('*.safetensors'))
    loras = tuple(Lora(path=file, weight=1.0) for file in files)
    return Quickened(spec.model_copy(update=update), loras, addition.title)


def _asks_for_all_steps(request: GenerationRequest) -> bool:
    has_own_numbers = request.num_inference_steps is not None or request.guidance_scale is not None
    is_from_picture = request.reference_id is not None
    return request.quality is not Quality.FAST or bool(request.negative_prompt) or has_own_numbers or is_from_picture
