"""Which controls the chosen model cannot honour, and why; and what a small model understood of the prompt."""

from collections.abc import Iterable

from ourvidz.errors import NotFound
from ourvidz.generation.planning import frame_abilities
from ourvidz.generation.request import COPY_KEEPS, MAX_SEED, NOT_IN_COPIES, Mode, ReferenceMode
from ourvidz.models.catalog import Catalog
from ourvidz.models.spec import Ability, ModelSpec
from ourvidz.models.vocabulary import Vocabulary
from ourvidz.workspace.prompt_form import PromptForm, is_seed

NEEDS = {
    'reference': (Ability.IMAGE_TO_IMAGE,),
    'style_reference': (Ability.STYLE_REFERENCE,),
    'negative_prompt': (Ability.NEGATIVE_PROMPT,),
    'loras': (Ability.LORA,),
}
ALONE = 'A picture that may appear anywhere in the clip stands alone. Take it out, or let it begin the clip.'
IN_WORDS = {
    'reference': 'cannot start from a picture',
    'style_reference': 'cannot take its style from a picture',
    'negative_prompt': 'reads no negative prompt',
    'loras': 'takes no LoRAs',
}


def refusals(form: PromptForm, catalog: Catalog, *, is_nsfw_allowed: bool) -> dict[str, str]:
    """Control -> why it is disabled."""
    found: dict[str, str] = {}
    if not is_seed(form.seed_text):
        found['generate'] = f'{form.seed_text} is no seed: it must be a whole number from 0 to {MAX_SEED}.'
    if not is_nsfw_allowed:
        found['content'] = 'NSFW is off. The owner can allow it with OURVIDZ_IS_NSFW_ALLOWED=true.'
    if catalog.default('video') is None:
        found['video'] = 'No video model is installed. Get one on the Models page.'
    if catalog.default('text') is None:
        found['enhancement'] = 'No text model is installed. Get one on the Models page.'
    spec = chosen_spec(form, catalog)
    if spec is None:
        found['generate'] = 'No model is installed for this. Get one on the Models page.'
        return found
    if form.model and form.model != spec.id:
        found['generate'] = f'The model {form.model} is not installed any more. Choose another one.'
        return found
    found |= {control: because for control in NEEDS if (because := why_not(control, spec))}
    is_copy = form.reference_mode is ReferenceMode.COPY and form.reference is not None and 'reference' not in found
    if form.mode is Mode.IMAGE and is_copy:
        found |= dict.fromkeys(_controls(NOT_IN_COPIES), COPY_KEEPS)
    return found | (_frame_refusals(form, catalog, spec) if form.mode is Mode.VIDEO else {})


def _controls(names: Iterable[str]) -> Iterable[str]:
    """Fields of a request as the form calls them."""
    return (name.removesuffix('_id') for name in names)


def _frame_refusals(form: PromptForm, catalog: Catalog, spec: ModelSpec) -> dict[str, str]:
    """Which frames cannot be given to a clip, and why those that are given do not suffice."""

    def lacks(ability: Ability) -> str:
        return '' if _can(form, catalog, ability) else spec.refusal(ability)

    def unless(*abilities: Ability) -> str:
        """Why none of these will do, '' if one does."""
        reasons = [lacks(ability) for ability in abilities]
        return reasons[0] if all(reasons) else ''

    single = lacks(Ability.SINGLE_FRAME)
    start = unless(Ability.START_FRAME, Ability.BOTH_FRAMES, Ability.SINGLE_FRAME)
    is_anywhere = form.start_frame is not None and form.is_single and not single
    end = ALONE if is_anywhere else unless(Ability.END_FRAME, Ability.BOTH_FRAMES)
    if form.start_frame is not None and not start and not end:
        end = lacks(Ability.BOTH_FRAMES)
    has_start, has_end = form.start_frame is not None and not start, form.end_frame is not None and not end
    needed = frame_abilities(start=has_start and not is_anywhere, end=has_end, single=is_anywhere)
    found = {'single_frame': single, 'start_frame': start, 'end_frame': end, 'generate': lacks(needed[0])}
    return {control: because for control, because in found.items() if because}


def _can(form: PromptForm, catalog: Catalog, ability: Ability) -> bool:
    """Whether the chosen model has the ability, or any that may be chosen has it."""
    if form.model:
        spec = chosen_spec(form, catalog)
        return spec is not None and spec.can(ability)
    return catalog.default(form.mode.value, abilities=(ability,)) is not None


def why_not(control: str, spec: ModelSpec) -> str:
    """Why the model cannot honour a control, '' if it can."""
    needed = NEEDS[control]
    if any(spec.can(ability) for ability in needed):
        return ''
    own = next((spec.because[ability.value] for ability in needed if ability.value in spec.because), '')
    return own or f'{spec.title} {IN_WORDS[control]}.'


def chosen_spec(form: PromptForm, catalog: Catalog) -> ModelSpec | None:
    """The model that Generate would use."""
    if form.model:
        try:
            spec = catalog.get(form.model)
        except NotFound:
            spec = None
        if spec is not None and spec.is_installed:
            return spec
    needed = _frames_of(form) if form.mode is Mode.VIDEO else ()
    return catalog.default(form.mode.value, abilities=needed) or catalog.default(form.mode.value)


def _frames_of(form: PromptForm) -> tuple[Ability, ...]:
    start, end = form.start_frame is not None, form.end_frame is not None
    return frame_abilities(start=start and not form.is_single, end=end, single=start and form.is_single)


def hint(form: PromptForm, catalog: Catalog) -> str:
    """One quiet line on what a small model understood of the prompt, '' where there is nothing to say."""
    spec = chosen_spec(form, catalog)
    vocabulary = Vocabulary.of(spec) if spec is not None else None
    if spec is None or vocabulary is None or not form.prompt.strip():
        return ''
    understood = vocabulary.understood(form.prompt)
    parts = []
    if understood.known:
        parts.append(f'{spec.title} reads: {", ".join(understood.known)}')
    if understood.replaced:
        parts.append(', '.join(f'{word} as {near}' for word, near in understood.replaced))
    if understood.unknown:
        parts.append(f'it does not know {", ".join(understood.unknown)}')
    return ' · '.join(parts)
