"""All that the engine process has: its device, its models, and what makes pictures, clips and text with them."""

import logging
import warnings
from pathlib import Path

import diffusers
import transformers

from ourvidz.engine.messages import Device as DeviceName
from ourvidz.engine.messages import EngineReady, ImageRun, Run, TextRun, VideoRun
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.image_run import make_images
from ourvidz.engine.worker.memory.record import MemoryRecord
from ourvidz.engine.worker.renditions import Renditions
from ourvidz.engine.worker.shelf import ModelShelf
from ourvidz.engine.worker.talk import Talk
from ourvidz.engine.worker.text_run import write_text
from ourvidz.engine.worker.video_run import make_videos


class Studio:
    """Makes runs on one device; what they took of its memory is kept in `record_path`."""

    def __init__(
        self,
        *,
        device: DeviceName,
        memory_limit: int | None = None,
        record_path: Path | None = None,
        is_compiled: bool = False,
    ) -> None:
        _be_quiet()
        self._device = Device(device, limit=memory_limit)
        self._shelf = ModelShelf(self._device, record=MemoryRecord(record_path), is_compiled=is_compiled)
        self._renditions = Renditions()

    def ready(self) -> EngineReady:
        return self._device.ready()

    def make(self, run: Run, talk: Talk) -> int:
        """Make a run; gives the bytes of memory at its peak."""
        self._device.begin_run()
        try:
            match run:
                case ImageRun():
                    make_images(run, shelf=self._shelf, device=self._device, renditions=self._renditions, talk=talk)
                case TextRun():
                    write_text(run, shelf=self._shelf, device=self._device, talk=talk)
                case VideoRun():
                    make_videos(run, shelf=self._shelf, device=self._device, renditions=self._renditions, talk=talk)
            return self._device.peak()
        finally:
            self._device.end_run()

    def unload(self) -> None:
        """Let all models go."""
        self._shelf.clear()

    def tidy(self) -> None:
        """Give back what a run left over."""
        self._device.give_back()


def _be_quiet() -> None:
    logging.basicConfig(level=logging.WARNING, format='%(levelname)s %(name)s: %(message)s')
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.simplefilter('ignore')
