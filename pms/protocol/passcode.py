"""Offline passcodes: permissions, their numbers, and the ten digits (docs/protocol.md, sections 3 and 3.1).

A permission is one of seven frozen values; `encode_permission` gives its number P in the list of all permissions, and FF1
under the lock's `K_code` and epoch turns P into digits. P holds hours and days modulo a few years, so reading needs to know
about when: the instant nearest to `now` is meant. All instants are Unix seconds; "local" is UTC plus `tz_quarters` quarter
hours. What a lock remembers (floor, epoch, used codes) is not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import lru_cache

from .errors import MalformedError, UsageError
from .ff1 import FF1
from .reader import check_range, check_size

HOUR = 3600
DAY = 86400
GRACE = 900
"""Seconds by which every window is longer at both ends, both included."""
DIGITS = 10
SINGLE_SECONDS = 24 * HOUR
CLEAR_SECONDS = 24 * HOUR
FIRST_USE_DAYS = 7
"""A days code whose day is not the floor's must be typed within this many days of its start."""
MAX_TIME = 0xFFFF_FFFF
TZ_LIMIT = 56
"""Quarter hours: −14:00…+14:00."""

_HOURS = 1 << 17
_DAYS = 1 << 13
_MONTHS = 1 << 7
_MAX_HOURS = 72
_MAX_NIGHTS = 31
_MIN_DAYS = 32
_MAX_DAYS = 400
_SINGLES = 16
_SERIALS = 256
_PATTERNS = 10
_MONTHS_AHEAD = 11
_YEARS = (1960, 2199)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class Pattern(IntEnum):
    """On which days a cyclic code opens."""

    DAILY = 0
    MONDAY_TO_FRIDAY = 1
    SATURDAY_AND_SUNDAY = 2
    MONDAY = 3
    TUESDAY = 4
    WEDNESDAY = 5
    THURSDAY = 6
    FRIDAY = 7
    SATURDAY = 8
    SUNDAY = 9

    @property
    def weekdays(self) -> frozenset[int]:
        """The days, 0 for Monday."""
        return _WEEKDAYS[self]


_WEEKDAYS = {
    Pattern.DAILY: frozenset(range(7)),
    Pattern.MONDAY_TO_FRIDAY: frozenset(range(5)),
    Pattern.SATURDAY_AND_SUNDAY: frozenset((5, 6)),
    **{Pattern(3 + day): frozenset((day,)) for day in range(7)},
}


