"""Commands are queued, made into frames when a carrier is at the lock, and settled by the lock's answer.

A frame is made only when it is handed out: between queueing and sending the lock may have been set up anew, under other
keys. The same frame is handed out again until the lock has answered it; the lock does it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import transaction
from pms.lock_commands import answers, queries, rules
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks import lock_keys
from pms.locks import service as locks
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import (
    AnswerStatus,
    Command,
    LockAnswer,
    Operate,
    WriteSettings,
    decode_answer,
    decode_request,
)
from pms.protocol.errors import ProtocolError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.session import next_server_counter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.protocol.command import Payload

# Answers after which the lock is asked once more, the next time that somebody is there.
_LATER = (AnswerStatus.BUSY, AnswerStatus.LOW_BATTERY)


def queue(
    *,
    lock_id: int,
    payloads: Sequence[Payload],
    subject_kind: str,
    subject_id: int,
    details: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> list[LockCommand]:
    """Ask a lock for something; several payloads are the parts of one content. Joins the caller's transaction.

    The same `request_id` again gives back what was asked for then. `details` say what is asked for in values that anybody
    may see.
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
            )
            command.plaintext = payload.encode(version)
            made.append(command)
        try:
            with session.begin_nested():
                session.add_all(made)
                session.flush()
        except IntegrityError:
            # The same request at the same instant, on PostgreSQL.
            earlier = queries.of_request(request_id or "")
            if not earlier:
                raise
            return list(earlier)
        return made


def drop(*, subject_kind: str, subject_id: int, now: datetime) -> None:
    """Take back what no frame was handed out of yet. Joins the caller's transaction."""
    with transaction():
        for command in queries.of_subject(subject_kind, subject_id):
            if command.state is CommandState.MADE:
                end(command, CommandState.DROPPED, now)


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


def next_frame(*, serial_number: str, is_remote: bool = False, now: datetime) -> bytes | None:
    """The frame that a carrier at the lock should bring to it; None if there is nothing, or the lock is not set up."""
    command = next_command(serial_number=serial_number, is_remote=is_remote, now=now)
    return command.frame if command is not None else None


def next_command(*, serial_number: str, is_remote: bool = False, now: datetime) -> LockCommand | None:
    """The command whose frame a carrier at the lock should bring to it: the same one until it is answered or expired.

    A setup goes before everything else, and never through a gateway or module (`is_remote`).
    """
    with transaction() as session:
        lock = _hold(session, serial_number)
        if lock is not None and lock.setup is LockSetup.PENDING and not is_remote:
            return _setup_of(lock, now)
        if lock is None or lock.setup is not LockSetup.READY or lock.server_keys is None:
            return None
        expire_of_lock(lock_id=lock.id, now=now)
        command = queries.first_open(lock.id)
        if command is None:
            return None
        if command.state is CommandState.MADE:
            command.state = CommandState.SENT
            session.flush()
            answers.asker_of(command.subject_kind).sent(command, now)
        if command.frame is None:
            _seal(lock, command, now)
        return command


def _setup_of(lock: Lock, now: datetime) -> LockCommand | None:
    command = queries.find_open(lock.id, Command.INITIALISE)
    if command is not None and command.state is CommandState.MADE:
        command.state, command.sent_at = CommandState.SENT, now
    return command


def expire_of_lock(*, lock_id: int, now: datetime) -> None:
    """What should have been done by now is not handed out any more. Joins the caller's transaction."""
    with transaction() as session:
        for command in queries.overdue(lock_id, now):
            end(command, CommandState.EXPIRED, now)
            answers.asker_of(command.subject_kind).expired(command, now)
        session.flush()


