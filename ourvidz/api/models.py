"""Health and models."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from ourvidz.api.views import ModelView
from ourvidz.system import System


class Health(BaseModel):
    """Whether the app works."""

    status: Literal['ok', 'starting']
    engine: Literal['ready', 'starting']
    device: str | None
    waiting: int
    is_paused: bool


class Models(BaseModel):
    """All models of the catalog."""

    items: list[ModelView]


def router(system: System) -> APIRouter:
    """The routes for health and models."""
    routes = APIRouter(prefix='/api', tags=['models'])

    @routes.get('/health')
    async def health() -> Health:
        """Whether the library is open and the engine has started."""
        info = system.engine.info
        return Health(
            status='ok' if system.is_ready else 'starting',
            engine='starting' if info is None else 'ready',
            device=None if info is None else info.device_name,
            waiting=system.workspace.engine.waiting,
            is_paused=system.queue.is_paused,
        )

    @routes.get('/models')
    async def models() -> Models:
        """All models of the catalog: what they can do, and what fits this machine."""
        await system.ready()
        return Models(items=[ModelView.of(spec, system.catalog) for spec in system.catalog.specs()])

    return routes
