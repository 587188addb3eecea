"""What features ask of locks is queued, and taken back while no frame of it was handed out."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.lock_commands import answers, queries, rules, wishes
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks.models import Lock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.protocol.command import Payload


def queue(
    *,
    lock_id: int,
    payloads: Sequence[Payload],
    subject_kind: str,
    subject_id: int,
    details: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
    is_urgent: bool = False,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> list[LockCommand]:
    """Ask a lock for something; several payloads are the parts of one content. Joins the caller's transaction.

    The same `request_id` again gives back what was asked for then. `details` say what is asked for in values that anybody
    may see. `is_urgent` goes before all that waits for the lock.
    """
    with transaction() as session:
        earlier = queries.of_request(request_id) if request_id is not None else []
        if earlier:
            return list(earlier)
        version = session.get_one(Lock, lock_id).protocol_version
        made = []
        for number, payload in enumerate(payloads, 1):
            command = LockCommand(
                lock_id=lock_id,
                command=int(payload.command),
                state=CommandState.MADE,
                subject_kind=subject_kind,
                subject_id=subject_id,
                part=number,
                is_last=number == len(payloads),
                actor_name=actor.name,
                request_id=request_id,
                details=details,
                created_at=now,
                expires_at=expires_at,
                is_urgent=is_urgent,
            )
            command.plaintext = payload.encode(version)
            made.append(command)
        try:
            # Only the same request can have come at the same instant, on PostgreSQL; then it alone is taken back.
            with session.begin_nested() if request_id is not None else nullcontext():
                session.add_all(made)
                session.flush()
        except IntegrityError:
            earlier = queries.of_request(request_id) if request_id is not None else []
            if not earlier:
                raise
            return list(earlier)
        if is_urgent:
            # What is on its way goes first. If the lock is there now, it should not be waited for.
            session.execute(
                sa.update(LockCommand)
                .where(LockCommand.lock_id == lock_id, queries.IS_SENT)
                .values(next_send_at=None, sends=0)
            )
        wishes.tell()
        return made


def drop(*, subject_kind: str, subject_id: int, now: datetime) -> None:
    """Take back what no frame was handed out of yet. Joins the caller's transaction."""
    with transaction():
        for command in queries.of_subject(subject_kind, subject_id):
            if command.state is CommandState.MADE:
                end(command, CommandState.DROPPED, now)


def withdraw(*, subject_kind: str, subject_id: int, now: datetime) -> None:
    """Take back what was asked, also where a frame of it is out already. Joins the caller's transaction.

    It is not sent again, and what was in it, perhaps somebody's finger, is gone from here; the lock may have it all the same, and
    its answer is believed if it still comes.
    """
    with transaction() as session:
        for command in queries.hold_of_subject(subject_kind, subject_id):
            if command.state in queries.OPEN:
                end(command, CommandState.DROPPED, now)
        session.flush()


def give_up(*, lock_id: int, now: datetime) -> None:
    """The lock will do nothing of what it was asked: it holds no keys any more. Joins the caller's transaction."""
    with transaction() as session:
        for command in queries.list_open(lock_id):
            is_new = command.state is CommandState.MADE
            end(command, CommandState.DROPPED if is_new else CommandState.EXPIRED, now)
            answers.asker_of(command.subject_kind).expired(command, now)
        session.flush()


def cancel(*, command_id: int, actor: Actor, now: datetime) -> LockCommand:
    """Take back a command of which no frame was handed out, with all its parts; one that is dropped already stays so.

    CannotBeCancelled where the lock may have it, or where the feature whose it is takes it back itself.
    """
    with transaction() as session:
        lock_id = queries.get(command_id).lock_id
        session.get(Lock, lock_id, with_for_update=True)
        command = session.get_one(LockCommand, command_id, populate_existing=True)
        if command.state is CommandState.DROPPED:
            return command
        asker = answers.asker_of(command.subject_kind)
        if command.state is not CommandState.MADE or not asker.can_be_cancelled:
            raise rules.CannotBeCancelled
        for part in queries.parts_of(command):
            if part.state is CommandState.MADE:
                end(part, CommandState.DROPPED, now)
        asker.cancelled(command, actor, now)
        audit.record(
            actor=actor,
            action="commands.cancelled",
            subject=audit.Subject(
                kind="lock_command", id=command.id, label=session.get_one(Lock, lock_id).name, lock_id=lock_id
            ),
            now=now,
            after={"command": f"{command.command:04X}"},
        )
        return command


def end(command: LockCommand, state: CommandState, now: datetime) -> None:
    """Inside the caller's transaction: nothing more comes of the command. What was asked for is not kept: it may have been somebody's finger."""
    command.state, command.ended_at = state, now
    command.plaintext = command.frame = None
