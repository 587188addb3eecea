"""Reads of commands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from pms.core.db import UtcDateTime, db
from pms.core.errors import NotFound
from pms.gateways import queries as gateways
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks.models import Door, Lock, LockSetup
from pms.protocol.command import Command
from pms.web.paging import Page, cut

OPEN = (CommandState.MADE, CommandState.SENT)


def get(command_id: int) -> LockCommand:
    """The command; NotFound."""
    command = db.session.get(LockCommand, command_id)
    if command is None:
        raise NotFound
    return command


# A lock's commands that are looked at in one turn.
_IN_ONE_TURN = 8


def _in_states(command: type[LockCommand], states: Sequence[CommandState]) -> sa.ColumnElement[bool]:
    """Written out in the statement: SQLite takes a partial index for constants only."""
    return command.state.in_(sa.bindparam(None, list(states), expanding=True, literal_execute=True))


def _is_open(command: type[LockCommand]) -> sa.ColumnElement[bool]:
    return sa.and_(_in_states(command, OPEN), command.command != Command.INITIALISE)


def _is_sent(command: type[LockCommand]) -> sa.ColumnElement[bool]:
    return sa.and_(_is_open(command), _in_states(command, (CommandState.SENT,)))


# Not ended, and no setup; and of these what is on its way.
IS_OPEN, IS_SENT = _is_open(LockCommand), _is_sent(LockCommand)


def hold_due(limit: int, now: datetime) -> Sequence[Lock]:
    """Locks to which something is to be sent now over the broker, held; those that somebody else holds are passed over.

    Decided by what comes first in each lock's line: what lies behind it waits, however long it did.
    """
    return db.session.scalars(due_locks(), {"now": now, "most": limit}).all()


@cache
def due_locks() -> sa.Select[Lock]:
    """The question of `hold_due`, for the instant `now` and at `most` so many. Asked several times a second, so built once."""
    command, other = LockCommand, aliased(LockCommand)
    goes_before = sa.or_(
        _is_sent(other),
        sa.and_(other.is_urgent, ~command.is_urgent),
        sa.and_(other.is_urgent == command.is_urgent, other.id < command.id),
    )
    is_first = sa.or_(
        IS_SENT, ~sa.exists().where(other.lock_id == command.lock_id, _is_open(other), goes_before).correlate(command)
    )
    has_way = sa.or_(
        Lock.id.in_(gateways.locks_over_broker()),
        sa.and_(command.command == Command.ASSOCIATE_MODULE, Lock.id.in_(gateways.locks_asked_over_broker())),
    )
    is_due = sa.or_(command.next_send_at.is_(None), command.next_send_at <= sa.bindparam("now", type_=UtcDateTime))
    return (
        _ready()
        .join(command, sa.and_(command.lock_id == Lock.id, IS_OPEN))
        .where(is_due, has_way, is_first)
        .order_by(command.is_urgent.desc(), command.next_send_at.is_not(None), command.next_send_at, command.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(of=Lock, skip_locked=True, key_share=True)
    )


def hold_ready(lock_ids: Collection[int]) -> Sequence[Lock]:
    """Those of these locks that take commands, held."""
    return db.session.scalars(
        _ready().where(Lock.id.in_(lock_ids)).order_by(Lock.id).with_for_update(key_share=True)
    ).all()


def _ready() -> sa.Select[Lock]:
    return sa.select(Lock).where(Lock.setup == LockSetup.READY, Lock.server_keys_sealed.is_not(None))


def hold_locks(lock_ids: Collection[int]) -> Sequence[int]:
    """The ids of these locks, held, in the order in which all hold them."""
    return db.session.scalars(
        sa.select(Lock.id).where(Lock.id.in_(lock_ids)).order_by(Lock.id).with_for_update(key_share=True)
    ).all()


def hold_lock(serial_number: str) -> Lock | None:
    """A lock by its serial number, held; None if there is none."""
    return db.session.scalars(
        sa.select(Lock).where(Lock.serial_number == serial_number.upper()).with_for_update(key_share=True)
    ).one_or_none()


def in_line(lock_ids: Collection[int]) -> Sequence[LockCommand]:
    """What is on its way to each of these locks, and then what comes next, a few of each; no setups."""
    return db.session.scalars(_line(), {"locks": list(lock_ids)}).all()


@cache
def _line() -> sa.Select[LockCommand]:
    order = (~IS_SENT, ~LockCommand.is_urgent, LockCommand.id)
    place = sa.func.row_number().over(partition_by=LockCommand.lock_id, order_by=order).label("place")
    is_of_them = LockCommand.lock_id.in_(sa.bindparam("locks", expanding=True))
    line = sa.select(LockCommand.id, place).where(is_of_them, IS_OPEN).subquery()
    return (
        sa.select(LockCommand)
        .join(line, line.c.id == LockCommand.id)
        .where(line.c.place <= _IN_ONE_TURN)
        .order_by(LockCommand.lock_id, line.c.place)
        .execution_options(populate_existing=True)
    )


def find_open(lock_id: int, command: Command) -> LockCommand | None:
    """The command of this kind that the lock has not answered yet, the newest one; None if there is none."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.lock_id == lock_id, _in_states(LockCommand, OPEN), LockCommand.command == int(command))
        .order_by(LockCommand.id.desc())
        .limit(1)
    ).first()


def list_open(lock_id: int) -> Sequence[LockCommand]:
    """Everything that waits for a lock, in order; no setup."""
    return db.session.scalars(
        sa.select(LockCommand).where(LockCommand.lock_id == lock_id, IS_OPEN).order_by(LockCommand.id)
    ).all()


def of_subject(subject_kind: str, subject_id: int) -> Sequence[LockCommand]:
    """Everything that was asked for one thing, oldest first."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.subject_kind == subject_kind, LockCommand.subject_id == subject_id)
        .order_by(LockCommand.id)
    ).all()


def hold_of_subject(subject_kind: str, subject_id: int) -> Sequence[LockCommand]:
    """The same as they are now, held."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.subject_kind == subject_kind, LockCommand.subject_id == subject_id)
        .order_by(LockCommand.id)
        .with_for_update()
        .execution_options(populate_existing=True)
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
        .where(LockCommand.lock_id == lock_id, LockCommand.subject_kind == subject_kind, _in_states(LockCommand, OPEN))
        .order_by(LockCommand.id)
    ).all()


def locks_asked(lock_ids: Collection[int], subject_kind: str) -> set[int]:
    """Those of the locks that were asked for something on behalf of a feature and have not answered."""
    if not lock_ids:
        return set()
    query = sa.select(LockCommand.lock_id).where(
        LockCommand.lock_id.in_(lock_ids), LockCommand.subject_kind == subject_kind, _in_states(LockCommand, OPEN)
    )
    return set(db.session.scalars(query))


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


def overdue(lock_ids: Collection[int], now: datetime) -> Sequence[LockCommand]:
    """Open commands of these locks whose time has passed, oldest first."""
    return db.session.scalars(
        sa.select(LockCommand)
        .where(LockCommand.lock_id.in_(lock_ids), _in_states(LockCommand, OPEN), LockCommand.expires_at <= now)
        .order_by(LockCommand.id)
        .execution_options(populate_existing=True)
    ).all()


def locks_with_overdue(limit: int, now: datetime) -> Sequence[int]:
    """Ids of locks with open commands whose time has passed."""
    return db.session.scalars(
        sa.select(LockCommand.lock_id)
        .where(_in_states(LockCommand, OPEN), LockCommand.expires_at <= now)
        .distinct()
        .limit(limit)
    ).all()
