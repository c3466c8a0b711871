"""Generate: queues what the form asks for, and says why while it cannot."""

from nicegui import binding, events, ui

from ourvidz.errors import OurVidzError
from ourvidz.generation.request import Mode
from ourvidz.ui.notices import notify, notify_error
from ourvidz.workspace.undo import counted
from ourvidz.workspace.workspace import Workspace


class GenerateButton(ui.element):
    """One element: what it does, and what will come of it."""

    shown = binding.BindableProperty(on_change=lambda sender, _: sender.show())

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('button')
        self.workspace = workspace
        self.classes('generate').props('type=button data-testid=generate-button aria-keyshortcuts="Control+Enter"')
        self.shown = self._derived()
        for field in ('mode', 'variations', 'prompt', 'refusals'):
            binding.bind_from(self, 'shown', workspace.form, field, lambda _: self._derived())
        self.on('click', self._on_click, ['detail'])
        self.show()

    def _derived(self) -> tuple[str, str]:
        form = self.workspace.form
        what = counted(form.variations) if form.mode is Mode.IMAGE else counted(1, 'video')
        because = form.why_not('generate') or ('' if form.prompt.strip() else 'Say what the picture shall show.')
        return what, because

    def show(self) -> None:
        what, because = self.shown
        self._props['innerHTML'] = f'<span>Generate</span><small>Ctrl ↵ · {what}</small>'
        self._props['aria-label'] = f'Generate {what}'
        self._props['aria-disabled'] = 'true' if because else 'false'
        self._props['data-tip'] = because

    async def _on_click(self, event: events.GenericEventArguments) -> None:
        """The second click of a double click is no second wish, nor is a key that is held."""
        if event.args['detail'] < 2:
            await self.generate()

    async def generate(self) -> None:
        """Queue it, or say why not."""
        _, because = self.shown
        if because:
            notify(because)
            return
        try:
            await self.workspace.generate()
        except OurVidzError as error:
            notify_error(error)
