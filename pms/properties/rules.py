"""What a house may be called and when its day turns, decided on plain values."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from pms.core import money
from pms.core.errors import Invalid
from pms.core.text import N_

MAX_NAME = 120
HOURS = range(24)
MAX_FEE = 10**9
MAX_CLEANING = 12
LOW_BATTERY = 20
# What may be set, both ends included.
LIMITS = {"low_battery_percent": (5, 50), "offline_minutes": (5, 1440), "silent_lock_hours": (1, 168)}


class NoName(Invalid):
    """A house has a name."""

    code = "no_name"
    field = "name"
    message = N_("Give the house a name of at most 120 characters.")


class UnknownZone(Invalid):
    """The time zone is not in the list of the IANA."""

    code = "unknown_zone"
    field = "time_zone"
    message = N_("“%(zone)s” is not a time zone. Write it like Europe/Berlin or Asia/Shanghai.")


class BadHour(Invalid):
    """A full hour of the day."""

    code = "bad_hour"
    message = N_("The hour must be from 0 to 23.")


class HoursCross(Invalid):
    """A room is left before the next party gets it."""

    code = "hours_cross"
    field = "check_out_hour"
    message = N_("The check-out hour must not be after the check-in hour: one party leaves before the next one comes.")


class UnknownCurrency(Invalid):
    """ISO 4217 does not have it."""

    code = "unknown_currency"
    field = "currency"
    message = N_("“%(currency)s” is not a currency. Write it like EUR or CNY.")


class EarlyAfterCheckIn(Invalid):
    """Early is before the usual hour."""

    code = "early_after_check_in"
    field = "early_arrival_hour"
    message = N_("The earliest arrival must not be after the check-in hour, %(hour)s:00.")


class LateBeforeCheckOut(Invalid):
    """Late is after the usual hour, and on the same day."""

    code = "late_before_check_out"
    field = "late_departure_hour"
    message = N_("The latest departure must be from the check-out hour, %(hour)s:00, to 24.")


class BadFee(Invalid):
    """A fee is nothing, or a sum that a guest would pay."""

    code = "bad_fee"
    message = N_("The fee must not be below zero, nor too large to be meant.")


class BadCleaningHours(Invalid):
    """A wish for planning, at most half a day."""

    code = "bad_cleaning_hours"
    field = "cleaning_hours"
    message = N_("The time for cleaning must be from 0 to 12 hours.")


class BadLimit(Invalid):
    """A limit outside of what makes sense would alarm always or never."""

    code = "bad_limit"
    message = N_("This must be from %(low)s to %(high)s.")


def check_limits(limits: dict[str, int]) -> None:
    """BadLimit."""
    for name, (low, high) in LIMITS.items():
        if not low <= limits[name] <= high:
            raise BadLimit(field=name, low=low, high=high)


@cache
def time_zones() -> tuple[str, ...]:
    """Every zone that a house can be in, sorted: places of the world, not the old aliases."""
    return tuple(sorted(name for name in available_timezones() if "/" in name and not name.startswith(_NOT_PLACES)))


_NOT_PLACES = ("Etc/", "SystemV/", "US/", "posix/", "right/")


def check_house(*, name: str, time_zone: str, check_in_hour: int, check_out_hour: int) -> None:
    """NoName, UnknownZone, BadHour or HoursCross."""
    if not 1 <= len(name.strip()) <= MAX_NAME:
        raise NoName
    if time_zone not in available_timezones():
        raise UnknownZone(zone=time_zone[:60])
    for field, hour in (("check_in_hour", check_in_hour), ("check_out_hour", check_out_hour)):
        if hour not in HOURS:
            raise BadHour(field=field)
    if check_out_hour > check_in_hour:
        raise HoursCross


def check_terms(
    *,
    check_in_hour: int,
    check_out_hour: int,
    currency: str,
    early_arrival_hour: int,
    late_departure_hour: int,
    early_fee: int,
    late_fee: int,
    cleaning_hours: int,
) -> None:
    """UnknownCurrency, EarlyAfterCheckIn, LateBeforeCheckOut, BadFee or BadCleaningHours."""
    if not money.is_known(currency):
        raise UnknownCurrency(currency=currency[:3])
    if not 0 <= early_arrival_hour <= check_in_hour:
        raise EarlyAfterCheckIn(hour=check_in_hour)
    if not check_out_hour <= late_departure_hour <= 24:
        raise LateBeforeCheckOut(hour=check_out_hour)
    for field, fee in (("early_fee", early_fee), ("late_fee", late_fee)):
        if not 0 <= fee <= MAX_FEE:
            raise BadFee(field=field)
    if not 0 <= cleaning_hours <= MAX_CLEANING:
        raise BadCleaningHours
