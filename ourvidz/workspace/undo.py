"""What can be taken back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Undo:
    """What was done, in words for a notice ('3 pictures dismissed, still in the library'), and how to take it back."""

    text: str
    take_back: Callable[[], Awaitable[None]]


def counted(number: int, kind: str = 'image') -> str:
    """'1 picture', '3 pictures', '2 clips'."""
    noun = 'clip' if kind == 'video' else 'picture'
    return f'{number} {noun}' if number == 1 else f'{number} {noun}s'
