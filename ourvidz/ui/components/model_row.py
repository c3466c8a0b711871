"""One model on the Models page: what it is, whether it fits, and its download."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from ourvidz.models.downloads import Downloads, DownloadState
from ourvidz.models.fitting import Fit, gigabytes
from ourvidz.models.spec import Ability, ModelSpec
from ourvidz.ui.notices import errors_told

ABILITIES = {
    Ability.TEXT_TO_IMAGE: 'pictures from text',
    Ability.IMAGE_TO_IMAGE: 'pictures from pictures',
    Ability.TEXT_TO_VIDEO: 'clips from text',
    Ability.START_FRAME: 'beginning frame',
    Ability.END_FRAME: 'ending frame',
    Ability.BOTH_FRAMES: 'both frames',
    Ability.SINGLE_FRAME: 'a picture anywhere in the clip',
    Ability.STYLE_REFERENCE: 'style reference',
    Ability.LORA: 'LoRA',
    Ability.NEGATIVE_PROMPT: 'negative prompt',
    Ability.INSTRUCT: 'enhances by instruction',
    Ability.BASE: 'enhances by example',
}


class ModelRow(ui.element):
    """A row that stays where it is while its model is fetched, paused or removed."""

    def __init__(self, spec: ModelSpec, *, downloads: Downloads) -> None:
        super().__init__('article')
        self.spec = spec
        self.downloads = downloads
        self.state = downloads.state(spec.id)
        self.classes('model').props(f'data-testid=model-row data-model-id="{spec.id}"')
        with self:
            with ui.element('div').classes('model-words'):
                with ui.element('h3'):
                    self._title = ui.label()
                    self._mark = ui.label().classes('model-mark')
                self._about = ui.label().classes('model-about')
                self._facts = ui.label().classes('model-facts').props('data-testid=model-facts')
                self._fit = ui.label().classes('model-fit').props('data-testid=model-fit')
            with ui.element('div').classes('model-acts'):
                self._progress_words().classes('model-progress-words').props('data-testid=model-progress')
                self._start = self._button('Download', 'model-download', self.downloads.start, when=_can_start)
                self._resume = self._button('Resume', 'model-resume', self.downloads.resume, when=_can_resume)
                self._pause = self._button('Pause', 'model-pause', self.downloads.pause, when=_can_pause)
                self._cancel = self._button('Cancel', 'model-cancel', self.downloads.cancel, when=_can_cancel)
                self._remove = self._button('Remove', 'model-remove', self._ask_to_remove, when=_is_installed)
            self._bar()

    def show(self, spec: ModelSpec, *, fit: Fit, is_default: bool) -> None:
        """Say what is true now."""
        self.spec = spec
        self._title.text = spec.title
        self._mark.text = ' · '.join(word for word in (_where(spec), 'used by default' if is_default else '') if word)
        self._about.text = spec.about
        self._about.set_visibility(bool(spec.about))
        self._facts.text = ' · '.join(_facts(spec))
        self._fit.text = fit.because
        self.props(f'data-installed={str(spec.is_installed).lower()} data-fits={str(fit.fits).lower()}')
        has_source = bool(spec.repository) and not spec.is_installed
        for button in (self._start, self._resume, self._pause, self._cancel):
            button.classes(**{'remove' if has_source else 'add': 'not-offered'})
        self._start.classes(**{'remove' if fit.fits else 'add': 'plain'})
        is_ours = spec.is_installed and not spec.is_embedded
        self._remove.classes(**{'remove' if is_ours else 'add': 'not-offered'})

    def _button(
        self,
        words: str,
        testid: str,
        act: Callable[[str], Awaitable[None]],
        *,
        when: Callable[[str], bool],
    ) -> ui.element:
        async def on_click() -> None:
            with errors_told():
                await act(self.spec.id)

        button = ui.element('button').classes('button').props(f'type=button data-testid={testid}')
        button.on('click', on_click, args=[])
        with button:
            ui.label(words)
        button.bind_visibility_from(self.state, 'status', backward=when)
        return button

    def _progress_words(self) -> ui.label:
        label = ui.label()
        for field in ('done', 'status', 'error'):
            label.bind_text_from(self.state, field, backward=lambda _: _words(self.state))
        label.bind_visibility_from(label, 'text', backward=bool)
        return label

    def _bar(self) -> None:
        bar = ui.linear_progress(0, show_value=False, size='3px').classes('model-bar').props('aria-label=Download')
        bar.bind_value_from(self.state, 'done', backward=lambda _: self.state.share)
        bar.bind_visibility_from(self.state, 'status', backward=lambda status: _is_moving(status) or status == 'paused')

    async def _ask_to_remove(self, model_id: str) -> None:
        with ui.dialog(value=True) as dialog, ui.element('div').classes('dialog'):
            again = (
                'It can be downloaded again.' if self.spec.repository else 'It has no source to fetch it from again.'
            )
            ui.label(f'Remove {self.spec.title} ({gigabytes(self.spec.size_on_disk)}) from the disk? {again}')
            with ui.element('div').classes('dialog-acts'):
                for words, answer, kind in (('Keep', False, ''), ('Remove', True, 'danger')):
                    button = (
                        ui.element('button')
                        .classes(f'button {kind}')
                        .props(f'type=button data-testid=confirm-{words.lower()}')
                    )
                    button.on('click', lambda answer=answer: dialog.submit(answer), args=[])
                    with button:
                        ui.label(words)
        if await dialog:
            await self.downloads.remove(model_id)
        dialog.delete()


def _where(spec: ModelSpec) -> str:
    if spec.is_embedded:
        return 'comes with OurVidz'
    if spec.is_local:
        return 'your own'
    return 'installed' if spec.is_installed else ''


def _facts(spec: ModelSpec) -> list[str]:
    """Size, licence and abilities, as far as they are known."""
    size = spec.size_on_disk if spec.is_installed else spec.download_size
    licence = '' if spec.licence == 'unknown' else spec.licence
    abilities = ', '.join(words for ability, words in ABILITIES.items() if spec.can(ability))
    gate = 'needs a token' if spec.is_gated else ''
    return [part for part in (gigabytes(size) if size else '', licence, abilities, gate) if part]


def _words(state: DownloadState) -> str:
    match state.status:
        case 'starting':
            return 'asking for the files'
        case 'downloading':
            speed = f' · {gigabytes(state.speed)}/s' if state.speed else ''
            return f'{state.share:.0%} of {gigabytes(state.total)}{speed}'
        case 'paused':
            return f'paused at {state.share:.0%} of {gigabytes(state.total)}'
        case 'failed':
            return state.error
        case _:
            return ''


def _is_moving(status: str) -> bool:
    return status in ('starting', 'downloading')


def _can_pause(status: str) -> bool:
    return status == 'downloading'


def _can_start(status: str) -> bool:
    return status in ('absent', 'failed')


def _can_resume(status: str) -> bool:
    return status == 'paused'


def _can_cancel(status: str) -> bool:
    return status in ('downloading', 'paused', 'failed')


def _is_installed(status: str) -> bool:
    return status == 'installed'
