"""What a house may be called and when its day turns, decided on plain values."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from pms.core.errors import Invalid
from pms.core.text import N_

MAX_NAME = 120
HOURS = range(24)


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


def zone_of(time_zone: str) -> ZoneInfo:
    """The zone; UnknownZone where there is none of this name."""
    if time_zone not in available_timezones():
        raise UnknownZone(zone=time_zone[:60])
    return ZoneInfo(time_zone)
