"""Everything that can go wrong in words that a user understands.

OurVidzError
├── InvalidInput           what was asked for cannot be (422); names the field
│   └── TooLarge           what was sent is too large (413)
├── NotFound               there is no such thing (404)
├── Refused                not allowed here, with the reason (403)
├── EngineFailure          a run failed
│   ├── OutOfMemory        the device has too little memory
│   ├── BrokenModel        the model's files are missing, corrupt or of another kind
│   └── EngineDied         the engine process ended while it was at work
├── StorageFull            the disk has too little space
└── LibraryLocked          another program keeps the library's file locked
"""


class OurVidzError(Exception):
    """An error with what happened and, in `advice`, what to do next."""

    def __init__(self, message: str, *, advice: str = '') -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f'{self.message} {self.advice}'.strip()


class InvalidInput(OurVidzError):
    """What was asked for cannot be; `field` names the control."""

    def __init__(self, field: str, message: str, *, advice: str = '') -> None:
        super().__init__(message, advice=advice)
        self.field = field


class TooLarge(InvalidInput):
    """What was sent is too large."""


class NotFound(OurVidzError):
    """There is no such job, asset, model or reference."""


class Refused(OurVidzError):
    """Not allowed here; the message says why."""


class EngineFailure(OurVidzError):
    """A run failed in the engine."""


class OutOfMemory(EngineFailure):
    """The device has too little memory for the run."""


class BrokenModel(EngineFailure):
    """The model's files are missing, corrupt or of another kind."""


class EngineDied(EngineFailure):
    """The engine process ended while it was at work."""


class StorageFull(OurVidzError):
    """The disk has too little space."""


class LibraryLocked(OurVidzError):
    """Another program keeps the library's file locked."""
