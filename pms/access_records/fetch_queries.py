"""Which locks should be asked for their records now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from pms.access_records.models import RecordSeries
from pms.core.db import db
from pms.lock_commands import queries as commands
from pms.lock_commands.models import LockCommand
from pms.locks.models import Lock, LockSetup

READ_EVERY = timedelta(hours=6)
"""A lock that says nothing of itself is read all the same after so long."""
ASK_AGAIN = timedelta(minutes=8)
"""A lock whose answer brought nothing new is left alone for so long, although it has more."""


def list_due(subject_kind: str, *, now: datetime) -> Sequence[int]:
    """Locks that have noted more than is here, or were not read for long; those that were read longest ago come first.

    Locks of which this is asked already are left out, as are those that are not set up.
    """
    last = sa.func.coalesce(RecordSeries.read_at, sa.literal(datetime.min.replace(tzinfo=now.tzinfo)))
    asked_lately = sa.and_(RecordSeries.asked_at.is_not(None), RecordSeries.asked_at > now - ASK_AGAIN)
    is_open = (
        sa.select(LockCommand.id)
        .where(
            LockCommand.lock_id == Lock.id,
            LockCommand.subject_kind == subject_kind,
            LockCommand.state.in_(commands.OPEN),
            # A question whose time is over is put away when the next one is asked.
            sa.or_(LockCommand.expires_at.is_(None), LockCommand.expires_at > now),
        )
        .exists()
    )
    return db.session.scalars(
        sa.select(Lock.id)
        .outerjoin(RecordSeries, sa.and_(RecordSeries.lock_id == Lock.id, RecordSeries.life == Lock.counting_life))
        .where(
            Lock.setup == LockSetup.READY,
            Lock.server_keys_sealed.is_not(None),
            Lock.replaced_at.is_(None),
            sa.or_(
                RecordSeries.newest > RecordSeries.known_until,
                RecordSeries.read_at.is_(None),
                RecordSeries.read_at <= now - READ_EVERY,
            ),
            sa.not_(sa.func.coalesce(asked_lately, sa.false())),
            sa.not_(is_open),
        )
        .order_by(last, Lock.id)
    ).all()


def split(lock_ids: Sequence[int], online: Collection[int]) -> tuple[list[int], int]:
    """Those of the locks that can be reached, in their order; and how many of them cannot."""
    there = [lock_id for lock_id in lock_ids if lock_id in online]
    return there, len(lock_ids) - len(there)
