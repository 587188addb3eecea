"""Commands are settled by the lock's answer, once, or by their time that passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pms.core.actor import Actor
from pms.core.db import transaction
from pms.lock_commands import answers, queries, rules
from pms.lock_commands.models import CommandState
from pms.lock_commands.service.queueing import end
from pms.locks import lock_keys
from pms.locks import service as locks
from pms.protocol.command import AnswerStatus, Command, LockAnswer, decode_answer
from pms.protocol.errors import ProtocolError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.lock_commands.models import LockCommand
    from pms.locks.models import Lock


def expire_of_lock(*, lock_id: int, now: datetime) -> None:
    """What should have been done by now is not handed out any more. Joins the caller's transaction."""
    with transaction() as session:
        _expire(session, [lock_id], now)


def expire_overdue(*, now: datetime, limit: int = 200) -> int:
    """The same for locks that nobody asks about, some at a time; how many locks there were."""
    with transaction() as session:
        held = queries.hold_locks(queries.locks_with_overdue(limit, now))
        _expire(session, held, now)
        return len(held)


def _expire(session: Session, lock_ids: Collection[int], now: datetime) -> None:
    for command in queries.overdue(lock_ids, now):
        end(command, CommandState.EXPIRED, now)
        answers.asker_of(command.subject_kind).expired(command, now)
    session.flush()


def take_answer(*, serial_number: str, frame: bytes, actor: Actor, now: datetime) -> Settled | None:
    """Settle the command that the lock has answered; None where the bytes are no answer of it to one of ours.

    The same answer again changes nothing, and says so. `actor` says from where it was carried.
    """
    with transaction():
        lock = queries.hold_lock(serial_number)
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


# What expired, or was sent and then not wanted any more, may have been done in time, its answer being late.
_AWAITED = (CommandState.SENT, CommandState.EXPIRED, CommandState.DROPPED)


@dataclass(frozen=True, slots=True)
class Settled:
    """A command with the lock's answer; `is_new` says that this answer was not known yet."""

    command: LockCommand
    answer: LockAnswer
    is_new: bool = field(kw_only=True)


def _settle(command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
    pause = rules.retry_after(answer.status)
    if pause is not None and command.state is CommandState.SENT:
        # Under a new counter: the lock would only repeat its answer to the old frame.
        command.state, command.frame, command.counter = CommandState.MADE, None, None
        command.sends, command.next_send_at = 0, now + pause
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
