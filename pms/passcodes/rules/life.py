"""What is true of a code at its door, and which codes end others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pms.passcodes.models import PasscodeKind, PasscodeState
from pms.slots.models import SlotState

GRACE = timedelta(seconds=900)
A_DAY = timedelta(days=1)
GUEST_KINDS = (PasscodeKind.NIGHTS, PasscodeKind.DAYS)
"""Only these check and move the lock's floor: a visitor's code must not end the guest's."""


class Life(StrEnum):
    """What can honestly be said about a code at its door."""

    COMING = "coming"
    OPENS = "opens"
    STILL_OPENS = "still_opens"  # nobody has use for it any more
    BEING_REVOKED = "being_revoked"  # a clear code or a command is on its way, nobody knows that it has arrived
    TIME_OVER = "time_over"
    USED = "used"  # it opened once
    REVOKED = "revoked"  # the lock said so
    # Only of what locks store: it waits for somebody there; the lock refused it; it never heard of it.
    WAITING = "waiting"
    REFUSED = "refused"
    NOT_SENT = "not_sent"


_SAID_BY_THE_LOCK: Mapping[PasscodeState, Life] = {PasscodeState.REVOKED: Life.REVOKED, PasscodeState.USED: Life.USED}


def life(
    *, state: PasscodeState, is_ended: bool, valid_from: datetime, valid_until: datetime | None, now: datetime
) -> Life:
    """The truth about a code in one word."""
    if state in _SAID_BY_THE_LOCK:
        return _SAID_BY_THE_LOCK[state]
    if valid_until is not None and now > valid_until + GRACE:
        return Life.TIME_OVER
    if state is PasscodeState.REVOKING:
        return Life.BEING_REVOKED
    if is_ended:
        return Life.STILL_OPENS
    return Life.COMING if now < valid_from - GRACE else Life.OPENS


_SLOT_IS_OVER: Mapping[SlotState, Life] = {
    SlotState.REMOVED: Life.REVOKED,
    SlotState.REFUSED: Life.REFUSED,
    SlotState.NOT_SENT: Life.NOT_SENT,
}


def stored_life(*, state: SlotState, valid_from: datetime | None, valid_until: datetime | None, now: datetime) -> Life:
    """The truth about a code that a lock stores. Its times have no grace: the lock compares them to the second."""
    if state in _SLOT_IS_OVER:
        return _SLOT_IS_OVER[state]
    if valid_until is not None and now > valid_until:
        return Life.TIME_OVER
    if state is SlotState.REMOVING:
        return Life.BEING_REVOKED
    if state in (SlotState.WANTED, SlotState.WAITING):
        return Life.WAITING
    return Life.COMING if valid_from is not None and now < valid_from else Life.OPENS


def is_alive(life_now: Life) -> bool:
    """Whether the door may still take it, now or later."""
    return life_now not in (Life.TIME_OVER, Life.USED, Life.REVOKED, Life.REFUSED, Life.NOT_SENT)


def is_ended_by(*, old_kind: PasscodeKind, old_start: datetime, new_kind: PasscodeKind, new_start: datetime) -> bool:
    """Whether a guest's code is superseded once another of the same epoch, with this start, has opened the door."""
    if old_kind not in GUEST_KINDS or new_kind not in GUEST_KINDS:
        return False
    floor = new_start
    if old_kind is PasscodeKind.DAYS:
        floor = floor.replace(hour=0, minute=0, second=0, microsecond=0)
    return old_start < floor
