"""Which locks have a clock that should be set now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from pms.core.db import db
from pms.lock_commands.models import LockCommand
from pms.locks import queries as locks
from pms.locks.models import Lock, LockSetup

SUBJECT = "clock"
MOST_DRIFT = 60
"""Seconds that a clock may be off before it is set: long before anybody at the door would notice."""
SET_EVERY = timedelta(days=30)
ASK_AGAIN = timedelta(hours=1)


def list_due(quarters: int, *, now: datetime) -> Sequence[int]:
    """Locks that are set up and whose clock is lost, off, long not set, or `quarters` of an hour from UTC is not what it counts.

    The lost ones come first, since they open for nobody; then those that were set longest ago. Who was told within the hour is left out.
    """
    since = sa.func.coalesce(Lock.clock_set_at, Lock.bound_at, Lock.created_at)
    lately = (
        sa.select(LockCommand.id)
        .where(
            LockCommand.lock_id == Lock.id,
            LockCommand.subject_kind == SUBJECT,
            LockCommand.created_at > now - ASK_AGAIN,
        )
        .exists()
    )
    return db.session.scalars(
        sa.select(Lock.id)
        .where(
            Lock.setup == LockSetup.READY,
            Lock.server_keys_sealed.is_not(None),
            Lock.replaced_at.is_(None),
            sa.or_(
                Lock.is_clock_lost,
                locks.has_drift(MOST_DRIFT),
                Lock.utc_offset_quarters != quarters,
                since <= now - SET_EVERY,
            ),
            sa.not_(lately),
        )
        .order_by(Lock.is_clock_lost.desc(), since, Lock.id)
    ).all()
