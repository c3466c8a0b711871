"""What can be taken back."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from ourvidz.library.tables import Asset
from ourvidz.workspace.job_state import JobState


@dataclass(frozen=True, slots=True)
class Undo:
    """What was done, in words for a notice ('3 pictures dismissed, still in the library'), and how to take it back."""

    text: str
    take_back: Callable[[], Awaitable[None]]


def counted(number: int, kind: str = 'image') -> str:
    """'1 picture', '3 pictures', '2 clips'."""
    noun = 'clip' if kind == 'video' else 'picture'
    return f'{number} {noun}' if number == 1 else f'{number} {noun}s'


def named(assets: Sequence[Asset]) -> str:
    """'2 clips and 3 pictures'."""
    kinds = Counter(asset.kind for asset in assets)
    return ' and '.join(counted(number, kind) for kind, number in sorted(kinds.items()))


def dismissed(jobs: Sequence[JobState]) -> str:
    """What became of jobs that were dismissed: what they made stays in the library, the rest is on no page."""
    assets = [asset for job in jobs for asset in job.assets]
    bare = sum(not job.assets for job in jobs)
    words = [f'{named(assets)} dismissed, still in the library'] if assets else []
    words += [f'{_jobs(bare)} without pictures removed'] if bare else []
    return '; '.join(words)


def deleted(jobs: Sequence[JobState]) -> str:
    """What became of jobs that were deleted."""
    assets = [asset for job in jobs for asset in job.assets]
    return f'{named(assets) if assets else _jobs(len(jobs))} deleted'


def _jobs(number: int) -> str:
    return '1 job' if number == 1 else f'{number} jobs'
