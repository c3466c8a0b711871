"""Reference pictures as pipelines want them: upright, opaque, cropped to the ratio and scaled, never letterboxed."""

from pathlib import Path

from PIL import Image, ImageOps

from ourvidz.errors import EngineFailure


def open_reference(path: Path, *, width: int, height: int) -> Image.Image:
    """The picture at `path`, cropped around its middle to `width` x `height` px."""
    return ImageOps.fit(open_picture(path), (width, height), Image.Resampling.LANCZOS)


def open_picture(path: Path) -> Image.Image:
    """The picture at `path` in RGB, turned as its EXIF data says, on white where it is transparent."""
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.has_transparency_data:
                layered = picture.convert('RGBA')
                white = Image.new('RGBA', layered.size, 'white')
                return Image.alpha_composite(white, layered).convert('RGB')
            return picture.convert('RGB')
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        message = 'The reference picture cannot be read any more.'
        raise EngineFailure(message, advice='Add it again, or choose another picture.') from error
