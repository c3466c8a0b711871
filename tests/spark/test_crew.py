"""Several processes that train together, and end together."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from tests.running import ROOT, eventually, has_ended

FOR_EVER = """
import sys, time
from pathlib import Path
from ourvidz.spark.crew import together

def work(folder, crew):
    (folder / str(crew.rank)).touch()
    time.sleep(600)

if __name__ == '__main__':
    folder = Path(sys.argv[1])
    together(work, folder, workers=2, meeting=folder / 'meeting')
"""


def test_nobody_trains_on_when_whoever_began_it_is_killed(tmp_path: Path) -> None:
    script = tmp_path / 'training.py'
    script.write_text(FOR_EVER)
    training = subprocess.Popen([sys.executable, script, tmp_path], env=os.environ | {'PYTHONPATH': str(ROOT)})
    crew: list[psutil.Process] = []
    try:
        eventually(lambda: all((tmp_path / rank).exists() for rank in '01'))
        crew = psutil.Process(training.pid).children(recursive=True)
        assert len(crew) >= 2
        training.kill()
        training.wait()
        eventually(lambda: all(has_ended(process) for process in crew))
    finally:
        training.kill()
        training.wait()
        for process in crew:
            with suppress(psutil.NoSuchProcess):
                process.kill()
