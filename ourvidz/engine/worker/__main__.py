"""The engine process: receives runs over a pipe and makes them, one after the other."""

import argparse
import errno
import gc
import logging
import os
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from ourvidz.engine.messages import NO_SUCH_DEVICE, Run, RunCancelled, RunFailed, RunFinished, Unload
from ourvidz.engine.worker.talk import Cancelled, Line, Talk
from ourvidz.errors import BrokenModel, OurVidzError, OutOfMemory, StorageFull

if TYPE_CHECKING:
    from ourvidz.engine.worker.studio import Studio

logger = logging.getLogger('ourvidz.engine')


def main() -> None:
    """Serve until the web process ends."""
    arguments = _arguments()
    _give_way()
    line = Line(Connection(arguments.connection))
    from ourvidz.engine.worker.device import is_usable
    from ourvidz.engine.worker.studio import Studio

    if not is_usable(arguments.device):
        sys.exit(NO_SUCH_DEVICE)

    studio = Studio(
        device=arguments.device,
        memory_limit=arguments.memory_limit,
        record_path=arguments.memory_record,
        is_compiled=arguments.compile,
    )
    gc.collect()
    gc.freeze()
    line.send(studio.ready())
    for order in line.orders(at_rest=studio.tidy):
        if isinstance(order, Unload):
            studio.unload()
        else:
            _serve(studio, order, Talk(line, order.run_id))


def _give_way() -> None:
    """Where the processor makes the pictures, the pages that wait for it come first."""
    if hasattr(os, 'nice'):
        os.nice(5)


def _serve(studio: 'Studio', run: Run, talk: Talk) -> None:
    started = time.monotonic()
    try:
        talk.stop_if_cancelled()
        peak = studio.make(run, talk)
    except Cancelled:
        talk.send(RunCancelled(run_id=run.run_id))
    except Exception as error:
        logger.exception('Run %s failed', run.run_id)
        talk.send(_failure(run.run_id, error))
    else:
        talk.send(RunFinished(run_id=run.run_id, peak_memory=peak, seconds=time.monotonic() - started))


def _failure(run_id: str, error: Exception) -> RunFailed:
    match error:
        case OutOfMemory():
            return RunFailed(run_id=run_id, reason='out_of_memory', message=error.message, advice=error.advice)
        case BrokenModel():
            return RunFailed(run_id=run_id, reason='broken_model', message=error.message, advice=error.advice)
        case StorageFull():
            return RunFailed(run_id=run_id, reason='storage_full', message=error.message, advice=error.advice)
        case OurVidzError():
            return RunFailed(run_id=run_id, reason='failure', message=error.message, advice=error.advice)
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = 'Free some space, then press Retry.'
            return RunFailed(run_id=run_id, reason='storage_full', message='The disk is full.', advice=advice)
        case OSError() if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            message = f'The data folder cannot be written to: {error.strerror}.'
            advice = 'Make it writable for whoever runs OurVidz, then press Retry.'
            return RunFailed(run_id=run_id, reason='failure', message=message, advice=advice)
        case _:
            message = f'The run failed: {str(error) or type(error).__name__}.'
            advice = "Try again; if it fails again, the app's log says more."
            return RunFailed(run_id=run_id, reason='failure', message=message, advice=advice)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('connection', type=int, help='The file descriptor of the pipe to the web process')
    parser.add_argument('--device', default='auto', choices=['auto', 'cuda', 'mps', 'cpu'])
    parser.add_argument('--memory-limit', type=int, default=None, help='Bytes; the device is taken for that small')
    parser.add_argument('--memory-record', type=Path, default=None, help='Where peaks of memory are remembered')
    parser.add_argument('--compile', action='store_true', help='Compile the repeated blocks of models')
    return parser.parse_args()


if __name__ == '__main__':
    main()
