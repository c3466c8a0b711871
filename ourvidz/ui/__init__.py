"""The pages."""

from urllib.parse import unquote

from fastapi import Request
from nicegui import ui

from ourvidz.system import System
from ourvidz.ui.pages.library_page import LibraryPage
from ourvidz.ui.pages.models_page import ModelsPage
from ourvidz.ui.pages.workspace_page import ZONE_COOKIE, WorkspacePage
from ourvidz.ui.theme import VIEWPORT, serve_assets


def register(system: System) -> None:
    """Add all pages to the app."""
    serve_assets()

    @ui.page('/', viewport=VIEWPORT, language='en-US', response_timeout=60)
    async def workspace_page(request: Request) -> None:
        await system.ready()
        WorkspacePage(system.workspace, zone=unquote(request.cookies.get(ZONE_COOKIE, 'UTC')))

    @ui.page('/library', viewport=VIEWPORT, language='en-US', response_timeout=60)
    async def library_page() -> None:
        await system.ready()
        await LibraryPage(system.workspace).fill()

    @ui.page('/models', viewport=VIEWPORT, language='en-US', response_timeout=60)
    async def models_page() -> None:
        await system.ready()
        ModelsPage(system.workspace, catalog=system.catalog, downloads=system.downloads, settings=system.settings)
