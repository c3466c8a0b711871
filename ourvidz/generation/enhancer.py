"""Has a language model write a fuller prompt, and says so when it could not."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from ourvidz.engine import Engine
from ourvidz.engine.messages import Report, RunCancelled, TextGrew
from ourvidz.errors import OurVidzError
from ourvidz.generation.content import rate
from ourvidz.generation.enhancing import because_unusable, text_run, tidied
from ourvidz.generation.request import Content, Enhancement, GenerationRequest, ReferenceMode
from ourvidz.models.catalog import Catalog
from ourvidz.models.spec import Ability, ModelSpec
from ourvidz.models.vocabulary import Vocabulary

ABILITIES = {Enhancement.INSTRUCT: Ability.INSTRUCT, Enhancement.BASE: Ability.BASE}


@dataclass(frozen=True, slots=True)
class Enhanced:
    """What the model wrote; '' if the prompt stays as it is, and why unless the person wanted it so."""

    text: str = ''
    because: str = ''


class Enhancer:
    """Prompt enhancement by the best text model that is installed."""

    def __init__(self, *, catalog: Catalog, engine: Engine) -> None:
        self.catalog = catalog
        self.engine = engine

    def is_wanted(self, request: GenerationRequest) -> bool:
        """Whether the request leaves the enhancing to the loop."""
        is_copy = request.reference_id is not None and request.reference_mode is ReferenceMode.COPY
        return request.enhancement is not Enhancement.NONE and not request.enhanced_prompt and not is_copy

    async def stream(
        self, request: GenerationRequest, drawer: ModelSpec, *, run_id: str
    ) -> AsyncIterator[Report | str]:
        """The reports of the run, and after each piece of text the whole text so far, tidied."""
        writer = self.catalog.default('text', abilities=(ABILITIES[request.enhancement],))
        if writer is None:
            words = request.enhancement.value.capitalize()
            raise OurVidzError(f'No {words} model is installed.', advice='Get one on the Models page.')
        text = ''
        async for report in self.engine.run(text_run(request, writer=writer, drawer=drawer, run_id=run_id)):
            yield report
            if isinstance(report, TextGrew):
                text += report.text
                yield tidied(text)

    async def enhance(
        self,
        request: GenerationRequest,
        drawer: ModelSpec,
        *,
        run_id: str,
        on_report: Callable[[Report], None] = lambda report: None,
    ) -> Enhanced:
        """The enhanced prompt, or the reason why there is none; neither if the run was cancelled."""
        text = ''
        try:
            async for piece in self.stream(request, drawer, run_id=run_id):
                if isinstance(piece, str):
                    text = piece
                elif isinstance(piece, RunCancelled):
                    return Enhanced()
                else:
                    on_report(piece)
        except OurVidzError as error:
            return Enhanced(because=f'The prompt was not enhanced: {error.message}')
        because = self.because_unusable(text, request, drawer)
        return Enhanced(because=f'The prompt was not enhanced: {because}') if because else Enhanced(text)

    def because_unusable(self, text: str, request: GenerationRequest, drawer: ModelSpec) -> str:
        """Why an enhanced prompt must not be used, '' if it may."""
        rating = rate('\n'.join((text, request.prompt, request.style)))
        is_unfit = rating.is_nsfw if request.content is Content.SFW else rating.has_minor
        if rating.is_minor_sexual or is_unfit:
            return 'the text model wrote what is not allowed here.'
        return because_unusable(text, request.prompt) or _because_lost(text, request.prompt, drawer)


def _because_lost(text: str, prompt: str, drawer: ModelSpec) -> str:
    """Why a text that lost words which a small model knows must not be used."""
    vocabulary = Vocabulary.of(drawer)
    if vocabulary is None:
        return ''
    before, after = vocabulary.understood(prompt), vocabulary.understood(text)
    lost = {*before.known, *before.replaced} - {*after.known, *after.replaced}
    return 'the text model left out words.' if lost else ''
