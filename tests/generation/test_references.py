"""Pictures of every kind become references, and whatever is none is refused with the reason."""

import asyncio
import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from pillow_heif import register_heif_opener

from ourvidz.errors import InvalidInput, NotFound
from ourvidz.generation.frames import frame_at
from ourvidz.generation.pictures import MAX_BYTES
from ourvidz.generation.references import References

RED, BLUE = (220, 30, 30), (30, 30, 220)


def picture(format: str = 'PNG', *, mode: str = 'RGB', size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """Red at the left, blue at the right."""
    image = Image.new('RGB', size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    file = io.BytesIO()
    image.convert(mode).save(file, format, **options)
    return file.getvalue()


@pytest.fixture
def references(tmp_path: Path) -> References:
    return References(tmp_path / 'references', is_allowed=lambda address: address.is_loopback)


def colours(path: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The colours near the left and the right edge of a reference."""
    image = Image.open(path)
    assert image.mode == 'RGB' and image.format == 'PNG'
    pixels = np.asarray(image)
    return tuple(map(int, pixels[-4, 3])), tuple(map(int, pixels[3, -4]))


def is_near(colour: tuple[int, ...], wanted: tuple[int, ...], *, within: int = 40) -> bool:
    return all(abs(a - b) <= within for a, b in zip(colour, wanted, strict=True))


def heic() -> bytes:
    register_heif_opener()
    return picture('HEIF', quality=95)


def with_profile(**options: Any) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    return picture('PNG', icc_profile=profile, **options)


KINDS: dict[str, Callable[[], bytes]] = {
    'png': lambda: picture(),
    'jpeg': lambda: picture('JPEG', quality=95),
    'webp': lambda: picture('WEBP', lossless=True),
    'avif': lambda: picture('AVIF', quality=95),
    'heic': heic,
    'bmp': lambda: picture('BMP'),
    'tiff': lambda: picture('TIFF'),
    'palette': lambda: picture(mode='P'),
    'gif': lambda: picture('GIF'),
    'alpha': lambda: picture(mode='RGBA'),
    'cmyk jpeg': lambda: picture('JPEG', mode='CMYK', quality=95),
    'colour profile': with_profile,
}


@pytest.mark.parametrize('kind', KINDS)
async def test_every_kind_of_picture_becomes_rgb(references: References, kind: str) -> None:
    reference = await references.add_bytes(KINDS[kind]())
    assert (reference.width, reference.height, reference.source, reference.note) == (64, 48, 'file', '')
    left, right = colours(reference.path)
    assert is_near(left, RED) and is_near(right, BLUE)
    assert Image.open(reference.thumbnail).format == 'WEBP'


async def test_a_picture_is_turned_upright(references: References) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    reference = await references.add_bytes(picture('JPEG', exif=exif, quality=95))
    assert (reference.width, reference.height) == (48, 64)
    bottom, top = colours(reference.path)
    assert is_near(top, RED) and is_near(bottom, BLUE)


async def test_damaged_details_do_not_spoil_a_sound_picture(references: References) -> None:
    """A chunk of EXIF of four bytes, before the pixels of a PNG."""
    whole, content = picture(), b'eXIfII*\x00'
    chunk = struct.pack('>I', 4) + content + struct.pack('>I', zlib.crc32(content))
    at = whole.index(b'IDAT') - 4
    reference = await references.add_bytes(whole[:at] + chunk + whole[at:])
    assert (reference.width, reference.height) == (64, 48)


async def test_sixteen_bits_keep_their_brightness(references: References) -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32), 32_768, np.uint16)).save(file, 'PNG')
    reference = await references.add_bytes(file.getvalue())
    assert colours(reference.path)[0] == (128, 128, 128)


@pytest.mark.parametrize(('alpha', 'grey'), [(0, 255), (128, 127), (255, 0)])
async def test_transparency_becomes_white(references: References, alpha: int, grey: int) -> None:
    file = io.BytesIO()
    Image.new('RGBA', (32, 32), (0, 0, 0, alpha)).save(file, 'PNG')
    assert colours((await references.add_bytes(file.getvalue())).path)[0] == (grey,) * 3


async def test_one_colour_that_is_transparent_becomes_white_also_with_a_profile(references: References) -> None:
    reference = await references.add_bytes(with_profile(transparency=RED))
    left, right = colours(reference.path)
    assert left == (255, 255, 255) and is_near(right, BLUE)


FIRST_FRAME = 'Only the first frame of the animation is used.'
MAIN_PICTURE = 'Only the main picture of the file is used.'


@pytest.mark.parametrize(
    ('format', 'options', 'colour', 'note'),
    [
        ('GIF', {}, RED, FIRST_FRAME),
        ('PNG', {}, RED, FIRST_FRAME),
        ('WEBP', {'lossless': True}, RED, FIRST_FRAME),
        ('AVIF', {}, RED, FIRST_FRAME),
        ('TIFF', {}, RED, 'Only the first picture of the file is used.'),
        ('HEIF', {'primary_index': 0}, RED, MAIN_PICTURE),
        ('HEIF', {'primary_index': 1}, BLUE, MAIN_PICTURE),
        ('MPO', {}, RED, ''),
    ],
)
async def test_a_file_of_several_pictures_gives_one_and_says_so(
    references: References, format: str, options: dict[str, Any], colour: tuple[int, ...], note: str
) -> None:
    register_heif_opener()
    first, second = (Image.new('RGB', (32, 32), each) for each in (RED, BLUE))
    file = io.BytesIO()
    first.save(file, format, save_all=True, append_images=[second], **options)
    reference = await references.add_bytes(file.getvalue())
    assert is_near(colours(reference.path)[0], colour)
    assert reference.note == note
    assert (await references.get(reference.id)).note == note


async def test_the_same_bytes_are_the_same_reference(references: References, tmp_path: Path) -> None:
    (tmp_path / 'picture.png').write_bytes(picture())
    first = await references.add_bytes(picture())
    again = await references.add_picture(tmp_path / 'picture.png')
    other = await references.add_bytes(picture(size=(80, 80)))
    assert first.id == again.id != other.id
    assert len(first.id) == 32 and int(first.id, 16) >= 0
    assert again.source == 'item' and (await references.get(first.id)).source == 'item'


async def test_a_small_picture_that_is_gone_is_made_anew(references: References) -> None:
    reference = await references.add_bytes(picture())
    before = reference.thumbnail.read_bytes()
    reference.thumbnail.unlink()
    assert await references.get(reference.id) == reference
    assert reference.thumbnail.read_bytes() == before


@pytest.mark.parametrize('suffix', ['png', 'webp', 'json'])
@pytest.mark.parametrize('share', [0, 0.5])
async def test_what_a_power_cut_damaged_is_whole_once_added_again(
    references: References, suffix: str, share: float
) -> None:
    reference = await references.add_bytes(picture())
    damaged = reference.path.with_suffix(f'.{suffix}')
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: int(len(whole) * share)])
    if suffix != 'webp':
        with pytest.raises(NotFound, match='Add it again'):
            await references.get(reference.id)
    assert await references.add_bytes(picture()) == await references.get(reference.id) == reference
    assert damaged.read_bytes() == whole or share


async def test_long_notes_of_a_generator_do_not_spoil_its_picture(references: References) -> None:
    notes = PngInfo()
    notes.add_text('parameters', 'a hill')
    notes.add_text('workflow', 'a node, ' * 2**18, zip=True)
    notes.add_itxt('prompt', 'a node, ' * 2**18, zip=True)
    assert (await references.add_bytes(picture(pnginfo=notes))).caption == 'a hill'


async def test_what_a_picture_is_said_to_show_is_kept(references: References, tmp_path: Path) -> None:
    text = PngInfo()
    text.add_text('parameters', 'a hill,\nred sky\nNegative prompt: people\nSteps: 2, Seed: 7')
    made = await references.add_bytes(picture(pnginfo=text))
    assert made.caption == 'a hill,\nred sky'
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = 'Our house'
    assert (await references.add_bytes(picture('JPEG', exif=exif))).caption == 'Our house'
    (tmp_path / 'picture.png').write_bytes(picture())
    assert (await references.add_picture(tmp_path / 'picture.png', caption='a fox')).caption == 'a fox'
    assert (await references.add_bytes(picture())).caption == 'a fox'


@pytest.mark.parametrize('content', [None, b'', b'no clip at all'])
async def test_a_clip_that_is_lost_or_damaged_gives_no_frame_but_a_sentence(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / 'clip.mp4'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotFound, match='lost or cannot be read'):
        await frame_at(path, 0)


async def test_a_name_tells_nothing(references: References, tmp_path: Path) -> None:
    (tmp_path / 'really.jpg').write_bytes(picture('PNG'))
    assert (await references.add_picture(tmp_path / 'really.jpg')).width == 64
    with pytest.raises(NotFound, match='not there'):
        await references.add_picture(tmp_path / 'gone.png')


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    'empty': (lambda: b'', 'empty'),
    'text': (lambda: b'hello there, I am a jpg', 'not a picture'),
    'web page': (lambda: b'<!DOCTYPE html><html></html>', 'web page'),
    'drawing': (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', 'an SVG drawing, not'),
    'drawing with a mark': (lambda: b'\xef\xbb\xbf<svg/>', 'an SVG drawing, not'),
    'drawing of a kind': (lambda: b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">\n<svg/>', 'an SVG drawing, not'),
    'drawing with words': (lambda: b'<!-- Made by hand -->\n<svg/>', 'an SVG drawing, not'),
    'drawing as XML': (lambda: b'<?xml version="1.0"?>\n<svg/>', 'an SVG drawing, not'),
    'document': (lambda: b'%PDF-1.7 ...', 'PDF'),
    'video': (lambda: b'\0\0\0\x18ftypisom' + bytes(64), 'video'),
    'cut short': (lambda: picture(size=(640, 480))[:1_000], 'cut short'),
    'cut avif': (lambda: picture('AVIF', size=(640, 480))[:100], 'cut short'),
    'cut heic': (lambda: heic()[:100], 'cut short'),
    'cut jpeg': (lambda: picture('JPEG', size=(640, 480))[:900], 'cut short'),
    'too small': (lambda: picture(size=(15, 200)), 'too small'),
    'too long': (lambda: picture(size=(16_400, 16)), 'too many pixels'),
    'too heavy': (lambda: picture() + bytes(MAX_BYTES), 'larger than 32 MB'),
}


@pytest.mark.parametrize('kind', REFUSED)
async def test_what_is_no_picture_is_refused_with_the_reason(references: References, kind: str) -> None:
    make, reason = REFUSED[kind]
    with pytest.raises(InvalidInput, match=reason) as refusal:
        await references.add_bytes(make())
    assert refusal.value.field == 'file'
    assert not list(references.references_dir.glob('*'))


@pytest.mark.parametrize('height', [4_100, 16_000])
async def test_a_decompression_bomb_is_not_unpacked(references: References, height: int) -> None:
    file = io.BytesIO()
    Image.new('1', (16_000, height)).save(file, 'PNG')
    assert len(file.getvalue()) < 100_000
    with pytest.raises(InvalidInput, match='too many pixels'):
        await references.add_bytes(file.getvalue())


async def test_ids_lead_nowhere_else(references: References) -> None:
    for id_ in ('0' * 32, '../../etc/passwd', '', 'A' * 32):
        with pytest.raises(NotFound, match='no such reference'):
            await references.get(id_)


async def test_what_is_not_used_for_long_is_cleaned(references: References) -> None:
    old, kept, used = [await references.add_bytes(picture(size=(side, side))) for side in (20, 30, 40)]
    for reference in (old, kept, used):
        os.utime(reference.path.with_suffix('.json'), (0, 0))
    await references.get(used.id)
    assert await references.clean(keep={kept.id}) == 1
    with pytest.raises(NotFound):
        await references.get(old.id)
    assert await references.get(kept.id) and await references.get(used.id)


async def test_what_a_kill_left_is_cleaned(references: References) -> None:
    whole, undescribed, at_work = [await references.add_bytes(picture(size=(side, side))) for side in (20, 30, 40)]
    for reference in (undescribed, at_work):
        reference.path.with_suffix('.json').unlink()
    unfinished = references.references_dir / f'.{whole.id}.png.4711.1234567890'
    foreign = references.references_dir / 'notes.txt'
    for path in (unfinished, foreign):
        path.write_bytes(b'')
    for path in (unfinished, foreign, whole.path, whole.thumbnail, undescribed.path, undescribed.thumbnail):
        os.utime(path, (0, 0))
    assert await references.clean() == 0
    left = {foreign, whole.path, whole.thumbnail, whole.path.with_suffix('.json'), at_work.path, at_work.thumbnail}
    assert set(references.references_dir.iterdir()) == left


async def test_the_loop_runs_on_while_a_large_picture_is_read(references: References) -> None:
    task = asyncio.create_task(references.add_bytes(picture(size=(2_000, 2_000))))
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 1 and task.result().width == 2_000
