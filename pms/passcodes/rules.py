"""Which passcode a stay gets, and what is true of one that exists. Instants are aware; the locks count in hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pms.core.errors import DomainError
from pms.core.text import N_
from pms.passcodes.models import PasscodeKind, PasscodeProof, PasscodeState
from pms.protocol.passcode import Days, Nights, nth_checkout

if TYPE_CHECKING:
    from pms.passcodes.models import Passcode

GRACE = timedelta(minutes=15)
FIRST_USE = timedelta(days=7)
MAX_NIGHTS = 31
MAX_DAYS = 400
_HOUR, _DAY = 3600, 86400


class NoRoomYet(DomainError):
    """A passcode belongs to a door."""

    code = "no_room_for_passcode"
    message = N_("Assign a room first: a passcode belongs to one door.")


class NoPasscodeLock(DomainError):
    """The room's door has no lock that understands passcodes."""

    code = "no_passcode_lock"
    message = N_(
        "The door of room %(room)s has no lock with a keypad that is set up. Make a key card, or ask maintenance."
    )


class StayIsOver(DomainError):
    """No code for a guest who has left or does not come."""

    code = "stay_is_over"
    message = N_("This stay is over; it gets no passcode any more.")


class TooLong(DomainError):
    """The lock counts at most 400 days."""

    code = "passcode_too_long"
    message = N_("A passcode holds for at most 400 days. Make it again later, or make a key card.")


class EpochAhead(DomainError):
    """Another code would be two steps ahead of the lock."""

    code = "epoch_ahead"
    message = N_(
        "A clear code was given out for this door and nobody knows yet that it was typed. "
        "Type it at the door first, or bring the door’s records to the server."
    )


class AlreadyRevoked(DomainError):
    """The code is dead, or its clear code was given out."""

    code = "already_revoked"
    message = N_("This passcode is revoked already.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A permission with the times that the lock will use."""

    kind: PasscodeKind
    permission: Nights | Days
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a door does with a code now: `kind` for the badge, `message` for the clerk, `until` filled in where it counts."""

    kind: str
    message: str
    until: datetime | None = None


def hour_of(at: datetime) -> datetime:
    """The full hour that an instant lies in; locks count hours in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def choose(*, start: datetime, until: datetime, utc_offset_quarters: int, check_out_hour: int) -> Choice:
    """The shortest code from the hour of `start` that lasts to the check-out at `until`; TooLong past 400 days.

    Up to 31 nights it is a nights code, beyond that a days code, which counts from 00:00 UTC of the day.
    """
    first = int(hour_of(start).timestamp())
    last = int(until.timestamp())
    nights = _count(first, last, utc_offset_quarters, check_out_hour)
    if nights <= MAX_NIGHTS:
        return _choice(PasscodeKind.NIGHTS, Nights(first, nights), nights, utc_offset_quarters, check_out_hour)
    day = first - first % _DAY
    days = _count(day, last, utc_offset_quarters, check_out_hour)
    if days > MAX_DAYS:
        raise TooLong
    # 32 nights from an hour can be 31 check-outs after... the day's beginning: a days code has at least 32.
    return _choice(PasscodeKind.DAYS, Days(day, max(days, MAX_NIGHTS + 1)), days, utc_offset_quarters, check_out_hour)


def outlook(code: Passcode, now: datetime) -> Outlook:
    """The truth about a code, as far as anybody can know it."""
    if code.state is PasscodeState.REVOKED:
        return Outlook("muted", N_("Dead: the lock said that a newer code or a clear code was used."))
    if code.refused_since is not None:
        return Outlook("muted", N_("Refused: a later guest’s code was used at this door."))
    if now > code.valid_until + GRACE:
        return Outlook("muted", N_("Over since %(until)s."), code.valid_until)
    if code.state is PasscodeState.REVOKING:
        return Outlook(
            "warn",
            N_("Opens until somebody types the clear code at the door, at most until %(until)s."),
            code.valid_until,
        )
    if code.ended_at is not None:
        return Outlook(
            "warn",
            N_(
                "The stay is over, the door does not know it: opens until the next guest’s code is used, at most until %(until)s."
            ),
            code.valid_until,
        )
    if code.proof is PasscodeProof.CONFIRMED:
        return Outlook("ok", N_("Opens until %(until)s; it was used at the door."), code.valid_until)
    if now < code.valid_from - GRACE:
        return Outlook("info", N_("Will open until %(until)s."), code.valid_until)
    return Outlook("ok", N_("Opens until %(until)s; not used yet."), code.valid_until)


def is_alive(code: Passcode, now: datetime) -> bool:
    """Whether the door may still open to it."""
    return code.state is not PasscodeState.REVOKED and code.refused_since is None and now <= code.valid_until + GRACE


def dies_with(epoch: int, cleared: int) -> bool:
    """Whether a code of `epoch` is dead once the lock has left `cleared` for the next one."""
    return (cleared - epoch) % 256 < 128


def _count(first: int, last: int, utc_offset_quarters: int, check_out_hour: int) -> int:
    """How many check-outs lie after `first`, up to the one at or next after `last`; at least one."""
    count = 1
    while nth_checkout(first, count, utc_offset_quarters, check_out_hour) < last and count <= MAX_DAYS:
        count += 1
    return count


def _choice(
    kind: PasscodeKind, permission: Nights | Days, count: int, utc_offset_quarters: int, check_out_hour: int
) -> Choice:
    until = nth_checkout(permission.start, count, utc_offset_quarters, check_out_hour)
    return Choice(kind, permission, datetime.fromtimestamp(permission.start, UTC), datetime.fromtimestamp(until, UTC))
