"""What "today" means in a browser's own time zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Today:
    """The day in one browser's zone, an IANA name; an unknown name means UTC."""

    def __init__(self, zone_name: str) -> None:
        try:
            self.zone = ZoneInfo(zone_name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.zone = ZoneInfo('UTC')

    def start(self, at: datetime | None = None) -> datetime:
        """When the day of `at` (UTC without zone; the present unless given) began, in UTC without zone."""
        return self._midnight(at, days=0)

    def end(self, at: datetime | None = None) -> datetime:
        """When the next day begins, in UTC without zone."""
        return self._midnight(at, days=1)

    def seconds_left(self, at: datetime | None = None) -> float:
        """Seconds until the day ends."""
        moment = at or datetime.now(UTC).replace(tzinfo=None)
        return (self.end(moment) - moment).total_seconds()

    def _midnight(self, at: datetime | None, *, days: int) -> datetime:
        moment = (at or datetime.now(UTC)).replace(tzinfo=UTC)
        day = moment.astimezone(self.zone).date() + timedelta(days=days)
        return datetime.combine(day, time(), self.zone).astimezone(UTC).replace(tzinfo=None)
