"""The unfinished pictures of the jobs at work, in memory only."""


class LivePreviews:
    """The newest live preview of each picture at work, as WebP."""

    def __init__(self) -> None:
        self._previews: dict[str, dict[int, tuple[int, bytes]]] = {}
        self._version = 0

    def keep(self, job_id: str, position: int, webp: bytes) -> None:
        self._version += 1
        self._previews.setdefault(job_id, {})[position] = (self._version, webp)

    def forget(self, job_id: str) -> None:
        self._previews.pop(job_id, None)

    def get(self, job_id: str, position: int) -> bytes | None:
        found = self._previews.get(job_id, {}).get(position)
        return found[1] if found else None

    def urls(self, job_id: str) -> dict[int, str]:
        """Position -> url that changes with the preview."""
        previews = self._previews.get(job_id, {})
        return {at: f'/media/previews/{job_id}/{at}?v={version}' for at, (version, _) in previews.items()}
