"""What the model will read: the final prompt, the negative one, the count of tokens, and what had no room."""

from html import escape

from nicegui import ui

from ourvidz.errors import OurVidzError
from ourvidz.generation.prompting import FinalPrompt
from ourvidz.workspace.workspace import Workspace


class FinalPromptView(ui.element):
    """One element; `show` writes it anew."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__('div')
        self.workspace = workspace
        self.classes('final-prompt').props('data-testid=final-prompt aria-live=polite')

    def show(self) -> None:
        try:
            self._props['innerHTML'] = _written(self.workspace.final_prompt())
        except OurVidzError as error:
            self._props['innerHTML'] = f'<p class="quiet">{escape(str(error))}</p>'


def _written(final: FinalPrompt) -> str:
    about = '' if final.is_exact else 'about '
    parts = [
        f'<p>{escape(final.text)}</p>',
        f'<p class="quiet">{about}{final.tokens} of {final.limit} tokens</p>',
    ]
    if final.negative:
        parts.append(f'<h4>Leaves out</h4><p>{escape(final.negative)}</p>')
    if final.dropped:
        parts.append(f'<h4>No room for</h4><p class="warn">{escape(", ".join(final.dropped))}</p>')
    if final.unread:
        parts.append(f'<h4>Beyond what it reads</h4><p class="warn">{escape(final.unread)}</p>')
    if final.unread_negative:
        words = escape(final.unread_negative)
        parts.append(f'<h4>Beyond what it reads of what to leave out</h4><p class="warn">{words}</p>')
    if final.plain:
        words = escape(', '.join(final.plain))
        parts.append(f'<h4>Read as plain words, without effect as weight or LoRA</h4><p class="warn">{words}</p>')
    if final.unsaid:
        choices = '; '.join(' or '.join(dict.fromkeys(each)) for each in final.unsaid)
        parts.append(f'<p class="quiet">Left open, so each seed chooses: {escape(choices)}.</p>')
    if final.replaced:
        words = ', '.join(f'{word} as {near}' for word, near in final.replaced)
        parts.append(f'<p class="quiet">It reads {escape(words)}.</p>')
    if final.unknown:
        parts.append(f'<p class="warn">It does not know {escape(", ".join(final.unknown))}.</p>')
    return ''.join(parts)
