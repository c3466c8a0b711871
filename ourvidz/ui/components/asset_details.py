"""All that is known of a picture or clip, to be read and copied."""

from typing import Any

from nicegui import ui

from ourvidz.generation.infotext import infotext
from ourvidz.library.tables import Asset
from ourvidz.ui.components.asset_card import clock
from ourvidz.ui.components.icon_button import IconButton
from ourvidz.ui.notices import copy

FIRST = {'num_inference_steps': 'Steps', 'guidance_scale': 'Guidance', 'strength': 'Strength'}
OTHERS = {'num_frames': 'Frames', 'is_continued': 'Goes on from a clip'}
SHOWN_ABOVE = {
    'prompt', 'final_prompt', 'enhanced_prompt', 'negative_prompt', 'final_negative_prompt', 'seed', 'width', 'height',
    'model', 'model_title', 'quality', 'mode', 'duration', 'fps', 'reference_id', 'style_reference_id',
    'start_frame_id', 'end_frame_id', *FIRST,
}  # fmt: skip


class AssetDetails(ui.element):
    """Texts with buttons that copy them, then every parameter. The browser writes the time, in its own zone."""

    def __init__(self) -> None:
        super().__init__('div')
        self.classes('details')

    def show(self, asset: Asset) -> None:
        """Show another asset."""
        self.clear()
        with self:
            self._passage('Prompt', asset.prompt, testid='details-prompt')
            self._passage('Enhanced prompt', asset.enhanced_prompt)
            self._passage('What the model read', asset.final_prompt, testid='details-final-prompt')
            self._passage('Left out (negative prompt)', asset.negative_prompt)
            with ui.element('dl').classes('details-table').props('data-testid=details-table'):
                for name, value in _rows(asset):
                    with ui.element('dt'):
                        ui.label(name)
                    with ui.element('dd'):
                        if name == 'Made':
                            ui.element('time').props(f'datetime={asset.created_at.isoformat()}Z')
                        else:
                            ui.label(value)
                        if name == 'Seed':
                            _copy_button(name, value)
            everything = ui.element('button').classes('button plain').props('type=button data-testid=details-copy-all')
            everything.on('click', lambda: copy(_as_infotext(asset), 'Everything'), args=[])
            with everything:
                ui.label('Copy everything as text')

    def _passage(self, title: str, text: str, *, testid: str = '') -> None:
        if not text:
            return
        with ui.element('div').classes('details-text'):
            with ui.element('h2'):
                ui.label(title)
            _copy_button(title, text)
            words = ui.label(text).classes('details-words')
            if testid:
                words.props(f'data-testid={testid}')


def _copy_button(title: str, text: str) -> None:
    button = IconButton('copy', f'Copy {title.lower()}', tip='', size=16).classes('copy-button')
    button.on('click', lambda: copy(text, title), args=[])


def _as_infotext(asset: Asset) -> str:
    parameters = asset.parameters | {'width': asset.width, 'height': asset.height}
    negative, title = parameters.get('final_negative_prompt', ''), parameters.get('model_title', asset.model)
    return infotext(asset.final_prompt or asset.prompt, negative, parameters, title=title, seed=asset.seed)


def _rows(asset: Asset) -> list[tuple[str, str]]:
    parameters = dict(asset.parameters)
    parameters |= {
        name: value for name, value in (parameters.pop('request', None) or {}).items() if name not in parameters
    }
    model = str(parameters.get('model_title') or asset.model)
    rows = [('Seed', str(asset.seed)), ('Size', f'{asset.width} × {asset.height} px'), ('Model', model)]
    if asset.duration is not None:
        rows.append(('Length', f'{clock(asset.duration)} at {asset.fps or 0:g} frames a second'))
    rows.append(('Quality', asset.quality))
    rows += [(title, _in_words(parameters[name])) for name, title in FIRST.items() if parameters.get(name) is not None]
    rows.append(('Made', asset.created_at.isoformat()))
    rows += [
        (OTHERS.get(name) or name.replace('_', ' ').capitalize(), _in_words(value))
        for name, value in parameters.items()
        if name not in SHOWN_ABOVE and value not in (None, '', [], {}, ())
    ]
    return [(name, value) for name, value in rows if value]


def _in_words(value: Any) -> str:
    match value:
        case bool():
            return 'yes' if value else 'no'
        case float():
            return f'{value:g}'
        case list() | tuple():
            return ', '.join(_in_words(part) for part in value)
        case dict():
            return ', '.join(f'{name} {_in_words(part)}' for name, part in value.items())
        case _:
            return str(value)
