"""Enhance now: has the prompt rewritten while one looks on; the same button stops it."""

from nicegui import binding

from ourvidz.generation.request import Enhancement
from ourvidz.ui.components.chip import Chip, Look
from ourvidz.ui.notices import errors_told
from ourvidz.workspace.workspace import Workspace

ENHANCE = Look('Enhance', '', 'Write the richer prompt now, to read and edit it before Generate')
STOP = Look('Stop', '', 'Stop writing; your prompt stays as it is', 'writing')


class EnhanceButton(Chip):
    """Shown while an enhancement is chosen that would reach the picture."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('Enhance the prompt now', testid='enhance-now')
        self.workspace = workspace
        form = workspace.form
        self.follow(form, 'is_enhancing', look=lambda: STOP if form.is_enhancing else ENHANCE)
        for field in ('enhancement', 'refusals', 'is_enhancing'):
            binding.bind_from(self, 'visible', form, field, lambda _: self._is_of_use())
        self.on('click', self._on_click, js_handler='(e) => { if (e.detail < 2) emit(); }')

    def _is_of_use(self) -> bool:
        form = self.workspace.form
        return form.is_enhancing or (form.enhancement is not Enhancement.NONE and not form.why_not('enhancement'))

    async def _on_click(self) -> None:
        with errors_told():
            if self.workspace.form.is_enhancing:
                await self.workspace.enhancing.cancel()
            else:
                await self.workspace.enhancing.start()
