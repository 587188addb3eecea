"""Half-open spans and the nights between dates."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


def nights(arrival: date, departure: date) -> list[date]:
    """The nights slept from arrival to departure: n nights span n + 1 dates."""
    return [arrival + timedelta(days=i) for i in range((departure - arrival).days)]


def at_local(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """The instant of a full hour on the house's wall clock, in UTC; 24 is the midnight that ends the day."""
    local = datetime.combine(day + hour // 24 * ONE_DAY, time(hour % 24), tzinfo=zone)
    return local.astimezone(ZoneInfo("UTC"))
