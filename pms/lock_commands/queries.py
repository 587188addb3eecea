"""Reads of commands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pms.core.db import db
from pms.core.errors import NotFound
from pms.lock_commands.models import CommandState, LockCommand
from pms.protocol.command import Command

OPEN = (CommandState.MADE, CommandState.SENT)


def get(command_id: int) -> LockCommand:
    """The command; NotFound."""
    command = db.session.get(LockCommand, command_id)
    if command is None:
        raise NotFound
    return command


def first_open(lock_id: int) -> LockCommand | None:
    """The command that is on its way to a lock, else the one that comes next; None if there is none. No setup."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(
            LockCommand.lock_id == lock_id,
            LockCommand.state.in_(OPEN),
            LockCommand.command != Command.INITIALISE,
        )
        .order_by(LockCommand.state.desc(), LockCommand.id)
        .limit(1)
    ).first()


def find_open(lock_id: int, command: Command) -> LockCommand | None:
    """The command of this kind that the lock has not answered yet, the newest one; None if there is none."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.lock_id == lock_id, LockCommand.state.in_(OPEN), LockCommand.command == int(command))
        .order_by(LockCommand.id.desc())
        .limit(1)
    ).first()


def list_open(lock_id: int) -> Sequence[LockCommand]:
    """Everything that waits for a lock, in order; no setup."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(
            LockCommand.lock_id == lock_id,
            LockCommand.state.in_(OPEN),
            LockCommand.command != Command.INITIALISE,
        )
        .order_by(LockCommand.id)
    ).all()


def list_newest(lock_id: int, *, limit: int) -> Sequence[LockCommand]:
    """The newest commands of a lock, the newest first."""
    return db.session.scalars(
        sa.select(LockCommand).where(LockCommand.lock_id == lock_id).order_by(LockCommand.id.desc()).limit(limit)
    ).all()


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
