"""Whom a code is for, and at which locks it can be made."""

from __future__ import annotations

from pms.locks.models import LockSetup
from pms.passcodes.rules.refusals import LockBetweenKeys, LockMoved, NobodyNamed, NoLock, StayEnded
from pms.stays.models import StayState

MAX_NAME = 60
MAX_NOTE = 200


def holder_name(name: str, *, has_stay: bool) -> str:
    """The name as it is kept; NobodyNamed where there is neither a name nor a stay."""
    text = line(name)
    if len(text) > MAX_NAME or not (text or has_stay):
        raise NobodyNamed
    return text


def line(text: str) -> str:
    """One line of what was typed, without what cannot be printed."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def check_lock(setup: LockSetup | None, *, door: str) -> None:
    """NoLock, LockMoved, LockBetweenKeys: a code counts on the keys that the lock holds now."""
    if setup is None or setup is LockSetup.IMPORTED:
        raise NoLock(door=door)
    if setup is LockSetup.MOVED:
        raise LockMoved(door=door)
    if setup is LockSetup.PENDING:
        raise LockBetweenKeys(door=door)


def check_stay(state: StayState) -> None:
    """StayEnded: codes are for guests who are expected or here."""
    if state not in (StayState.CONFIRMED, StayState.IN_HOUSE):
        raise StayEnded
