"""Assets: look, search, dismiss, restore, delete."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from ourvidz.api.views import AssetPage, AssetView, PageQuery
from ourvidz.generation.request import Quality
from ourvidz.library.tables import AssetStatus
from ourvidz.system import System


class AssetQuery(PageQuery):
    """Which assets are wanted."""

    kind: Literal['image', 'video'] | None = None
    query: str = Field('', max_length=10_000)
    model: str | None = None
    quality: Quality | None = None
    status: AssetStatus | None = None
    is_dismissed: bool | None = None
    is_favourite: bool | None = None


def router(system: System) -> APIRouter:
    """The routes for assets."""
    routes = APIRouter(prefix='/api/assets', tags=['assets'], dependencies=[Depends(system.ready)])

    @routes.get('')
    async def assets(wanted: Annotated[AssetQuery, Query()]) -> AssetPage:
        """Assets that are not deleted, newest first; `query` searches prompts."""
        page = await system.library.page(before=wanted.cursor, **wanted.model_dump(exclude={'cursor'}))
        return AssetPage(items=[AssetView.of(asset) for asset in page.items], next_cursor=page.next_cursor)

    @routes.get('/{asset_id}')
    async def asset(asset_id: str) -> AssetView:
        """One asset."""
        return AssetView.of(await system.library.asset(asset_id))

    @routes.post('/{asset_id}/dismiss')
    async def dismiss(asset_id: str) -> AssetView:
        """Hide an asset from the workspace; the library keeps it."""
        await system.library.asset(asset_id)
        await system.library.dismiss([asset_id])
        return AssetView.of(await system.library.asset(asset_id))

    @routes.post('/{asset_id}/restore')
    async def restore(asset_id: str) -> AssetView:
        """Bring a dismissed asset back to the workspace."""
        await system.library.asset(asset_id)
        await system.library.restore([asset_id])
        return AssetView.of(await system.library.asset(asset_id))

    @routes.delete('/{asset_id}', status_code=204)
    async def delete(asset_id: str) -> None:
        """Delete an asset."""
        await system.library.asset(asset_id)
        await system.library.delete([asset_id])

    return routes
