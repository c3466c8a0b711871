"""Records pictures for as long as it lives, to be killed at any moment: python -m tests.library.recorder FOLDER."""

import asyncio
import sys
from itertools import count
from pathlib import Path

from tests.library.making import add_asset, add_job, opened


async def main(data_dir: Path) -> None:
    async with opened(data_dir) as library:
        job = await add_job(library)
        for position in count():
            asset = await add_asset(library, job, position)
            sys.stdout.write(f'{asset.id}\n')
            sys.stdout.flush()


if __name__ == '__main__':
    asyncio.run(main(Path(sys.argv[1])))