def take_answer(*, serial_number: str, frame: bytes, actor: Actor, now: datetime) -> Settled | None:
    """Settle the command that the lock has answered; None where the bytes are no answer of it to one of ours.

    The same answer again changes nothing, and says so. `actor` says from where it was carried.
    """
    with transaction() as session:
        lock = _hold(session, serial_number)
        opened = _open_answer(lock, frame) if lock is not None else None
        if lock is None or opened is None:
            return None
        try:
            answer = decode_answer(opened.command, opened.plaintext, opened.version)
        except ProtocolError:
            return None
        command = queries.by_counter(lock.id, opened.counter)
        if command is None or opened.direction is not Direction.ANSWER or opened.command != command.command:
            return None
        is_new = command.state in _AWAITED
        lock_actor = Actor(kind="lock", name=lock.name, address=actor.address)
        if command.command == Command.INITIALISE:
            # An answer to a setup that another has taken the place of comes to nothing.
            is_new = command.state in queries.OPEN
            if is_new:
                locks.settle_setup(lock_id=lock.id, answer=frame, actor=lock_actor, now=now)
        elif is_new:
            _settle(command, answer, lock_actor, now)
            lock.last_seen_at = now
        return Settled(command, answer, is_new=is_new)


def _open_answer(lock: Lock, frame: bytes) -> Frame | None:
    """The frame, where it is one of this lock's: under its keys, under those before, or, for a setup, under its label's."""
    try:
        is_setup = peek_header(frame).command == Command.INITIALISE
    except ProtocolError:
        return None
    digits = [known for known in (lock.server_keys, lock.earlier_server_keys) if known is not None]
    keys = [lock_keys.command_key_of(lock, known) for known in digits]
    if is_setup:
        keys.append(lock_keys.bind_key_of(lock))
    for key in keys:
        try:
            return open_frame(key, lock_keys.serial_of(lock), frame)
        except ProtocolError:
            continue
    return None


# An expired command may have been done in time, its answer being late.
_AWAITED = (CommandState.SENT, CommandState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Settled:
    """A command with the lock's answer; `is_new` says that this answer was not known yet."""

    command: LockCommand
    answer: LockAnswer
    is_new: bool = field(kw_only=True)


def _settle(command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
    if answer.status in _LATER and command.state is CommandState.SENT:
        command.state, command.frame, command.counter = CommandState.MADE, None, None
        return
    is_done = answer.status is AnswerStatus.DONE
    command.status = int(answer.status)
    end(command, CommandState.ANSWERED if is_done else CommandState.FAILED, now)
    if not is_done:
        # The rest of a content whose part was refused is of no use.
        for other in queries.of_subject(command.subject_kind, command.subject_id):
            if other.state is CommandState.MADE and other.lock_id == command.lock_id and not command.is_last:
                end(other, CommandState.DROPPED, now)
    if command.is_last or not is_done:
        answers.asker_of(command.subject_kind).answered(command, answer, actor, now)


def _seal(lock: Lock, command: LockCommand, now: datetime) -> None:
    lock.server_counter = next_server_counter(lock.server_counter, int(now.timestamp() * 1000))
    command.counter, command.life, command.sent_at = lock.server_counter, lock.life, now
    _set_time(lock, command, now)
    command.frame = seal_frame(
        lock_keys.command_key_of(lock),
        lock_keys.serial_of(lock),
        Frame(lock.protocol_version, command.command, Direction.REQUEST, command.counter, command.plaintext or b""),
    )


def _set_time(lock: Lock, command: LockCommand, now: datetime) -> None:
    """A command that sets the clock sets it to the time at which it goes out, not to that at which it was asked for."""
    if command.command not in (Command.WRITE_SETTINGS, Command.OPERATE):
        return
    payload = decode_request(command.command, command.plaintext or b"", lock.protocol_version)
    if isinstance(payload, WriteSettings | Operate) and payload.clock is not None:
        command.plaintext = replace(payload, clock=int(now.timestamp())).encode(lock.protocol_version)


def end(command: LockCommand, state: CommandState, now: datetime) -> None:
    """Inside the caller's transaction: nothing more comes of the command. What was asked for is not kept: it may have been somebody's finger."""
    command.state, command.ended_at = state, now
    command.plaintext = command.frame = None


def _hold(session: Session, serial_number: str) -> Lock | None:
    return session.scalars(
        sa.select(Lock).where(Lock.serial_number == serial_number.upper()).with_for_update()
    ).one_or_none()
