"""Makes a rendition anew that is missing beside its original."""

import asyncio
from io import BytesIO
from pathlib import Path

from PIL import Image

from ourvidz.engine.messages import WEBP_QUALITY
from ourvidz.errors import NotFound
from ourvidz.generation.frames import frame_at
from ourvidz.library.files import EDGES, Files, Rendition, room
from ourvidz.library.tables import Asset, new_id


async def renewed(files: Files, asset: Asset, rendition: Rendition) -> Path:
    """The path of a smaller rendition, made of the original (a clip's middle). Raises NotFound if that is gone."""
    path, original = files.path(asset, rendition), files.path(asset, 'original')
    if rendition == 'original' or not original.is_file():
        raise NotFound('The file of this asset is not here any more.', advice='Restore it from a backup.')
    try:
        source = original.read_bytes if asset.kind == 'image' else None
        data = await asyncio.to_thread(source) if source else await frame_at(original, (asset.duration or 0) / 2)
        await asyncio.to_thread(_write, path, data, EDGES[rendition])
    except (OSError, SyntaxError, ValueError) as error:
        raise NotFound('The file of this asset cannot be read.', advice='Restore it from a backup.') from error
    return path


def _write(path: Path, data: bytes, edge: int) -> None:
    part = path.with_name(f'.{new_id()}.part')
    try:
        with Image.open(BytesIO(data)) as picture:
            picture.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
            with room():
                picture.save(part, 'WEBP', quality=WEBP_QUALITY, method=1)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