def _check_start(start: int, grain: int) -> None:
    if start % grain:
        raise UsageError("the start must be a full hour" if grain == HOUR else "the start must be 00:00 UTC of a day")


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` (a full hour) for 1…72 hours."""

    start: int
    hours: int

    def __post_init__(self) -> None:
        _check_start(self.start, HOUR)
        check_range("hours", self.hours, 1, _MAX_HOURS)


@dataclass(frozen=True, slots=True)
class Nights:
    """From `start` (a full hour) to the n-th check-out strictly after it, n = 1…31."""

    start: int
    nights: int

    def __post_init__(self) -> None:
        _check_start(self.start, HOUR)
        check_range("nights", self.nights, 1, _MAX_NIGHTS)


@dataclass(frozen=True, slots=True)
class Days:
    """From `start` (00:00 UTC of a day) to the n-th check-out strictly after it, n = 32…400."""

    start: int
    days: int

    def __post_init__(self) -> None:
        _check_start(self.start, DAY)
        check_range("days", self.days, _MIN_DAYS, _MAX_DAYS)


@dataclass(frozen=True, slots=True)
class Single:
    """Opens once within 24 hours from `start` (a full hour); `index` 0…15 tells codes of one hour apart."""

    start: int
    index: int

    def __post_init__(self) -> None:
        _check_start(self.start, HOUR)
        check_range("index", self.index, 0, _SINGLES - 1)

    @property
    def hour(self) -> int:
        """The hour number by which a lock remembers that the code was used."""
        return self.start // HOUR % _HOURS


@dataclass(frozen=True, slots=True)
class Permanent:
    """Opens until `serial` (0…255) is revoked or the epoch moves."""

    serial: int

    def __post_init__(self) -> None:
        check_range("serial", self.serial, 0, _SERIALS - 1)


@dataclass(frozen=True, slots=True)
class Cyclic:
    """On the pattern's days, from the local `start_hour` for 1…24 hours, through the end of the last month, local."""

    pattern: int
    start_hour: int
    length: int
    last_year: int
    last_month: int

    def __post_init__(self) -> None:
        check_range("pattern", self.pattern, 0, _PATTERNS - 1)
        check_range("start hour", self.start_hour, 0, 23)
        check_range("length", self.length, 1, 24)
        check_range("last year", self.last_year, *_YEARS)
        check_range("last month", self.last_month, 1, 12)


@dataclass(frozen=True, slots=True)
class Clear:
    """Typed within 24 hours from `start` (a full hour): moves the epoch on and opens nothing."""

    start: int

    def __post_init__(self) -> None:
        _check_start(self.start, HOUR)


Permission = Hours | Nights | Days | Single | Permanent | Cyclic | Clear

# The blocks of the list stand one after another; each number is where one begins.
_HOURS_AT = 0
_NIGHTS_AT = _HOURS_AT + _HOURS * _MAX_HOURS
_DAYS_AT = _NIGHTS_AT + _HOURS * _MAX_NIGHTS
_SINGLE_AT = _DAYS_AT + _DAYS * (_MAX_DAYS - _MIN_DAYS + 1)
_PERMANENT_AT = _SINGLE_AT + _HOURS * _SINGLES
_CYCLIC_AT = _PERMANENT_AT + _SERIALS
_CLEAR_AT = _CYCLIC_AT + _PATTERNS * 24 * 24 * _MONTHS
PERMISSION_COUNT = _CLEAR_AT + _HOURS
"""How many permissions there are; P is below it."""


def _hour(start: int) -> int:
    return start // HOUR % _HOURS


def encode_permission(permission: Permission) -> int:
    """The number P of a permission."""
    match permission:
        case Hours(start, hours):
            return _HOURS_AT + _hour(start) * _MAX_HOURS + hours - 1
        case Nights(start, nights):
            return _NIGHTS_AT + _hour(start) * _MAX_NIGHTS + nights - 1
        case Days(start, days):
            return _DAYS_AT + start // DAY % _DAYS * (_MAX_DAYS - _MIN_DAYS + 1) + days - _MIN_DAYS
        case Single(start, index):
            return _SINGLE_AT + _hour(start) * _SINGLES + index
        case Permanent(serial):
            return _PERMANENT_AT + serial
        case Cyclic(pattern, start_hour, length, year, month):
            last = (year * 12 + month - 1) % _MONTHS
            return _CYCLIC_AT + ((pattern * 24 + start_hour) * 24 + length - 1) * _MONTHS + last
        case Clear(start):
            return _CLEAR_AT + _hour(start)


def _nearest(remainder: int, modulus: int, to: int) -> int:
    """The number nearest to `to` with this remainder; of two equally near ones the earlier."""
    half = modulus // 2
    return to + (remainder - to + half) % modulus - half


def _nearest_hour(remainder: int, now: int) -> int:
    return _nearest(remainder, _HOURS, now // HOUR) * HOUR


def decode_permission(p: int, now: int) -> Permission:
    """The permission with number `p`, its instant the one nearest to `now`; `MalformedError` at or past the list's end."""
    check_range("now", now, 0, MAX_TIME)
    if not 0 <= p < PERMISSION_COUNT:
        raise MalformedError("no permission has this number", code="no_permission")
    if p < _NIGHTS_AT:
        hour, n = divmod(p, _MAX_HOURS)
        return Hours(_nearest_hour(hour, now), n + 1)
    if p < _DAYS_AT:
        hour, n = divmod(p - _NIGHTS_AT, _MAX_NIGHTS)
        return Nights(_nearest_hour(hour, now), n + 1)
    if p < _SINGLE_AT:
        day, n = divmod(p - _DAYS_AT, _MAX_DAYS - _MIN_DAYS + 1)
        return Days(_nearest(day, _DAYS, now // DAY) * DAY, n + _MIN_DAYS)
    if p < _PERMANENT_AT:
        hour, index = divmod(p - _SINGLE_AT, _SINGLES)
        return Single(_nearest_hour(hour, now), index)
    if p < _CYCLIC_AT:
        return Permanent(p - _PERMANENT_AT)
    if p < _CLEAR_AT:
        return _decode_cyclic(p - _CYCLIC_AT, now)
    return Clear(_nearest_hour(p - _CLEAR_AT, now))


def _decode_cyclic(p: int, now: int) -> Cyclic:
    rest, last = divmod(p, _MONTHS)
    rest, length = divmod(rest, 24)
    pattern, start_hour = divmod(rest, 24)
    year, month = divmod(_nearest(last, _MONTHS, _month_of(now // DAY)), 12)
    return Cyclic(pattern, start_hour, length + 1, year, month + 1)


# An FF1 object is dearer to make than to use. Locks are tried one after another, each with two epochs.
@lru_cache(maxsize=512)
def _cipher(k_code: bytes, epoch: int) -> FF1:
    check_size("K_code", k_code, 16)
    check_range("epoch", epoch, 0, 0xFF)
    return FF1(k_code, 10, DIGITS, b"code" + bytes((epoch,)))


def encode_passcode(k_code: bytes, epoch: int, permission: Permission) -> str:
    """The ten digits that stand for a permission at the lock with this `K_code` in this epoch."""
    return f"{_cipher(k_code, epoch).encrypt(encode_permission(permission)):010d}"


def decrypt_passcode(k_code: bytes, epoch: int, digits: str) -> int:
    """The number P behind ten digits, whether a permission has it or not; `MalformedError` unless they are ten digits."""
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise MalformedError("a passcode has ten digits")
    return _cipher(k_code, epoch).decrypt(int(digits))


def window(permission: Permission, tz_quarters: int, checkout_hour: int, now: int) -> tuple[int, int]:
    """From when until when a permission holds, both included, without grace, in Unix seconds.

    A permanent code holds from 0 to `MAX_TIME`. Of a cyclic code it is the window that `now` (with grace) is in, else the
    next one, else the last one.
    """
    check_range("time zone", tz_quarters, -TZ_LIMIT, TZ_LIMIT)
    check_range("check-out hour", checkout_hour, 0, 23)
    check_range("now", now, 0, MAX_TIME)
    match permission:
        case Hours(start, hours):
            return start, start + hours * HOUR
        case Nights(start, n) | Days(start, n):
            return start, nth_checkout(start, n, tz_quarters, checkout_hour)
        case Single(start) | Clear(start):
            return start, start + SINGLE_SECONDS
        case Permanent():
            return 0, MAX_TIME
        case Cyclic():
            return _cyclic_window(permission, tz_quarters * 900, now)


def holds(permission: Permission, tz_quarters: int, checkout_hour: int, now: int) -> bool:
    """Whether `now` lies in the permission's window and its grace."""
    start, end = window(permission, tz_quarters, checkout_hour, now)
    return start - GRACE <= now <= end + GRACE


def nth_checkout(start: int, n: int, tz_quarters: int, checkout_hour: int) -> int:
    """The n-th instant strictly after `start` at which the local clock shows the check-out hour."""
    shift = tz_quarters * 900 - checkout_hour * HOUR
    return ((start + shift) // DAY + n) * DAY - shift


def _month_of(day: int) -> int:
    """Months since year 0 of a day counted from the Unix epoch."""
    civil = date.fromordinal(_EPOCH_ORDINAL + day)
    return civil.year * 12 + civil.month - 1


def _first_day(month: int) -> int:
    """The day, counted from the Unix epoch, that a month begins with."""
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_ORDINAL


def _weekday(day: int) -> int:
    """0 for Monday; the Unix epoch was a Thursday."""
    return (day + 3) % 7


def _cyclic_window(permission: Cyclic, offset: int, now: int) -> tuple[int, int]:
    """See `window`. Windows begin on the pattern's days of the twelve months that end with the last month."""
    weekdays = Pattern(permission.pattern).weekdays
    last = permission.last_year * 12 + permission.last_month - 1
    earliest, past = _first_day(last - _MONTHS_AHEAD), _first_day(last + 1)

    def span(day: int) -> tuple[int, int]:
        start = day * DAY + permission.start_hour * HOUR - offset
        return start, start + permission.length * HOUR

    # A window lasts a day at most, so one that holds now began today or yesterday, or begins within the grace.
    today = (now + offset) // DAY
    for day in range(max(today - 1, earliest), past):
        if _weekday(day) in weekdays and now <= span(day)[1] + GRACE:
            return span(day)
    return next(span(day) for day in range(past - 1, past - 8, -1) if _weekday(day) in weekdays)
