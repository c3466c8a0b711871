"""One app a data folder: two would take each other's running jobs for those of a crash."""

import fcntl
from pathlib import Path
from typing import IO

from ourvidz.errors import Refused


def claim(data_dir: Path) -> IO[bytes]:
    """Make the folder and hold it until the file returned is closed or the process ends, however it ends.

    Raises Refused if another app holds the folder or it cannot be written to.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / '.lock').open('ab')
    except OSError as error:
        advice = 'Make it writable, or set OURVIDZ_DATA_DIR to another folder.'
        raise Refused(f'The data folder {data_dir} cannot be used: {error.strerror}.', advice=advice) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        advice = 'Close it first, or set OURVIDZ_DATA_DIR to another folder.'
        raise Refused(f'Another OurVidz already works in the data folder {data_dir}.', advice=advice) from error
    except OSError as error:
        lock.close()
        advice = 'Set OURVIDZ_DATA_DIR to a folder on a disk of this machine.'
        raise Refused(f'The data folder {data_dir} cannot be locked: {error.strerror}.', advice=advice) from error
    return lock
