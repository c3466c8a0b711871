"""ThumbHash gives what the public algorithm gives."""

import base64

from PIL import Image

from ourvidz.engine.worker.thumbhash import thumbhash
from tests.engine.pixels import slope


def average(encoded: str) -> tuple[float, float, float]:
    """The mean colour in a ThumbHash, 0..1, as its author's decoder computes it."""
    data = base64.b64decode(encoded)
    header = data[0] | data[1] << 8 | data[2] << 16
    light, yellow, red = (header & 63) / 63, (header >> 6 & 63) / 31.5 - 1, (header >> 12 & 63) / 31.5 - 1
    blue = light - 2 / 3 * yellow
    r = (3 * light - blue + red) / 2
    return r, r - red, blue


def test_a_plain_picture_keeps_its_colour() -> None:
    red, green, blue = average(thumbhash(Image.new('RGB', (300, 200), (230, 120, 20))))

    assert abs(red - 230 / 255) < 0.05 and abs(green - 120 / 255) < 0.05 and abs(blue - 20 / 255) < 0.05


def test_the_shape_is_told_and_the_hash_is_short() -> None:
    wide, tall = (base64.b64decode(thumbhash(slope(*size))) for size in ((1600, 900), (900, 1600)))

    assert wide[4] & 0x80 and not tall[4] & 0x80
    assert len(wide) <= 25 and len(tall) <= 25
