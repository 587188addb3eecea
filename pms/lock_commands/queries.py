"""Reads of commands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pms.core.db import db
from pms.core.errors import NotFound
from pms.lock_commands.models import CommandState, LockCommand

OPEN = (CommandState.MADE, CommandState.SENT)


def get(command_id: int) -> LockCommand:
    """The command; NotFound."""
    command = db.session.get(LockCommand, command_id)
    if command is None:
        raise NotFound
    return command


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


def open_of_kind(lock_id: int, subject_kind: str) -> Sequence[LockCommand]:
    """What a lock was asked for on behalf of a feature and has not answered, oldest first."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.lock_id == lock_id, LockCommand.subject_kind == subject_kind, LockCommand.state.in_(OPEN))
        .order_by(LockCommand.id)
    ).all()


def by_counter(lock_id: int, counter: int) -> LockCommand | None:
    """The command whose frame bore this counter, or None."""
    return db.session.scalars(
        sa.select(LockCommand).where(LockCommand.lock_id == lock_id, LockCommand.counter == counter)
    ).first()


def of_request(request_id: str) -> Sequence[LockCommand]:
    """What was asked for with this id, its parts in order."""
    return db.session.scalars(
        sa.select(LockCommand).where(LockCommand.request_id == request_id).order_by(LockCommand.part)
    ).all()


def overdue(lock_id: int, now: datetime) -> Sequence[LockCommand]:
    """Open commands of a lock whose time has passed, oldest first."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.lock_id == lock_id, LockCommand.state.in_(OPEN), LockCommand.expires_at <= now)
        .order_by(LockCommand.id)
    ).all()
