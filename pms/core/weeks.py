"""When something opens: days of the week, and hours on the wall clock of the door."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.core.errors import Invalid
from pms.core.text import N_

if TYPE_CHECKING:
    from collections.abc import Iterable

ALL_WEEK = 0x7F
WHOLE_DAY = 1440

_TIME = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")


class BadWeekdays(Invalid):
    """It opens on one day of the week at least."""

    code = "bad_weekdays"
    field = "weekdays"
    message = N_("Choose one day of the week at least.")


class BadTime(Invalid):
    """Not a time of the day."""

    code = "bad_time"
    field = "start"
    message = N_("Enter a time such as 06:00.")


@dataclass(frozen=True, slots=True)
class Window:
    """Weekdays (bit 0 Monday) and local minutes; an end at or before the start is on the next day."""

    weekdays: int = ALL_WEEK
    start: int = 0
    end: int = WHOLE_DAY

    @property
    def is_always(self) -> bool:
        """Whether it holds at any time of any day."""
        return self.weekdays == ALL_WEEK and self.is_whole_day

    @property
    def is_whole_day(self) -> bool:
        """Whether it holds around the clock on its days; equal ends are 24 hours."""
        return self.start % WHOLE_DAY == self.end % WHOLE_DAY

    @property
    def crosses_midnight(self) -> bool:
        """Whether it ends on the day after it began."""
        return not self.is_whole_day and self.end % WHOLE_DAY != 0 and self.end < self.start


def window(days: Iterable[int], start: str, end: str) -> Window:
    """From what somebody entered: days 0 (Monday) to 6, and two times; 00:00 to 00:00 is the whole day."""
    chosen = {day for day in days if 0 <= day <= 6}
    if not chosen:
        raise BadWeekdays
    return Window(sum(1 << day for day in chosen), _minute(start, "start"), _minute(end, "end") or WHOLE_DAY)


def days_of(weekdays: int) -> list[int]:
    """The days of a mask, 0 for Monday."""
    return [day for day in range(7) if weekdays >> day & 1]


def clock_time(minute: int) -> str:
    """A minute of the day as it is written."""
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _minute(text: str, field_name: str) -> int:
    found = _TIME.match(text.strip())
    if found is None:
        raise BadTime(field=field_name)
    return int(found[1]) * 60 + int(found[2])
