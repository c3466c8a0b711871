"""Ways in for programs: media and REST routes."""

from nicegui import app

from ourvidz.api import assets, docs, guard, jobs, media, models, references
from ourvidz.system import System


def register(system: System) -> None:
    """Add all routes to the app."""
    guard.register(system)
    docs.register()
    for part in (media, models, references, jobs, assets):
        app.include_router(part.router(system))
