"""What the engine process hears and says, without a model."""

import subprocess
import sys

from tests.running import PATIENCE, ROOT

TWICE = """
from multiprocessing import Pipe
from pathlib import Path
from ourvidz.engine.messages import Cancel, RunFinished
from ourvidz.engine.worker.talk import Line
from tests.engine.runs import image_run, source
from tests.running import eventually

web, own = Pipe()
line = Line(own)
orders = line.orders(at_rest=lambda: None)
web.send(image_run(source(Path()), Path()))
run = next(orders)
line.send(RunFinished(run_id=run.run_id, peak_memory=0, seconds=1))
web.send(run)
web.send(Cancel(run_id=run.run_id))
eventually(lambda: line.is_cancelled(run.run_id))
next(orders)
print('cancelled' if line.is_cancelled(run.run_id) else 'not heard')
"""


def test_what_bears_the_id_of_the_run_before_can_be_cancelled() -> None:
    """An enhancement and the picture after it do. A process of its own, as the line ends the one that it is in."""
    ended = subprocess.run(
        [sys.executable, '-c', TWICE], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert ended.stdout.strip() == 'cancelled'
