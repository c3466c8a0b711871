"""Health and models."""

from typing import Any

from fastapi import APIRouter

from ourvidz.api.views import model_view
from ourvidz.system import System


def router(system: System) -> APIRouter:
    """The routes for health and models."""
    routes = APIRouter(prefix='/api', tags=['models'])

    @routes.get('/health')
    async def health() -> dict[str, Any]:
        """Whether the library is open and the engine has started."""
        info = system.engine.info
        return {
            'status': 'ok' if system.is_ready else 'starting',
            'engine': 'starting' if info is None else 'ready',
            'device': None if info is None else info.device_name,
            'waiting': system.workspace.engine.waiting,
            'is_paused': system.queue.is_paused,
        }

    @routes.get('/models')
    async def models() -> dict[str, Any]:
        """All models of the catalog: what they can do, and what fits this machine."""
        await system.ready()
        return {'items': [model_view(spec, system.catalog) for spec in system.catalog.specs()]}

    return routes
