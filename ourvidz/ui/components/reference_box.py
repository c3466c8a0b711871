"""Boxes that hold a reference: its picture, what of it is used, and ways to change or remove it."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from nicegui import binding, ui

from ourvidz.generation.references import Reference, Source
from ourvidz.generation.request import Mode
from ourvidz.ui.components.chip import CyclingChip
from ourvidz.ui.components.controls import FRAME_USES
from ourvidz.ui.components.popup import Popup
from ourvidz.ui.icons import svg
from ourvidz.ui.notices import errors_told, notify
from ourvidz.workspace.cropping import Crop, crop_of
from ourvidz.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Place:
    """A place for a reference: the form's field, what to call it, and what it does to the result."""

    slot: str
    name: str
    icon: str
    tip: str


REFERENCE = Place('reference', 'Reference', 'reference', 'A picture to start from')
STYLE = Place('style_reference', 'Style ref', 'plus', 'A picture whose style is taken over')
START = Place('start_frame', 'First', 'frame-start', 'The picture that the clip begins with')
ANYWHERE = Place('start_frame', 'In it', 'frame-start', 'A picture that appears somewhere in the clip')
END = Place('end_frame', 'Last', 'frame-end', 'The picture that the clip ends on')
ORIGINS: dict[Source, str] = {'file': 'a file', 'url': 'the web', 'item': 'the library'}


@dataclass(frozen=True, slots=True)
class _Shown:
    place: Place
    reference: Reference | None
    because: str
    is_here: bool
    crop: Crop | None


class ReferenceBox(ui.element):
    """One box; which place it is may differ by mode, and it hides in a mode that has none for it."""

    shown = binding.BindableProperty(on_change=lambda sender, _: sender.show())

    def __init__(
        self, workspace: Workspace, places: Mapping[Mode, Place], *, testid: str, is_chip: bool = False
    ) -> None:
        super().__init__('div')
        self.workspace = workspace
        self.places = places
        self.is_chip = is_chip
        self.classes('reference-chip' if is_chip else 'reference-box')
        self._props['data-testid'] = testid
        with self:
            self.button = ui.element('button').props('type=button')
            self.button.classes('chip' if is_chip else 'reference-button')
            self.button.on('click', self._open, [])
            self.remove_button = ui.element('button').classes('reference-remove').props('type=button')
            self.remove_button.props['innerHTML'] = svg('close', size=14)
            self.remove_button.props['data-testid'] = f'{testid}-remove'
            self.remove_button.on('click', self._remove, [])
        self.menu = ReferenceMenu(self, testid=f'{testid}-menu')
        self.shown = self._derived()
        for field in ('mode', 'refusals', 'aspect_ratio', 'is_single', *(place.slot for place in places.values())):
            binding.bind_from(self, 'shown', workspace.form, field, lambda _: self._derived())
        self.show()

    @property
    def place(self) -> Place:
        place = self.places.get(self.workspace.form.mode) or next(iter(self.places.values()))
        return ANYWHERE if place is START and self.workspace.form.is_anywhere else place

    def _derived(self) -> _Shown:
        form = self.workspace.form
        place, is_here = self.place, form.mode in self.places
        reference: Reference | None = getattr(form, place.slot)
        is_cropped = reference is not None and is_here and place is not STYLE
        crop = crop_of(reference, form, self.workspace.catalog) if reference and is_cropped else None
        return _Shown(place, reference, form.why_not(place.slot), is_here, crop)

    def show(self) -> None:
        place, reference, because = self.shown.place, self.shown.reference, self.shown.because
        self.set_visibility(self.shown.is_here)
        self._props['data-slot'] = place.slot
        self._props['data-value'] = reference.source if reference else ''
        self.button.props['aria-label'] = f'{place.name}: {ORIGINS[reference.source] if reference else "none"}'
        self.button.props['aria-description'] = because or place.tip
        self.button.props['aria-disabled'] = 'true' if because else 'false'
        origin = f' · from {ORIGINS[reference.source]}' if reference else ''
        self.button.props['data-tip'] = because or f'{place.tip}{origin}'
        self.button.props['innerHTML'] = self._inside(place, reference)
        self.remove_button.set_visibility(reference is not None)
        self.remove_button.props['aria-label'] = f'Remove {place.name.lower()}'
        self.classes(remove='is-set is-refused')
        self.classes(add=' '.join((['is-set'] if reference else []) + (['is-refused'] if because else [])))
        self.menu.show(place, reference, self.shown.crop)

    def _inside(self, place: Place, reference: Reference | None) -> str:
        if reference is None:
            return f'{svg(place.icon, size=16 if self.is_chip else 22)}<span>{escape(place.name)}</span>'
        words = place.name if self.is_chip or place in (START, END, ANYWHERE) else reference.source
        return f'{_picture(reference, self.shown.crop)}<span>{escape(words)}</span>'

    def _open(self) -> None:
        if self.shown.because and self.shown.reference is None:
            notify(self.shown.because)
        else:
            self.menu.open()

    def _remove(self) -> None:
        self.workspace.remove_reference(self.place.slot)


