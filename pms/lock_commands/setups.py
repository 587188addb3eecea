"""Setups of locks (0500) among the commands: one row each, which follows what becomes of the setup.

The frame is made by `pms.locks` and carried by a person beside the lock; no gateway is ever given it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import db, transaction
from pms.lock_commands import queries, service
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks import bind_rules
from pms.locks import queries as lock_queries
from pms.locks import service as locks
from pms.protocol.command import AnswerStatus, Command
from pms.protocol.frame import peek_header

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.locks.service import Label

SUBJECT = "setup"


def initialise(*, lock_id: int, request_id: str | None = None, actor: Actor, now: datetime) -> LockCommand:
    """Give a lock that holds keys new ones. NeverBound, NoDoor.

    While such a setup waits for its lock, asking again gives the same one.
    """
    with transaction():
        earlier = queries.of_request(request_id) if request_id is not None else []
        if earlier:
            return earlier[0]
        lock = lock_queries.get_lock(lock_id)
        if lock.server_keys is None:
            raise bind_rules.NeverBound(lock=lock.name)
        locks.start_setup(lock_id=lock_id, request_id=request_id, actor=actor, now=now)
        return _waiting(lock_id)


def bind(
    *,
    label: Label,
    room_id: int | None,
    area_id: int | None,
    door_name: str = "",
    is_reset: bool = False,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> LockCommand:
    """Bind a lock that holds no keys, under the key of its label; see `locks.bind_lock`."""
    with transaction():
        earlier = queries.of_request(request_id) if request_id is not None else []
        if earlier:
            return earlier[0]
        lock = locks.bind_lock(
            label=label,
            room_id=room_id,
            area_id=area_id,
            door_name=door_name,
            is_reset=is_reset,
            request_id=request_id,
            actor=actor,
            now=now,
        )
        return _waiting(lock.id)


class OutboxOfSetups:
    """Keeps a row of the outbox for each setup."""

    def started(self, *, lock_id: int, frame: bytes, request_id: str | None, actor: Actor, now: datetime) -> None:
        """A new row; the setup before, which nobody may bring any more, is over."""
        self.ended(lock_id=lock_id, status=None, now=now)
        command = LockCommand(
            lock_id=lock_id,
            command=int(Command.INITIALISE),
            state=CommandState.MADE,
            counter=peek_header(frame).counter,
            frame=frame,
            subject_kind=SUBJECT,
            subject_id=lock_id,
            part=1,
            is_last=True,
            actor_name=actor.name,
            request_id=request_id,
            created_at=now,
        )
        db.session.add(command)
        db.session.flush()

    def ended(self, *, lock_id: int, status: int | None, now: datetime) -> None:
        """The row that waits is settled by the lock's word, or void. New keys make void what was sealed under the old."""
        if status == AnswerStatus.DONE:
            for waiting in queries.list_open(lock_id):
                waiting.frame = None
        command = queries.find_open(lock_id, Command.INITIALISE)
        if command is None:
            return
        command.status = status
        if status is None:
            state = CommandState.DROPPED if command.state is CommandState.MADE else CommandState.EXPIRED
        else:
            state = CommandState.ANSWERED if status == AnswerStatus.DONE else CommandState.FAILED
        service.end(command, state, now)
        db.session.flush()

    def forgotten(self, *, lock_id: int, now: datetime) -> None:
        """Nothing that was asked of the lock will be done."""
        self.ended(lock_id=lock_id, status=None, now=now)
        service.give_up(lock_id=lock_id, now=now)


def _waiting(lock_id: int) -> LockCommand:
    command = queries.find_open(lock_id, Command.INITIALISE)
    if command is None:
        raise RuntimeError("a setup without its command")
    return command
