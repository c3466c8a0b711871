"""Ways in for programs."""

from nicegui import app


def register() -> None:
    """Add all routes to the app."""

    @app.get('/api/health', tags=['health'])
    async def health() -> dict[str, str]:
        """Whether the app answers."""
        return {'status': 'ok'}