class ReferenceMenu(Popup):
    """Ways to fill a box: a file, an address, or, if it is a style, how strongly it acts."""

    def __init__(self, box: ReferenceBox, *, testid: str) -> None:
        super().__init__(box.button, name='Reference', testid=testid, is_opened_by_server=True)
        self.box = box
        self.workspace = box.workspace
        self.classes('reference-menu')
        with self:
            self.tip = ui.label().classes('quiet')
            self.used = ui.element('div').classes('crop-view').props('role=img data-testid=crop-view')
            self.crop_words = ui.label().classes('quiet').props('data-testid=crop-words')
            if START in box.places.values():
                self._frame_use()
            self.file_button = ui.element('button').props('type=button').classes('menu-row')
            self.file_button.props['innerHTML'] = f'{svg("folder", size=18)}<span>Choose a file</span>'
            self.file_button.on('click', self.close, [])
            with ui.element('div').classes('url-row'):
                self.url = ui.input(placeholder='https:// address of a picture')
                self.url.props(f'outlined dense type=url aria-label="Address of a picture" data-testid={testid}-url')
                self.url.on('keydown.enter', self._fetch, [])
                add = ui.element('button').props('type=button').classes('button accent')
                add.props['innerHTML'] = 'Add'
                add.on('click', self._fetch, [])
            if STYLE in box.places.values():
                _StyleStrength(self.workspace)

    def show(self, place: Place, reference: Reference | None, crop: Crop | None) -> None:
        """Show what belongs to a place and its picture."""
        self.tip.set_text(f'{place.tip}. Drop it anywhere, paste it, or choose it here.')
        self.file_button.props['data-pick'] = place.slot
        words = crop.words if crop else ''
        self.used.set_visibility(bool(words))
        self.used.props['aria-label'] = words
        self.used.props['innerHTML'] = _picture(reference, crop) if reference and words else ''
        self.crop_words.set_text(words)
        self.crop_words.set_visibility(bool(words))

    def _frame_use(self) -> None:
        """Whether the picture begins the clip or may appear anywhere in it; only clips have that choice."""
        form = self.workspace.form
        chip = CyclingChip(
            self.workspace, 'is_single', FRAME_USES, name='Use', testid='frame-use', control='single_frame'
        )
        chip.bind_visibility_from(form, 'mode', lambda mode: mode is Mode.VIDEO)

    async def _fetch(self) -> None:
        url = (self.url.value or '').strip()
        if not url:
            return
        self.close()
        with errors_told():
            await self.workspace.add_url(self.box.place.slot, url)
            self.url.value = ''


def _picture(reference: Reference, crop: Crop | None) -> str:
    """The picture in its own shape; if a part is left out, all of it dimmed under the part that is used."""
    picture = f'<img src="/media/references/{escape(reference.id)}" alt="" draggable="false">'
    if crop is None:
        return picture
    beside, above = (50 * (1 - share) for share in (crop.across, crop.down))
    cut = f'<img class="crop-used" style="clip-path:inset({above:.1f}% {beside:.1f}%)"' + picture[4:]
    side = 'is-wide' if reference.width > reference.height else 'is-tall'
    both = picture + cut if crop.words else picture
    return f'<i class="crop {side}" style="aspect-ratio:{reference.width}/{reference.height}">{both}</i>'


class _StyleStrength(ui.element):
    def __init__(self, workspace: Workspace) -> None:
        super().__init__('label')
        self.classes('slider-row')
        with self:
            ui.label('How strongly it acts')
            slider = ui.slider(min=0, max=1, step=0.05, value=workspace.form.style_strength)
            slider.props('aria-label="Strength of the style reference"')
            slider.bind_value(workspace.form, 'style_strength')
            slider.on('change', lambda: workspace.touched(), [])
