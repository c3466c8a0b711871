"""The engine's inside without its process, for stories that look into it."""

from pathlib import Path

from ourvidz.engine.messages import FileMade, ImageRun, Noted, VideoRun
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.image_run import make_images
from ourvidz.engine.worker.renditions import Renditions
from ourvidz.engine.worker.shelf import ModelShelf
from ourvidz.engine.worker.talk import Talk
from ourvidz.engine.worker.video_run import make_videos


class Ears(Talk):
    """Hears what a run says in this process."""

    def __init__(self) -> None:
        self.run_id = 'alone'
        self.heard: list[object] = []

    def send(self, report: object) -> None:
        self.heard.append(report)

    def stop_if_cancelled(self) -> None:
        """Nobody cancels."""

    @property
    def notes(self) -> list[str]:
        return [report.text for report in self.heard if isinstance(report, Noted)]


class InProcess:
    """A shelf on a device in this process; the device is the processor, of `limit` bytes, unless given."""

    def __init__(self, *, limit: int | None = None, device: Device | None = None) -> None:
        self.device = device or Device('cpu', limit=limit)
        self.shelf = ModelShelf(self.device)

    def make(self, run: ImageRun | VideoRun) -> tuple[list[Path], Ears]:
        """The files of a run by their positions, and what was said."""
        ears, renditions = Ears(), Renditions()
        if isinstance(run, ImageRun):
            make_images(run, shelf=self.shelf, device=self.device, renditions=renditions, talk=ears)
        else:
            make_videos(run, shelf=self.shelf, device=self.device, renditions=renditions, talk=ears)
        files = [report for report in ears.heard if isinstance(report, FileMade)]
        return [file.original_path for file in sorted(files, key=lambda file: file.position)], ears
