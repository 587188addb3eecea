"""Which code a stay gets, and what is true of it at the door: decided on plain values (protocol.md, section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from pms.core.errors import DomainError
from pms.core.text import N_
from pms.passcodes.models import PasscodeKind, PasscodeState
from pms.protocol.passcode import DAY, Clear, Days, Nights, nth_checkout
from pms.stays.models import StayState

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MAX_NIGHTS = 31
MAX_DAYS = 400
LAST_EPOCH = 255
GRACE = timedelta(seconds=900)
CLEAR_LASTS = timedelta(hours=24)


class NoRoomYet(DomainError):
    """A code opens a door, so a room must be assigned."""

    code = "passcode_no_room"
    message = N_("Assign a room first: a passcode is made for a door.")


class NoLock(DomainError):
    """The room's door has no lock, or one that does not know this server's keys yet."""

    code = "passcode_no_lock"
    message = N_("The door %(door)s has no lock that is set up yet, so no passcode can open it.")


class StayEnded(DomainError):
    """Codes are for stays that are expected or in house."""

    code = "passcode_stay_ended"
    message = N_("This stay is over; no more passcodes are made for it.")


class TimeIsOver(DomainError):
    """The code would end before it begins."""

    code = "passcode_time_is_over"
    message = N_("The stay ended on %(until)s. Extend it first, then make a passcode.")


class TooLong(DomainError):
    """The longest code lasts 400 days."""

    code = "passcode_too_long"
    message = N_("A passcode lasts at most 400 days. Shorten the stay, or make a new code later.")


class LockTooFarBehind(DomainError):
    """Two series of codes ahead of the lock is one too many."""

    code = "lock_too_far_behind"
    message = N_(
        "The lock of %(door)s has not been heard of since the last change of codes. Have the clear code that was given out "
        "typed at the door, or reach the lock, then make the passcode."
    )


class LockUsedUp(DomainError):
    """The lock's 256 series of codes are used up."""

    code = "lock_used_up"
    message = N_("All series of codes of the lock of %(door)s are used up. It must be set up again with a phone.")


class NotAlive(DomainError):
    """What is dead at the door need not be revoked."""

    code = "passcode_not_alive"
    message = N_("This passcode does not open the door any more.")


@dataclass(frozen=True, slots=True)
class Start:
    """A start that was handed out to another party at a lock, in the epoch in question."""

    starts_at: datetime
    # The party cancelled or moved away: nobody may come with its code any more.
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Clockwork:
    """How a lock reckons time."""

    offset_quarters: int
    check_out_hour: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A permission with the times that the lock makes of it."""

    kind: PasscodeKind
    permission: Nights | Days
    valid_from: datetime
    valid_until: datetime


def earliest_start(*, state: StayState, now: datetime, arrival: date, check_in_hour: int, zone: ZoneInfo) -> datetime:
    """The full hour from which a new code of a stay holds: the present one, or that of check-in on the arrival day."""
    if state is StayState.IN_HOUSE:
        return full_hour(now)
    arrives = datetime(arrival.year, arrival.month, arrival.day, check_in_hour, tzinfo=zone).astimezone(UTC)
    return full_hour(max(now, arrives))


def full_hour(at: datetime) -> datetime:
    """The beginning of the hour that an instant is in, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def choose(*, start: datetime, departure: date, clockwork: Clockwork) -> Choice:
    """Nights up to 31 of them, days above; until check-out of the departure date by the lock's own clock.

    TimeIsOver where that is past before it begins, TooLong above 400.
    """
    first = int(start.timestamp())
    nights = _check_outs(first, departure, clockwork)
    if nights < 1:
        raise TimeIsOver(until=_ends(first - DAY, 1, clockwork))
    if nights <= MAX_NIGHTS:
        return _choice(PasscodeKind.NIGHTS, Nights(first, nights), first, nights, clockwork)
    midnight = first // DAY * DAY
    days = _check_outs(midnight, departure, clockwork)
    if days > MAX_DAYS:
        raise TooLong
    return _choice(PasscodeKind.DAYS, Days(midnight, days), midnight, days, clockwork)


def must_move_on(*, choice: Choice, others: Iterable[Start]) -> bool:
    """Whether the code must be of the next epoch, because an earlier party's code would not end with its first use.

    A code of days counts from midnight, so every start of that day is in its way.
    """
    for other in others:
        if other.starts_at == choice.valid_from or (other.is_gone and other.starts_at >= choice.valid_from):
            return True
        is_same_day = choice.valid_from <= other.starts_at < choice.valid_from + timedelta(days=1)
        if choice.kind is PasscodeKind.DAYS and is_same_day:
            return True
    return False


def check_epoch(*, epoch: int, known_epoch: int, door: str) -> None:
    """LockTooFarBehind more than one epoch ahead of what the lock is known to be in, LockUsedUp past the last."""
    if epoch > LAST_EPOCH:
        raise LockUsedUp(door=door)
    if epoch > known_epoch + 1:
        raise LockTooFarBehind(door=door)


def clear_permission(now: datetime) -> Clear:
    """Typed within a day, it ends every code of its epoch."""
    return Clear(int(full_hour(now).timestamp()))


class Life(StrEnum):
    """What can honestly be said about a code at its door."""

    COMING = "coming"
    OPENS = "opens"
    STILL_OPENS = "still_opens"  # the stay has no use for it any more
    BEING_REVOKED = "being_revoked"  # a clear code was handed out, nobody knows that it was typed
    TIME_OVER = "time_over"
    REVOKED = "revoked"  # the lock said so


def life(*, state: PasscodeState, is_ended: bool, valid_from: datetime, valid_until: datetime, now: datetime) -> Life:
    """The truth about a code in one word."""
    if state is PasscodeState.REVOKED:
        return Life.REVOKED
    if now > valid_until + GRACE:
        return Life.TIME_OVER
    if state is PasscodeState.REVOKING:
        return Life.BEING_REVOKED
    if is_ended:
        return Life.STILL_OPENS
    return Life.COMING if now < valid_from - GRACE else Life.OPENS


def is_alive(life_now: Life) -> bool:
    """Whether the door may still take it, now or later."""
    return life_now not in (Life.TIME_OVER, Life.REVOKED)


def is_ended_by(*, old_kind: PasscodeKind, old_start: datetime, new_kind: PasscodeKind, new_start: datetime) -> bool:
    """Whether a guest's code is superseded once another of the same epoch, with this start, has opened the door."""
    if PasscodeKind.CLEAR in (old_kind, new_kind):
        return False
    floor = new_start
    if old_kind is PasscodeKind.DAYS:
        floor = floor.replace(hour=0, minute=0, second=0, microsecond=0)
    return old_start < floor


def _check_outs(start: int, departure: date, clockwork: Clockwork) -> int:
    """How many check-outs of the lock lie after the start, up to that of the departure date."""
    first = nth_checkout(start, 1, clockwork.offset_quarters, clockwork.check_out_hour)
    local = datetime.fromtimestamp(first, UTC) + timedelta(minutes=15 * clockwork.offset_quarters)
    return (departure - local.date()).days + 1


def _choice(kind: PasscodeKind, permission: Nights | Days, start: int, count: int, clockwork: Clockwork) -> Choice:
    return Choice(kind, permission, datetime.fromtimestamp(start, UTC), _ends(start, count, clockwork))


def _ends(start: int, count: int, clockwork: Clockwork) -> datetime:
    return datetime.fromtimestamp(nth_checkout(start, count, clockwork.offset_quarters, clockwork.check_out_hour), UTC)
