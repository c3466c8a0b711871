"""Enhancing the prompt at the person's wish: streamed into an editable box, to be cancelled or taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ourvidz.engine.messages import RunCancelled
from ourvidz.errors import InvalidInput, OurVidzError
from ourvidz.generation.request import Enhancement
from ourvidz.library.tables import new_id
from ourvidz.workspace.abilities import chosen_spec

if TYPE_CHECKING:
    from ourvidz.workspace.workspace import Workspace


class FormEnhancing:
    """At most one enhancement of the form at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._run_id: str | None = None

    async def start(self) -> None:
        """Write into `form.enhanced_prompt`. Raises OurVidzError if nothing usable comes of it."""
        form, enhancer = self.workspace.form, self.workspace.loop.enhancer
        if self._run_id is not None:
            return
        wanted = form.enhancement if form.enhancement is not Enhancement.NONE else Enhancement.INSTRUCT
        request = form.request().model_copy(update={'enhancement': wanted, 'enhanced_prompt': ''})
        drawer = chosen_spec(form, self.workspace.catalog)
        if drawer is None:
            raise InvalidInput('model', 'No model is installed.', advice='Get one on the Models page.')
        self._run_id = new_id()
        form.is_enhancing, form.enhanced_of = True, request.prompt
        is_kept = False
        try:
            async for piece in enhancer.stream(request, drawer, run_id=self._run_id):
                if isinstance(piece, str):
                    form.enhanced_prompt = piece
                elif isinstance(piece, RunCancelled):
                    return
            if because := enhancer.because_unusable(form.enhanced_prompt, request, drawer):
                raise OurVidzError(f'The prompt stays as it was: {because}')
            is_kept = True
        finally:
            self._run_id = None
            form.is_enhancing = False
            if not is_kept:
                self.take_back()
            self.workspace.touched()

    async def cancel(self) -> None:
        """Stop writing; the prompt stays as the person wrote it."""
        if self._run_id is not None:
            await self.workspace.loop.engine.cancel(self._run_id)

    def take_back(self) -> None:
        """Forget the enhanced prompt."""
        self.workspace.set(enhanced_prompt='', enhanced_of='')
