"""The engine leaves cores to others that work beside it, and takes all of them otherwise."""

import subprocess
import sys

from ourvidz.engine.worker.device import Threads

BURN = 'import time\nwhile time.process_time() < 0.7: pass'


def burn(processes: int) -> None:
    """Keep so many cores busy for a while."""
    burning = [subprocess.Popen([sys.executable, '-c', BURN]) for _ in range(processes)]
    assert [process.wait() for process in burning] == [0] * processes


def test_what_others_did_before_a_run_does_not_slow_it_down() -> None:
    threads = Threads()
    burn(Threads.cores())
    threads.begin_run()
    threads.end_run()
    assert threads.number == Threads.cores()


def test_what_others_do_during_a_run_leaves_the_next_one_fewer_threads() -> None:
    threads = Threads()
    threads.begin_run()
    burn(Threads.cores() + 1)
    threads.end_run()
    assert threads.number < max(2, Threads.cores())
