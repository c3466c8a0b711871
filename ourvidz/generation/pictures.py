"""Turns any picture file that people have into a plain RGB picture, or says why it cannot."""

import codecs
import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms, PngImagePlugin, UnidentifiedImageError

from ourvidz.errors import InvalidInput

MIN_SIDE = 16
MAX_SIDE = 16_384
MAX_BYTES = 32 * 2**20
MAX_PIXELS = 65_000_000
MAX_CAPTION = 4_000
MAX_TEXT = 16 * 2**20
"""Bytes of a text in a PNG; some generators write all that they did into their pictures."""
TURN = Image.Transpose
TURNS = {
    2: TURN.FLIP_LEFT_RIGHT,
    3: TURN.ROTATE_180,
    4: TURN.FLIP_TOP_BOTTOM,
    5: TURN.TRANSPOSE,
    6: TURN.ROTATE_270,
    7: TURN.TRANSVERSE,
    8: TURN.ROTATE_90,
}
"""By what EXIF calls the orientation."""
NO_PROMPT = re.compile(r'^(?:Negative prompt|Steps): ', re.MULTILINE)
"""Where what A1111 and others write ends to be the prompt."""
FIRST_FRAME = 'Only the first frame of the animation is used.'
PARTS = {
    'MPO': '',
    'TIFF': 'Only the first picture of the file is used.',
    'HEIF': 'Only the main picture of the file is used.',
}
"""What is said of a file with several pictures by its format, if not that they are an animation."""
FORMATS = ('PNG', 'JPEG', 'WEBP', 'GIF', 'BMP', 'TIFF', 'HEIF', 'AVIF', 'PPM')
OTHERS = (
    (b'%PDF', 'a PDF document'),
    (b'<?xml', 'an SVG drawing or another XML file'),
    (b'<!doctype', 'a web page'),
    (b'<html', 'a web page'),
    (b'PK\x03\x04', 'an archive'),
    (b'8BPS', 'a Photoshop file'),
    (b'\x1aE\xdf\xa3', 'a video'),
    (b'RIFF', 'a sound or a video'),
)
STILLS = (b'heic', b'heix', b'mif1', b'msf1', b'avif', b'avis')
"""What AVIF and HEIC call themselves, whose files begin as videos do."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture in RGB, what the person should know about it, what the file says it shows ('' if nothing)."""

    image: Image.Image
    note: str = ''
    caption: str = ''


def decoded(data: bytes, *, field: str) -> Picture:
    """Decode by content, never by name: upright, RGB, 8 bits, first frame or main picture.

    Takes a while: call it in a thread.

    Raises InvalidInput for `field` with the reason: no picture, cut short, too large, too small.
    """
    if not data:
        raise InvalidInput(field, 'The file is empty.', advice='Choose another picture.')
    if len(data) > MAX_BYTES:
        raise InvalidInput(field, f'The file is larger than {MAX_BYTES // 2**20} MB.', advice='Save it smaller.')
    image = _opened(data, field)
    _ensure_size(image.size, field)
    try:
        note = PARTS.get(image.format or '', FIRST_FRAME) if getattr(image, 'is_animated', False) else ''
        image.load()
        plain = _rgb(_srgb(_upright(image)))
    except MemoryError as error:
        raise InvalidInput(field, 'There is too little memory for this picture.', advice='Save it smaller.') from error
    except Exception as error:  # broken files raise whatever the format's reader stumbles over
        raise _broken(field) from error
    return Picture(plain, note, _caption(image))


def _caption(image: Image.Image) -> str:
    """The prompt that image generators write into their files, or the description of cameras and editors."""
    prompt = NO_PROMPT.split(str(image.info.get('parameters') or ''), maxsplit=1)[0]
    description = str(_exif(image, ExifTags.Base.ImageDescription) or '')
    return '\n'.join(words for words in (prompt.strip(), description.strip()) if words)[:MAX_CAPTION]


def _upright(image: Image.Image) -> Image.Image:
    """As a camera says that it was held."""
    turn = TURNS.get(_exif(image, ExifTags.Base.Orientation))
    return image if turn is None else image.transpose(turn)


def _exif(image: Image.Image, tag: ExifTags.Base) -> Any:
    """What a file says about its picture; None if that is nothing, or damaged while the picture may be sound."""
    try:
        return image.getexif().get(tag)
    except Exception:  # damaged details raise whatever their reader stumbles over
        return None


def _opened(data: bytes, field: str) -> Image.Image:
    _know_formats()
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(field) from error
    except UnidentifiedImageError as error:
        if data[4:8] == b'ftyp' and data[8:12] in STILLS:
            raise _broken(field) from error
        raise InvalidInput(field, _no_picture(data), advice='Use PNG, JPEG, WebP, AVIF, HEIC, GIF or TIFF.') from error
    except Exception as error:  # broken headers raise whatever the format's reader stumbles over
        raise _broken(field) from error


def _know_formats() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    Image.init()
    PngImagePlugin.MAX_TEXT_CHUNK = MAX_TEXT


def _ensure_size(size: tuple[int, int], field: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS or max(size) > MAX_SIDE:
        raise _too_large(field)
    if min(size) < MIN_SIDE:
        message = f'The picture is {width}x{height} pixels, too small to be of use.'
        raise InvalidInput(field, message, advice=f'Each side needs {MIN_SIDE} pixels or more.')


def _broken(field: str) -> InvalidInput:
    return InvalidInput(field, 'The picture is cut short or broken.', advice='Download or export it again.')


def _too_large(field: str) -> InvalidInput:
    limit = f'at most {MAX_SIDE} pixels a side and {MAX_PIXELS // 10**6} megapixels'
    return InvalidInput(field, 'The picture has too many pixels.', advice=f'Make it smaller: {limit}.')


def _no_picture(data: bytes) -> str:
    start = data[:512].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if data[4:8] == b'ftyp':
        return 'The file is a video or a picture of a kind that is not known here.'
    if start.startswith(b'<') and b'<svg' in start:
        return 'The file is an SVG drawing, not a picture.'
    kind = next((kind for mark, kind in OTHERS if start.startswith(mark.lower())), None)
    return f'The file is {kind}, not a picture.' if kind else 'The file is not a picture, whatever its name says.'


def _srgb(image: Image.Image) -> Image.Image:
    """Colours as every screen shows them: an embedded profile is applied."""
    profile = image.info.get('icc_profile')
    if not profile or image.mode not in ('RGB', 'CMYK', 'RGBA'):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == 'RGB' and image.has_transparency_data:
            image = image.convert('RGBA')
        mode = 'RGBA' if image.mode == 'RGBA' else 'RGB'
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile('sRGB'), outputMode=mode)
        return converted or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith('I') or image.mode == 'F':
        return _eight_bits(image).convert('RGB')
    if image.has_transparency_data:
        image = image if image.mode == 'RGBA' else image.convert('RGBA')
        white = Image.new('RGB', image.size, 'white')
        white.paste(image, mask=image)
        return white
    return image.convert('RGB')


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 and 32 bits: 16-bit values by 257, others stretched to what is in the picture."""
    values = np.asarray(image)
    if image.mode.startswith('I') and values.min() >= 0 and values.max() <= 65_535:
        return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scaled = (values.astype(np.float32) - low) / ((high - low) or 1) * 255
    return Image.fromarray(np.nan_to_num(scaled).round().astype(np.uint8))
