"""The one url and the one path of each rendition of an asset."""

from pathlib import Path

from ourvidz.errors import NotFound
from ourvidz.library.files import Files, Rendition
from ourvidz.library.tables import Asset


def media_url(asset: Asset, rendition: Rendition) -> str:
    """The cacheable url of a rendition. Raises NotFound for the poster of an image."""
    _check(asset, rendition)
    return f'/media/{asset.id}/{rendition}?v={asset.file_size:x}'


def rendition_path(files: Files, asset: Asset, rendition: Rendition) -> Path:
    """Where a rendition lies on the disk. Raises NotFound for the poster of an image."""
    _check(asset, rendition)
    return files.path(asset, rendition)


def _check(asset: Asset, rendition: Rendition) -> None:
    if rendition == 'poster' and asset.kind == 'image':
        raise NotFound('An image has no poster.', advice='Take its preview.')
