"""When a job is due, decided on plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pms.core.errors import NotFound
from pms.core.text import N_

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

KEEP = timedelta(days=90)
"""How long turns are remembered."""


class NoSuchJob(NotFound):
    """The scheduler knows no job of this name."""

    code = "no_such_job"
    message = N_("There is no such job, or not any more.")


@dataclass(frozen=True, slots=True)
class Schedule:
    """`at` is an hour and minute of the house's nights, `every` a distance; one of them is set."""

    at: tuple[int, int] | None = None
    every: timedelta | None = None

    def last_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The newest instant, now or earlier, at which a turn was due, in UTC.

        Distances count from 1970, so that every process finds the same instants. On the day on which clocks go forward a
        time that does not exist is taken as if they had not; on the day on which they go back the first of the two counts.
        """
        if self.every is not None:
            seconds = int(self.every.total_seconds())
            return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
        due = self._on_day(now.astimezone(zone), zone)
        return due if due <= now else self._on_day(now.astimezone(zone) - timedelta(days=1), zone)

    def next_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first instant after `now` at which a turn is due, in UTC."""
        if self.every is not None:
            return self.last_due(now, zone) + self.every
        due = self._on_day(now.astimezone(zone), zone)
        return due if due > now else self._on_day(now.astimezone(zone) + timedelta(days=1), zone)

    def _on_day(self, local: datetime, zone: ZoneInfo) -> datetime:
        if self.at is None:
            raise ValueError("a job says neither when nor how often")
        hour, minute = self.at
        return datetime(local.year, local.month, local.day, hour, minute, tzinfo=zone).astimezone(UTC)
