"""What can be decided of alarms without a database: how urgent they are, what ends them, what is guessing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pms.alarms.models import AlarmKind, Severity
from pms.core.errors import DomainError, Invalid, NotFound
from pms.core.text import N_
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pms.protocol.record import AccessRecord as DoorRecord

SEVERITIES: dict[AlarmKind, Severity] = {
    AlarmKind.DURESS: Severity.URGENT,
    AlarmKind.TAMPER: Severity.URGENT,
    AlarmKind.PASSCODE_GUESSING: Severity.WARNING,
    AlarmKind.CHAIN_BROKEN: Severity.WARNING,
    AlarmKind.DOOR_LEFT_OPEN: Severity.WARNING,
    AlarmKind.LOCK_OUT: Severity.WARNING,
    AlarmKind.OFFLINE: Severity.WARNING,
    AlarmKind.LOW_BATTERY: Severity.QUIET,
}

# Never comes up on a screen by itself: whoever forces the clerk may be looking at it.
DISCREET = frozenset({AlarmKind.DURESS})
# As the records name them.
OF_EVENT: dict[RecordEvent, AlarmKind] = {
    RecordEvent.TAMPER_ALARM: AlarmKind.TAMPER,
    RecordEvent.LOW_BATTERY: AlarmKind.LOW_BATTERY,
    RecordEvent.DOOR_LEFT_OPEN: AlarmKind.DOOR_LEFT_OPEN,
    RecordEvent.LOCK_OUT: AlarmKind.LOCK_OUT,
    RecordEvent.DURESS: AlarmKind.DURESS,
}
# The protocol has no "closed". A door that is locked, opened with a key or a handle, or put into passage mode was closed before, or
# stands open because somebody wants it to.
_CLOSES = frozenset(
    {RecordEvent.LOCKED, RecordEvent.OPENED, RecordEvent.DURESS, RecordEvent.PASSAGE_ON, RecordEvent.PASSAGE_OFF}
)

# A guest who has the code wrong stops, or is shut out after five; ten in an hour go on after that.
MOST_AT_ONE_DOOR, ONE_DOOR = 10, timedelta(hours=1)
# One code tried along a corridor.
MOST_DOORS, MANY_DOORS = 4, timedelta(minutes=10)

# A battery that recovers a little in the warmth is no new one.
_NEW_BATTERY = 10
LONGEST_NOTE = 500
KEPT_DOORS = 20
"""So many doors are named where wrong codes were typed at many."""


class NoSuchAlarm(NotFound):
    """There is none, or it is not for this person's eyes."""

    code = "no_such_alarm"
    message = N_("There is no such alarm.")


class AlreadyAcknowledged(DomainError):
    """Somebody else was faster."""

    code = "already_acknowledged"
    message = N_("%(name)s has acknowledged this alarm already, %(at)s.")


class NobodyByName(DomainError):
    """Programs acknowledge nothing."""

    code = "nobody_by_name"
    message = N_("Only somebody with an account acknowledges an alarm.")


class NoNote(Invalid):
    """What was urgent is not waved away."""

    code = "no_note"
    field = "note"
    message = N_("Say what you found or did. An urgent alarm is not acknowledged without a word.")


class LongNote(Invalid):
    """A note, not a report."""

    code = "long_note"
    field = "note"
    message = N_("A note has at most 500 characters.")


def clean_note(text: str, severity: Severity) -> str:
    """The note in one line; NoNote where an urgent alarm has none, LongNote."""
    note = " ".join(text.split())
    if len(note) > LONGEST_NOTE:
        raise LongNote
    if severity is Severity.URGENT and not note:
        raise NoNote
    return note


def ends(kind: AlarmKind, event: int, method: int) -> bool:
    """Whether what the door noted afterwards shows that the alarm is over.

    A lock-out is ended by an opening with a key; the inside handle opens always, and says nothing of the keypad.
    """
    if kind is AlarmKind.DOOR_LEFT_OPEN:
        return event in _CLOSES
    if kind is AlarmKind.LOCK_OUT:
        return event in (RecordEvent.OPENED, RecordEvent.DURESS) and method != RecordMethod.INSIDE_HANDLE
    return False


ENDED_BY_RECORDS = (AlarmKind.DOOR_LEFT_OPEN, AlarmKind.LOCK_OUT)


def is_wrong_code(record: DoorRecord) -> bool:
    """Whether somebody typed a code that is none."""
    return record.event is RecordEvent.REFUSED and record.result is RecordResult.WRONG_CODE


def is_changed(percent: int, *, told: int, threshold: int) -> bool:
    """Whether a battery that was low is another one now: well above the threshold, and above what it was at when it was low."""
    return percent >= min(max(threshold, told) + _NEW_BATTERY, 100)


def most_within(times: Iterable[datetime], span: timedelta) -> tuple[int, datetime | None]:
    """The largest number of instants in a span of that length, and the last of the first span that has it."""
    ordered, most, at, low = sorted(times), 0, None, 0
    for high, time in enumerate(ordered):
        while time - ordered[low] > span:
            low += 1
        if high - low + 1 > most:
            most, at = high - low + 1, time
    return most, at


def doors_within(tries: Iterable[tuple[datetime, int]], span: timedelta) -> tuple[Sequence[int], datetime | None]:
    """The most different locks at which wrong codes were typed in a span of that length, in the order in which they were first
    tried, and the last instant of the first such span."""
    ordered = sorted(tries)
    most: list[int] = []
    at, low = None, 0
    for high, (time, _lock_id) in enumerate(ordered):
        while time - ordered[low][0] > span:
            low += 1
        locks = list(dict.fromkeys(lock_id for _time, lock_id in ordered[low : high + 1]))
        if len(locks) > len(most):
            most, at = locks, time
    return most, at


@dataclass(frozen=True, slots=True)
class Carried:
    """A lock that a gateway or a 4G module carries for, and whether one of them is there. `carried_since` is when the last of them came."""

    lock_id: int
    heard_at: datetime | None
    gateway_id: int | None
    is_online: bool
    module_gone_since: datetime | None
    carried_since: datetime


def silent_since(
    lock: Carried, *, back_at: datetime | None, patience: timedelta, longest: timedelta, now: datetime
) -> datetime | None:
    """Since when a lock has been out of reach for too long; None where it is not, or where its gateway's silence explains it.

    `back_at` is when its gateway, or the server's line, came back last: before that the lock could not be heard. `patience` is for
    its module, `longest` for itself: a lock has nothing to say as long as nobody comes.
    """
    if lock.is_online:
        if lock.heard_at is None:
            return None
        since = max(at for at in (lock.heard_at, lock.carried_since, back_at) if at is not None)
        return since if now - since > longest else None
    gone = lock.module_gone_since
    return gone if lock.gateway_id is None and gone is not None and now - gone > patience else None
