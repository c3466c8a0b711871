"""A clip on disk: frames go into the encoder as they come, and small pictures for the page are kept on the way."""

import io
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from PIL import Image

from ourvidz.engine.messages import PREVIEW_EDGE, THUMBNAIL_EDGE, FileMade, Output, VideoRun
from ourvidz.engine.worker.decoding import Frame
from ourvidz.engine.worker.renditions import (
    Renditions,
    describe,
    needs_check,
    save_webps,
    shrunk,
    write,
)
from ourvidz.engine.worker.thumbhash import thumbhash

CODECS = (('libx264', '.mp4'), ('libsvtav1', '.webm'), ('libvpx-vp9', '.webm'))
QUALITY = {'libx264': {'crf': '17', 'preset': 'veryfast'}, 'libsvtav1': {'crf': '24', 'preset': '9'}}
HOVER_EDGE = 320
HOVER_FPS = 8
HOVER_FRAMES = 24


class ClipWriter:
    """Writes the frames of one clip into the staging folder; `finish` completes all files or `discard` removes them.

    H.264 in an MP4, which plays anywhere; of `codecs` the first that PyAV was built with. Colours are those of BT.709.
    """

    def __init__(
        self,
        *,
        run: VideoRun,
        output: Output,
        renditions: Renditions,
        codecs: tuple[tuple[str, str], ...] = CODECS,
    ) -> None:
        self._run, self._output, self._renditions = run, output, renditions
        self._codec, suffix = next(choice for choice in codecs if choice[0] in av.codecs_available)
        self._reformatter = VideoReformatter()
        self._stem = run.staging_dir / output.asset_id
        self.path = self._stem.with_suffix(suffix)
        run.staging_dir.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(self.path), 'w', options={'movflags': '+faststart'} if suffix == '.mp4' else {})
        self._stream: Any = None
        self._count = 0
        self._hover: list[Image.Image] = []
        self._checked: list[Image.Image] = []
        self._middle: Image.Image | None = None
        self._size = (0, 0)

    def add(self, frame: Frame) -> None:
        """Encode one frame (height, width, 3); an odd last row or column is left out, for H.264 wants even sizes."""
        height, width = frame.shape[0] // 2 * 2, frame.shape[1] // 2 * 2
        frame = np.ascontiguousarray(frame[:height, :width])
        if self._stream is None:
            self._size = (width, height)
            self._stream = self._open_stream(width, height)
        for packet in self._stream.encode(self._as_yuv(frame)):
            self._container.mux(packet)
        self._keep(Image.fromarray(frame))
        self._count += 1

    def finish(self) -> FileMade:
        """Complete the clip and write its poster, its preview for hovering and its thumbnail."""
        assert self._stream is not None and self._middle is not None, 'a clip has frames'
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._container.close()
        with self.path.open('rb') as file:
            os.fsync(file.fileno())
        poster, preview, thumbnail = (
            self._stem.with_name(f'{self._stem.name}.{name}.webp') for name in ('poster', 'preview', 'thumbnail')
        )
        save_webps({poster: PREVIEW_EDGE, thumbnail: THUMBNAIL_EDGE}, self._middle)
        self._save_hover(preview)
        run = self._run
        return FileMade(
            run_id=run.run_id,
            position=self._output.position,
            asset_id=self._output.asset_id,
            seed=self._output.seed,
            kind='video',
            original_path=self.path,
            preview_path=preview,
            thumbnail_path=thumbnail,
            poster_path=poster,
            width=self._size[0],
            height=self._size[1],
            duration=self._count / run.fps,
            fps=float(run.fps),
            placeholder=thumbhash(self._middle),
            content_score=max(map(self._renditions.check, self._checked)) if needs_check(run) else None,
        )

    def discard(self) -> None:
        """Remove what was begun."""
        self._container.close()
        for path in self.path.parent.glob(f'{self._stem.name}*'):
            path.unlink(missing_ok=True)

    def _open_stream(self, width: int, height: int) -> Any:
        stream: Any = self._container.add_stream(self._codec, rate=Fraction(self._run.fps))
        stream.width, stream.height, stream.pix_fmt = width, height, 'yuv420p'
        stream.options = QUALITY.get(self._codec, {})
        stream.color_primaries, stream.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        stream.colorspace, stream.color_range = Colorspace.ITU709, ColorRange.MPEG
        texts = describe(self._run, self._output, (width, height))
        self._container.metadata['title'] = self._run.prompt[:200]
        self._container.metadata['comment'] = texts['parameters']
        self._container.metadata['description'] = texts['ourvidz']
        return stream

    def _as_yuv(self, frame: Frame) -> av.VideoFrame:
        """In the colours that the stream's tags tell; untagged ones would differ from player to player."""
        return self._reformatter.reformat(
            av.VideoFrame.from_ndarray(frame, format='rgb24'),
            format='yuv420p',
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            dst_color_trc=ColorTrc.BT709,
            dst_color_primaries=ColorPrimaries.BT709,
        )

    def _keep(self, picture: Image.Image) -> None:
        total = self._run.num_frames
        stride = max(1, round(self._run.fps / HOVER_FPS), -(-total // HOVER_FRAMES))
        if self._count % stride == 0:
            self._hover.append(shrunk(picture, HOVER_EDGE))
        if self._count == total // 2:
            self._middle = picture
        if self._count in (0, total // 2, total - 1):
            self._checked.append(shrunk(picture, 512))

    def _save_hover(self, path: Path) -> None:
        data = io.BytesIO()
        each = round(1000 * self._count / self._run.fps / len(self._hover))
        self._hover[0].save(
            data,
            'WEBP',
            save_all=True,
            append_images=self._hover[1:],
            duration=each,
            loop=0,
            quality=60,
            method=0,
        )
        write(path, lambda file: file.write(data.getvalue()))
