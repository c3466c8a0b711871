"""What describes the API: to programs, and to people on a page that asks nothing of other machines."""

from pathlib import Path

import fastapi_offline
from fastapi import Response
from fastapi.openapi.docs import get_swagger_ui_html
from nicegui import app

SCHEMA = '/openapi.json'
SCRIPTS = '/assets/docs'


def register() -> None:
    """Serve the schema and the page `/docs`."""
    app.title, app.openapi_url = 'OurVidz', SCHEMA
    app.setup()
    app.add_static_files(SCRIPTS, Path(fastapi_offline.__file__).parent / 'static')

    @app.get('/docs', include_in_schema=False)
    async def docs() -> Response:
        return get_swagger_ui_html(
            openapi_url=SCHEMA,
            title='OurVidz for programs',
            swagger_js_url=f'{SCRIPTS}/swagger-ui-bundle.js',
            swagger_css_url=f'{SCRIPTS}/swagger-ui.css',
            swagger_favicon_url='/assets/ui/icon.svg',
        )
