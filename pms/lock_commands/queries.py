"""Reads of commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pms.core.db import db
from pms.core.errors import NotFound
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks.models import Door, Lock
from pms.protocol.command import Command
from pms.web.paging import Page, cut

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


def of_subject(subject_kind: str, subject_id: int) -> Sequence[LockCommand]:
    """Everything that was asked for one thing, oldest first."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.subject_kind == subject_kind, LockCommand.subject_id == subject_id)
        .order_by(LockCommand.id)
    ).all()


def keys_made_at(lock_id: int) -> datetime | None:
    """When the setup was made that gave a lock its present keys; None where it was not set up from here."""
    return db.session.scalar(
        sa.select(sa.func.max(LockCommand.created_at)).where(
            LockCommand.lock_id == lock_id,
            LockCommand.command == Command.INITIALISE,
            LockCommand.state == CommandState.ANSWERED,
        )
    )


def open_of_kind(lock_id: int, subject_kind: str) -> Sequence[LockCommand]:
    """What a lock was asked for on behalf of a feature and has not answered, oldest first."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.lock_id == lock_id, LockCommand.subject_kind == subject_kind, LockCommand.state.in_(OPEN))
        .order_by(LockCommand.id)
    ).all()


def parts_of(command: LockCommand) -> Sequence[LockCommand]:
    """The command and the other parts of the same content that are open."""
    if command.part == 1 and command.is_last:
        return [command]
    return db.session.scalars(
        sa.select(LockCommand)
        .where(
            LockCommand.lock_id == command.lock_id,
            LockCommand.subject_kind == command.subject_kind,
            LockCommand.subject_id == command.subject_id,
            LockCommand.created_at == command.created_at,
            LockCommand.state.in_(OPEN),
        )
        .order_by(LockCommand.id)
    ).all()


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command of the list, with its lock and door."""

    command: LockCommand
    lock: Lock
    door: Door | None

    @property
    def key(self) -> int:
        """From which the next rows follow."""
        return self.command.id


def list_page(
    *, lock_id: int | None = None, show: str = "", before_id: int | None = None, size: int = 50
) -> Page[CommandRow]:
    """Commands from the newest to the oldest; `show` is open, done or failed, or empty for all."""
    query = (
        sa.select(LockCommand, Lock, Door)
        .join(Lock, Lock.id == LockCommand.lock_id)
        .outerjoin(Door, Door.lock_id == LockCommand.lock_id)
        .order_by(LockCommand.id.desc())
        .limit(size + 1)
    )
    if lock_id is not None:
        query = query.where(LockCommand.lock_id == lock_id)
    if show in SHOW:
        query = query.where(LockCommand.state.in_(SHOW[show]))
    if before_id is not None:
        query = query.where(LockCommand.id < before_id)
    return cut([CommandRow(row[0], row[1], row[2]) for row in db.session.execute(query).all()], size, "key")


SHOW: dict[str, tuple[CommandState, ...]] = {
    "open": OPEN,
    "done": (CommandState.ANSWERED,),
    "failed": (CommandState.FAILED, CommandState.EXPIRED, CommandState.DROPPED),
}


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
