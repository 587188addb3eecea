"""How long guests' data are kept, and whose may be removed: decided on plain values."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

USUAL_MONTHS = 24
"""Where the house has not decided: long enough for questions about a bill, and for the registration forms of most countries."""
MONTHS = range(1, 121)


class BadMonths(Invalid):
    """Some months, or for ever."""

    code = "bad_months"
    field = "months"
    message = N_("Enter 1 to 120 months.")


class StillExpected(DomainError):
    """Whose stay is not over cannot be forgotten."""

    code = "still_expected"
    message = N_("This guest is in house, or has a booking. Check out or cancel first.")


class AccountStillOpen(DomainError):
    """Who owes, or is owed, must be known."""

    code = "account_still_open"
    message = N_("The account of a stay of this guest is not settled. Settle it first.")


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the last of the month where there is no such day."""
    number = day.year * 12 + day.month - 1 - months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def cutoff(now: datetime, zone: ZoneInfo, months: int) -> tuple[date, datetime]:
    """Who left on that day or earlier is forgotten; and the instant at which that day ends."""
    today = now.astimezone(zone).date()
    day = months_before(today, months)
    return day, datetime.combine(months_before(today, months), time.max, tzinfo=zone)


def check_months(months: int | None) -> None:
    """BadMonths."""
    if months is not None and months not in MONTHS:
        raise BadMonths
