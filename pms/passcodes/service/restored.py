"""After a restore nobody knows which codes were given out since the backup: each lock's codes begin a new epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import transaction
from pms.locks.models import Lock, LockSetup
from pms.passcodes.rules import LAST_EPOCH

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor


@dataclass(frozen=True, slots=True)
class MovedOn:
    """Locks whose codes are made in the next epoch from now on; names of those that are as far ahead as they may be."""

    moved: int
    stuck: list[str]


def move_epochs_on(*, actor: Actor, now: datetime) -> MovedOn:
    """Make codes of every lock in the epoch after the one that it is known to be in (protocol section 3.3). A lock that is one
    ahead already, or in its last one, has to be set up anew before its codes are certain to be new. Joins the caller's transaction.
    """
    with transaction() as session:
        locks = session.scalars(
            sa.select(Lock)
            .where(Lock.setup.in_((LockSetup.READY, LockSetup.MOVED)), Lock.replaced_at.is_(None))
            .order_by(Lock.id)
            .with_for_update()
        ).all()
        moved = [lock for lock in locks if lock.code_epoch == lock.known_epoch < LAST_EPOCH]
        for lock in moved:
            lock.code_epoch = lock.known_epoch + 1
        session.flush()
        for lock in moved:
            audit.record(
                actor=actor,
                action="passcodes.moved_on",
                subject=audit.Subject(kind="lock", id=lock.id, label=lock.name, lock_id=lock.id),
                now=now,
                after={"epoch": lock.code_epoch},
            )
        return MovedOn(len(moved), [lock.name for lock in locks if lock not in moved])
