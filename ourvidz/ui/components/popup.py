"""A popup above a control: opens on its click, closes on Escape and on a click elsewhere."""

from nicegui import ui

OPENED = """() => {
  const anchor = document.getElementById('%s').getBoundingClientRect();
  const panel = document.querySelector('.prompt-panel')?.getBoundingClientRect();
  const lift = panel && anchor.top > panel.top ? anchor.top - panel.top : 0;
  document.body.style.setProperty('--popup-lift', `${lift}px`);
  document.body.classList.add('has-popup');
}"""


class Popup(ui.menu):
    """A menu above `anchor`, and above the panel if that is where the anchor is; on a phone a sheet at the bottom.

    With `is_opened_by_server` it opens only by `open()`, so that refusals can be told.
    """

    def __init__(self, anchor: ui.element, *, name: str, testid: str, is_opened_by_server: bool = False) -> None:
        super().__init__()
        self.classes('popup')
        self.props(
            'anchor="top middle" self="bottom middle" transition-duration=100 transition-show=fade transition-hide=fade'
        )
        self._props['target'] = f'#{anchor.html_id}'
        self._props[':offset'] = '[0, 8]'
        self._props['no-parent-event'] = is_opened_by_server
        self._props['aria-label'] = name
        self._props['data-testid'] = testid
        self.on('before-show', js_handler=OPENED % anchor.html_id)
        self.on('hide', js_handler="() => document.body.classList.remove('has-popup')")
        anchor.props['aria-haspopup'] = 'true'

    def settle(self) -> None:
        """Find the place anew, after what is inside has changed."""
        self.run_method('updatePosition')
