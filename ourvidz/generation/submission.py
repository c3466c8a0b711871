"""The one door into the queue: a request is checked against model, content rating and references, then queued."""

from contextlib import suppress

from ourvidz.errors import InvalidInput, NotFound, Refused
from ourvidz.generation.content import check, rate, wanted
from ourvidz.generation.frames import frame_at
from ourvidz.generation.pictures import MAX_CAPTION
from ourvidz.generation.planning import Planner
from ourvidz.generation.prompting import FinalPrompt
from ourvidz.generation.queue import JobQueue
from ourvidz.generation.quickening import quickened
from ourvidz.generation.references import Reference, References
from ourvidz.generation.request import Content, GenerationRequest, idle_fields, random_seed
from ourvidz.library.library import Library
from ourvidz.library.tables import Asset, Job
from ourvidz.library.urls import rendition_path
from ourvidz.models.spec import ModelSpec

REFERENCES = ('reference_id', 'style_reference_id', 'start_frame_id', 'end_frame_id')
NAMES_A_CHILD = 'The prompt names a child, so it runs as SFW. If all persons are adults, write woman or man.'
SHOWS_A_CHILD = 'What the reference was made with names a child, so it runs as SFW.'
FROM_A_CHILD, FROM_NUDITY = 'made from a picture of a child', 'made from a nude picture'
FROM_LINGERIE = 'made from a suggestive picture'


class Submission:
    """Checks requests and queues them."""

    def __init__(
        self,
        *,
        queue: JobQueue,
        planner: Planner,
        references: References,
        library: Library,
        is_nsfw_allowed: bool,
    ) -> None:
        self.queue = queue
        self.planner = planner
        self.catalog = planner.catalog
        self.references = references
        self.library = library
        self.is_nsfw_allowed = is_nsfw_allowed

    async def submit(self, request: GenerationRequest, *, user_id: str, workspace_id: str) -> Job:
        """Queue the request. Raises InvalidInput, Refused or NotFound.

        As long as it is not known what the device can do, the choice of the model is left to when the job runs.
        """
        for field, because in idle_fields(request).items():
            raise InvalidInput(field, because, advice='Leave it out.')
        captions = [reference.caption for reference in await self._references_of(request)]
        content = check(request, captions, is_nsfw_allowed=self.is_nsfw_allowed)
        spec = self.planner.best_for(request)
        self.planner.ensure_possible(request, spec)
        model = request.model if self.catalog.device is None else spec.id
        complete = request.model_copy(update={'content': content, 'model': model})
        seed = random_seed() if request.seed is None else request.seed
        note = '' if content is request.content else NAMES_A_CHILD if rate(wanted(request)).has_minor else SHOWS_A_CHILD
        return await self.queue.enqueue(complete, user_id=user_id, workspace_id=workspace_id, seed=seed, note=note)

    def final_prompt(self, request: GenerationRequest) -> FinalPrompt:
        """What the model will read for this request."""
        spec = self.planner.best_for(request)
        return self.planner.final_prompt(request, quickened(request, spec, self.catalog).spec)

    def known_spec(self, model_id: str | None, request: GenerationRequest) -> ModelSpec | None:
        """The model of a job, None if it is not known any more."""
        try:
            return self.catalog.get(model_id) if model_id else self.planner.best_for(request)
        except (NotFound, InvalidInput):
            return None

    def content_allowed(self, content: Content) -> None:
        """Raises Refused where the owner does not allow NSFW."""
        if content is Content.NSFW and not self.is_nsfw_allowed:
            raise Refused('NSFW is off here.', advice='The owner can allow it with OURVIDZ_IS_NSFW_ALLOWED=true.')

    async def ensure_visible(self, asset: Asset) -> None:
        """Raises Refused if the picture may only be seen blurred."""
        if not asset.is_blurred:
            return
        self.content_allowed(Content.NSFW)
        if rate('\n'.join((asset.prompt, asset.enhanced_prompt, await self._caption_of(asset)))).has_minor:
            raise Refused('A child is named in what it was made from, so what may be sexual in it is shown to nobody.')

    async def reference_from(self, asset: Asset, *, frame: float | None = None) -> Reference:
        """A reference made of a picture of the library, or of the frame at `frame` seconds of a clip.

        Raises Refused for one that may only be seen blurred.
        """
        await self.ensure_visible(asset)
        path, caption = rendition_path(self.library.files, asset, 'original'), await self._caption_of(asset)
        if asset.kind == 'image':
            return await self.references.add_picture(path, source='item', caption=caption)
        seconds = (asset.duration or 0) / 2 if frame is None else frame
        return await self.references.add_bytes(await frame_at(path, seconds), source='item', caption=caption)

    async def _caption_of(self, asset: Asset) -> str:
        """What a picture shows: its prompt, after what matters for the rating of pictures that it was made from."""
        request, behind = asset.parameters.get('request') or {}, []
        for field in REFERENCES:
            with suppress(NotFound):
                behind.append(rate((await self.references.get(str(request.get(field) or ''))).caption))
        told = [FROM_A_CHILD] if any(rating.has_minor for rating in behind) else []
        told += [FROM_NUDITY] if any(rating.is_nsfw for rating in behind) else []
        told += [FROM_LINGERIE] if any(rating.is_suggestive for rating in behind) else []
        return '\n'.join((*told, asset.final_prompt or asset.prompt))[:MAX_CAPTION]

    async def _references_of(self, request: GenerationRequest) -> list[Reference]:
        """Raises InvalidInput for one that is gone."""
        references = []
        for field in REFERENCES:
            reference_id = getattr(request, field)
            if reference_id is None:
                continue
            try:
                references.append(await self.references.get(reference_id))
            except NotFound as error:
                raise InvalidInput(field, 'This reference is not here any more.', advice='Add it again.') from error
        return references
