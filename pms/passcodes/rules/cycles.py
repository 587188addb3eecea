"""Codes for certain days of the week, and when any code ends by the lock's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from pms.passcodes.models import PasscodeKind
from pms.passcodes.rules.refusals import MonthIsOver, MonthTooFar
from pms.passcodes.rules.stay import Choice, Clockwork
from pms.protocol.passcode import MAX_TIME, Cyclic, Permanent, Permission, window

MOST_MONTHS_AHEAD = 11


def cyclic(
    *, pattern: int, start_hour: int, hours: int, last_month: date, clockwork: Clockwork, now: datetime
) -> Choice:
    """On the pattern's days for some hours, through the end of the month that `last_month` is in. MonthTooFar, MonthIsOver."""
    today = local_day(now, clockwork)
    ahead = months(last_month) - months(today)
    if ahead > MOST_MONTHS_AHEAD:
        raise MonthTooFar(most=f"{_month(months(today) + MOST_MONTHS_AHEAD):%Y-%m}")
    permission = Cyclic(pattern, start_hour, hours, last_month.year, last_month.month)
    begins, ends = span(permission, clockwork, now)
    if ahead < 0 or ends is None or ends <= now:
        raise MonthIsOver
    return Choice(PasscodeKind.CYCLIC, permission, begins, ends)


def span(permission: Permission, clockwork: Clockwork, near: datetime) -> tuple[datetime, datetime | None]:
    """From when until when a lock takes a code, without grace. Of a cyclic one: from the window that `near` is in, or the
    next one, to the end of the last."""
    if isinstance(permission, Permanent):
        return near, None
    times = (clockwork.offset_quarters, clockwork.check_out_hour)
    begins, ends = window(permission, *times, int(near.timestamp()))
    if isinstance(permission, Cyclic):
        ends = window(permission, *times, MAX_TIME)[1]
    return datetime.fromtimestamp(begins, UTC), datetime.fromtimestamp(ends, UTC)


def local_day(at: datetime, clockwork: Clockwork) -> date:
    """The date that a lock's clock shows."""
    return (at.astimezone(UTC) + timedelta(minutes=15 * clockwork.offset_quarters)).date()


def months_to_choose(today: date) -> list[date]:
    """The first days of the months that a code of certain days may end with."""
    return [_month(months(today) + ahead) for ahead in range(MOST_MONTHS_AHEAD + 1)]


def months(day: date) -> int:
    """Months since year 0."""
    return day.year * 12 + day.month - 1


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
