"""Notices in a corner of the page: what happened, what went wrong, and what can be taken back."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from nicegui import context, ui

from ourvidz.errors import OurVidzError
from ourvidz.ui.icons import svg
from ourvidz.workspace.undo import Undo

MOST_AT_ONCE = 6


class Notices(ui.element):
    """The corner where notices appear; once a page. Screen readers read them out."""

    def __init__(self) -> None:
        super().__init__('div')
        self.classes('notices').props('role=region aria-label=Notices aria-live=polite data-testid=notices')


class Notice(ui.element):
    """One notice; a new one takes the place of one that says the same."""

    def __init__(self, text: str) -> None:
        super().__init__('div')
        self.says = text
        self.classes('notice').props('data-testid=notice')


def notify(text: str, *, seconds: float = 5) -> None:
    """Say something in passing."""
    _show(text, seconds=seconds)


def notify_error(error: OurVidzError) -> None:
    """Say what went wrong and what to do next."""
    _show(error.message, advice=error.advice, kind='is-error', seconds=15)


def offer_undo(undo: Undo, *, seconds: float = 10) -> None:
    """Say what was done, with a button that takes it back; nothing if nothing was done."""
    if undo.text:
        _show(undo.text, seconds=seconds, take_back=undo.take_back)


async def copy(text: str, title: str) -> None:
    """Put a text into the clipboard, also where the page came over plain http, and say whether that went well."""
    try:
        is_done = await ui.run_javascript(f'window.ourvidzCopy({json.dumps(text)})', timeout=10)
    except TimeoutError:
        is_done = False
    if is_done:
        notify(f'{title} copied', seconds=3)
    else:
        notify('The browser does not let this page copy. Mark the words and copy them by hand.')


@contextmanager
def errors_told() -> Iterator[None]:
    """Whatever goes wrong inside is told in a notice; what else was to be done inside is not."""
    try:
        yield
    except OurVidzError as error:
        notify_error(error)


def _show(
    text: str,
    *,
    seconds: float,
    advice: str = '',
    kind: str = '',
    take_back: Callable[[], Awaitable[None]] | None = None,
) -> None:
    corner = next((found for found in context.client.elements.values() if isinstance(found, Notices)), None)
    if corner is None:
        return
    if take_back is None:
        for old in [old for old in corner if isinstance(old, Notice) and old.says == text]:
            old.delete()
    for oldest in list(corner)[: 1 - MOST_AT_ONCE]:
        oldest.delete()
    with corner, Notice(text).classes(kind) as notice:
        with ui.element('div').classes('notice-words'):
            ui.label(text)
            if advice:
                ui.label(advice).classes('notice-advice')
        if take_back is not None:
            _undo_button(notice, take_back)
        close = ui.element('button').classes('icon-button').props('type=button aria-label="Close this notice"')
        close.props['innerHTML'] = svg('close', size=16)
        close.on('click', notice.delete, args=[])
        ui.timer(seconds, notice.delete, once=True)


def _undo_button(notice: ui.element, take_back: Callable[[], Awaitable[None]]) -> None:
    async def undo() -> None:
        button.props('disabled')
        with errors_told():
            await take_back()
        if not notice.is_deleted:
            notice.delete()

    button = ui.element('button').classes('undo-button').props('type=button data-testid=undo')
    button.on('click', undo, args=[])
    with button:
        ui.label('Undo')
