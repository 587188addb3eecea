"""The clocks of locks that can be reached are kept right: the time, and the distance from UTC that summer time changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from pms.core.db import db, transaction
from pms.lock_commands import clock_queries, operate, queries, service
from pms.lock_commands.answers import register
from pms.lock_commands.rules import Deed
from pms.lock_commands.settings import LockAsker
from pms.locks import reach
from pms.locks import rules as lock_rules
from pms.locks.models import Lock, LockSetup
from pms.properties import queries as properties
from pms.protocol.command import WriteSettings

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand

SUBJECT = clock_queries.SUBJECT
MOST = 50
"""Locks that are told in one turn."""
# Handed out later, the time in it would be wrong by as much.
_USEFUL_FOR = timedelta(minutes=2)


def install() -> None:
    """Hear what locks say to these (once, when the application is made)."""
    register(SUBJECT, ClockAsker())


class ClockAsker(LockAsker):
    """Writes into the lock's row that its clock is set."""

    can_be_cancelled = True


@dataclass(frozen=True, slots=True)
class Told:
    """Locks whose clock is being set; that need it and could not be reached; that wait for the next turn."""

    told: int
    away: int
    left: int


def set_due(*, actor: Actor, now: datetime) -> Told:
    """Set the clocks of locks that are online where they are off, lost, long not set, or count the hours of before summer time.

    Each is a transaction. A second call tells nobody again: one such command a lock is open at most, and one an hour is made.
    """
    house = properties.find_property()
    if house is None:
        return Told(0, 0, 0)
    quarters = lock_rules.utc_offset_quarters(now, house.zone)
    due = clock_queries.list_due(quarters, now=now)
    online = {lock_id for lock_id, way in reach.of_locks(lock_ids=None, now=now).items() if way.is_online}
    db.remove()
    there = [lock_id for lock_id in due if lock_id in online]
    told = sum(_set(lock_id, quarters, actor, now) is not None for lock_id in there[:MOST])
    return Told(told, len(due) - len(there), max(0, len(there) - MOST))


def _set(lock_id: int, quarters: int, actor: Actor, now: datetime) -> LockCommand | None:
    """None where the lock is not ours any more, or somebody else was quicker."""
    try:
        with transaction() as session:
            lock = session.get_one(Lock, lock_id, with_for_update=True)
            service.expire_of_lock(lock_id=lock_id, now=now)
            if lock.setup is not LockSetup.READY or _is_being_set(lock_id):
                return None
            is_moved = lock.utc_offset_quarters != quarters
            details: dict[str, Any] = {"clock": True, **({"time_zone": quarters} if is_moved else {})}
            return service.queue(
                lock_id=lock_id,
                payloads=[WriteSettings(clock=int(now.timestamp()), time_zone=quarters if is_moved else None)],
                subject_kind=SUBJECT,
                subject_id=lock_id,
                details=details,
                expires_at=now + _USEFUL_FOR,
                actor=actor,
                now=now,
            )[0]
    except IntegrityError:
        return None


def _is_being_set(lock_id: int) -> bool:
    """At whosever wish."""
    waiting = queries.list_open(lock_id)
    return any(operate.deed_of(row) is Deed.SET_CLOCK or (row.details or {}).get("clock") for row in waiting)
