"""Which code a stay gets, and in which epoch: decided on plain values (protocol.md, section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pms.passcodes.models import PasscodeKind
from pms.passcodes.rules.refusals import LockTooFarBehind, LockUsedUp, TimeIsOver, TooLong
from pms.protocol.passcode import DAY, HOUR, Days, Hours, Nights, Permission, nth_checkout
from pms.stays.models import StayState

MAX_NIGHTS = 31
MAX_DAYS = 400
MAX_HOURS = 72
LAST_EPOCH = 255


@dataclass(frozen=True, slots=True)
class Start:
    """A start that was handed out to another party at a lock, in the epoch in question."""

    starts_at: datetime
    # The party cancelled or moved away: nobody may come with its code any more.
    is_gone: bool
    # It has a code of days, which ends with a start of a later day only.
    is_days: bool = False


@dataclass(frozen=True, slots=True)
class Clockwork:
    """How a lock reckons time."""

    offset_quarters: int
    check_out_hour: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A permission with the times that the lock makes of it."""

    kind: PasscodeKind
    permission: Permission
    valid_from: datetime
    # None: until it is revoked.
    valid_until: datetime | None


def earliest_start(*, state: StayState, now: datetime, arrives: datetime) -> datetime:
    """The full hour from which a new code of a stay holds: the present one, or that from which the room is promised."""
    return full_hour(now if state is StayState.IN_HOUSE else max(now, arrives))


def full_hour(at: datetime) -> datetime:
    """The beginning of the hour that an instant is in, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def choose(
    *,
    start: datetime,
    departure: date,
    clockwork: Clockwork,
    leaves: datetime | None = None,
    since: datetime | None = None,
) -> Choice:
    """Nights up to 31 of them, days above; until check-out of the departure date by the lock's own clock.

    `leaves` says that another hour was agreed. Only a code of hours ends then, and it lasts three days at most: the party
    gets one from `since` (else `start`) on where that is enough. Else it gets the nights of that day: they end before a late
    departure, for the rest of which a code of hours is told later, and after an early one. TimeIsOver where the end is past
    before it begins, TooLong above 400.
    """
    if leaves is not None:
        exact = _until(leaves, start) or _until(leaves, since or start)
        if exact is not None:
            return exact
        if leaves <= (since or start):
            raise TimeIsOver(until=leaves)
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


def other_hour(*, agreed: int | None, house: int, lock: int) -> bool:
    """Whether the hour by which a party leaves is one that the lock does not end codes of nights at."""
    return agreed is not None and agreed not in (house, lock)


def _until(leaves: datetime, start: datetime) -> Choice | None:
    """The code of hours from a start to a departure, the last hour full; None where it would be too long, or past."""
    first = int(start.timestamp())
    count = -(-(int(leaves.timestamp()) - first) // HOUR)
    if not 1 <= count <= MAX_HOURS:
        return None
    return Choice(PasscodeKind.HOURS, Hours(first, count), start, start + timedelta(hours=count))


def must_move_on(*, choice: Choice, others: Iterable[Start]) -> bool:
    """Whether the code must be of the next epoch, because an earlier party's code would not end with its first use.

    A code of days counts from midnight, so every start of that day is in its way, and it is in the way of each of them.
    """
    for other in others:
        if other.starts_at == choice.valid_from or (other.is_gone and other.starts_at >= choice.valid_from):
            return True
        if PasscodeKind.DAYS in (choice.kind, PasscodeKind.DAYS if other.is_days else None):
            first, second = sorted((choice.valid_from, other.starts_at))
            is_from_midnight = other.is_days if first == other.starts_at else choice.kind is PasscodeKind.DAYS
            if is_from_midnight and second < first + timedelta(days=1):
                return True
    return False


def check_epoch(*, epoch: int, known_epoch: int, door: str) -> None:
    """LockTooFarBehind more than one epoch ahead of what the lock is known to be in, LockUsedUp past the last."""
    if epoch > LAST_EPOCH:
        raise LockUsedUp(door=door)
    if epoch > known_epoch + 1:
        raise LockTooFarBehind(door=door)


def _check_outs(start: int, departure: date, clockwork: Clockwork) -> int:
    """How many check-outs of the lock lie after the start, up to that of the departure date."""
    first = nth_checkout(start, 1, clockwork.offset_quarters, clockwork.check_out_hour)
    local = datetime.fromtimestamp(first, UTC) + timedelta(minutes=15 * clockwork.offset_quarters)
    return (departure - local.date()).days + 1


def _choice(kind: PasscodeKind, permission: Nights | Days, start: int, count: int, clockwork: Clockwork) -> Choice:
    return Choice(kind, permission, datetime.fromtimestamp(start, UTC), _ends(start, count, clockwork))


def _ends(start: int, count: int, clockwork: Clockwork) -> datetime:
    return datetime.fromtimestamp(nth_checkout(start, count, clockwork.offset_quarters, clockwork.check_out_hour), UTC)
