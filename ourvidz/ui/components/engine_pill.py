"""The device in the header: whether it is ready, what it does, and a button that pauses the queue."""

from nicegui import binding, ui

from ourvidz.ui.components.icon_button import IconButton
from ourvidz.ui.notices import errors_told, notify
from ourvidz.workspace.workspace import Workspace


class EnginePill(ui.element):
    """Follows the state of the engine by binding."""

    is_ready = binding.BindableProperty(on_change=lambda pill, _: pill._show())
    is_paused = binding.BindableProperty(on_change=lambda pill, _: pill._show())

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.workspace = workspace
        engine = workspace.engine
        self.is_ready, self.is_paused = engine.is_ready, engine.is_paused
        self.classes('pill engine-pill').props('role=status data-testid=engine')
        with self:
            self._dot = ui.element('span').classes('dot')
            ui.label().bind_text_from(engine, 'text').classes('engine-text')
            ui.label().bind_text_from(engine, 'work').classes('engine-work')
            self._button = IconButton('pause', 'Pause the queue', testid='pause-queue', tip='', size=16)
            self._button.on('click', self._toggle, args=[])
        binding.bind_from(self, 'is_ready', engine, 'is_ready')
        binding.bind_from(self, 'is_paused', engine, 'is_paused')
        self._show()

    def _show(self) -> None:
        self._dot.classes(add='is-ready' if self.is_ready else None, remove=None if self.is_ready else 'is-ready')
        if self.is_paused:
            self._button.show('play', 'Go on with the queue', tip='')
        else:
            self._button.show('pause', 'Pause the queue', tip='')

    async def _toggle(self) -> None:
        queue = self.workspace.loop.queue
        with errors_told():
            if self.workspace.engine.is_paused:
                await queue.resume()
            else:
                await queue.pause()
                notify('The queue is paused; what is at work is finished')
