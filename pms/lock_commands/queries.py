"""Reads of commands."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pms.core.db import db
from pms.lock_commands.models import CommandState, LockCommand

OPEN = (CommandState.QUEUED, CommandState.SENT)


def first_open(lock_id: int) -> LockCommand | None:
    """The command that is on its way to a lock, else the one that comes next; None if there is none."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.lock_id == lock_id, LockCommand.state.in_(OPEN))
        .order_by(LockCommand.state.desc(), LockCommand.id)
        .limit(1)
    ).first()


def of_subject(subject_kind: str, subject_id: int) -> Sequence[LockCommand]:
    """Everything that was asked for one thing, oldest first."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.subject_kind == subject_kind, LockCommand.subject_id == subject_id)
        .order_by(LockCommand.id)
    ).all()


def by_counter(lock_id: int, counter: int) -> LockCommand | None:
    """The command whose frame bore this counter, or None."""
    return db.session.scalars(
        sa.select(LockCommand).where(LockCommand.lock_id == lock_id, LockCommand.counter == counter)
    ).first()
