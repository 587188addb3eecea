"""The only reader of the system clock.

Tests freeze it and the demo moves it; everything below the edge of the program is handed `now`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(slots=True)
class _Setting:
    frozen_at: datetime | None = None
    offset: timedelta = timedelta(0)


_setting = _Setting()


def now() -> datetime:
    """The present instant, aware, in UTC."""
    base = _setting.frozen_at if _setting.frozen_at is not None else datetime.now(UTC)
    return base + _setting.offset


def monotonic() -> float:
    """Seconds on a scale that never jumps, for time-outs only."""
    return time.monotonic()


def offset() -> timedelta:
    """How far the demo has moved the clock."""
    return _setting.offset


def move_to_offset(value: timedelta) -> None:
    """Set the distance between the program's clock and the system's (demo and tests)."""
    _setting.offset = value


def freeze(at: datetime | None) -> None:
    """Stop the clock at an aware instant, or let it run again with None (tests)."""
    _setting.frozen_at = at


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The date on the wall of the house at that instant."""
    return at.astimezone(zone).date()
