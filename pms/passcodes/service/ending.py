"""How codes end: by a clear code typed at the door, by a command to the lock, or by themselves.

Until the lock has said so, a code that was ended here still opens, and is shown so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.lock_commands import queries as command_queries
from pms.lock_commands import service as lock_commands
from pms.passcodes import queries, rules
from pms.passcodes.models import Passcode, PasscodeKind, PasscodeState
from pms.passcodes.service.common import (
    SUBJECT,
    Holder,
    ShownPasscode,
    bury,
    hold_ready,
    shown,
    store,
    written,
)
from pms.protocol.command import AnswerStatus, DeleteUser
from pms.protocol.passcode import Permanent, encode_permission

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.locks.models import Door, Lock


@dataclass(frozen=True, slots=True)
class Ending:
    """What was begun: a clear code to type at the door, a command to carry to the lock, or neither (it is only not wanted)."""

    passcode: Passcode
    clear: ShownPasscode | None = None
    command: LockCommand | None = None


def revoke(*, passcode_id: int, request_id: str, actor: Actor, now: datetime) -> ShownPasscode:
    """The clear code that ends this code, and with it every code of its epoch, once somebody types it at the door.

    NotAlive where the code is dead already; LockTooFarBehind where another clear code must be typed first. Asking again
    within the hour gives the same digits.
    """
    with transaction() as session:
        passcode = queries.get_passcode(passcode_id)
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return shown(earlier)
        _check_can_end(passcode, now)
        door, lock = hold_ready(session, passcode.lock_id)
        return _clear(session, door, lock, passcode.epoch, Holder(passcode.stay_id), request_id, actor, now)


def clear_door(*, lock_id: int, request_id: str, actor: Actor, now: datetime) -> ShownPasscode:
    """The clear code that ends every code of the epoch that the lock is known to be in."""
    with transaction() as session:
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return shown(earlier)
        door, lock = hold_ready(session, lock_id)
        return _clear(session, door, lock, lock.known_epoch, Holder(), request_id, actor, now)


def delete(*, passcode_id: int, with_clear_code: bool = False, request_id: str, actor: Actor, now: datetime) -> Ending:
    """End a code by what its kind allows.

    A permanent one: a command to its lock, whose answer proves it (NotThereYet where the lock could not know the code's epoch).
    Any kind with `with_clear_code`: the clear code of its epoch. Else it is only noted that nobody wants it any more: it opens
    until its end, a later guest's first use, or a clear code. NotAlive, ClearCodeStays.
    """
    with transaction() as session:
        passcode = queries.get_passcode(passcode_id)
        if with_clear_code:
            clear = revoke(passcode_id=passcode_id, request_id=request_id, actor=actor, now=now)
            return Ending(queries.get_passcode(passcode_id), clear=clear)
        _check_can_end(passcode, now)
        if passcode.kind is PasscodeKind.PERMANENT:
            return Ending(passcode, command=_ask_lock(session, passcode, request_id, actor, now))
        if passcode.ended_at is None:
            passcode.ended_at = now
            session.flush()
            written("passcodes.ended", passcode, actor, now, {"codes": 1})
        return Ending(passcode)


def command_answered(*, passcode_id: int, status: AnswerStatus, actor: Actor, now: datetime) -> None:
    """The lock's word about a permanent code that it was told to revoke. Joins the caller's transaction."""
    with transaction() as session:
        passcode = queries.get_passcode(passcode_id)
        if passcode.state is not PasscodeState.REVOKING:
            return
        is_done = status is AnswerStatus.DONE
        if is_done:
            bury(passcode, now)
        else:
            passcode.state, passcode.ended_at = PasscodeState.ACTIVE, None
        session.flush()
        action = "passcodes.revoked" if is_done else "passcodes.not_revoked"
        written(action, passcode, actor, now, {"status": status.name.lower()})


def keys_changed(*, lock_id: int, actor: Actor, now: datetime) -> None:
    """The lock holds new keys: no code made under the old ones means anything to it. Joins the caller's transaction."""
    with transaction() as session:
        codes = [code for code in queries.codes_of_lock(lock_id) if code.state is not PasscodeState.USED]
        for code in codes:
            lock_commands.drop(subject_kind=SUBJECT, subject_id=code.id, now=now)
            bury(code, now)
        session.flush()
        if codes:
            written("passcodes.revoked", codes[0], actor, now, {"codes": len(codes)})


def _check_can_end(passcode: Passcode, now: datetime) -> None:
    if not rules.is_alive(queries.life_of(passcode, now)):
        raise rules.NotAlive
    if passcode.kind is PasscodeKind.CLEAR:
        raise rules.ClearCodeStays(until=passcode.valid_until)


def _ask_lock(session: Session, passcode: Passcode, request_id: str, actor: Actor, now: datetime) -> LockCommand:
    door, lock = hold_ready(session, passcode.lock_id)
    if passcode.epoch != lock.known_epoch:
        raise rules.NotThereYet(door=door.name)
    under_way = [
        command for command in command_queries.of_subject(SUBJECT, passcode.id) if command.state in command_queries.OPEN
    ]
    if under_way:
        return under_way[-1]
    permission = queries.permission_of(passcode)
    assert isinstance(permission, Permanent)  # noqa: S101 - its kind says so
    (command,) = lock_commands.queue(
        lock_id=lock.id,
        payloads=[DeleteUser(permanent_serial=permission.serial)],
        subject_kind=SUBJECT,
        subject_id=passcode.id,
        request_id=request_id,
        actor=actor,
        now=now,
    )
    passcode.state, passcode.ended_at = PasscodeState.REVOKING, passcode.ended_at or now
    session.flush()
    written("passcodes.revoking", passcode, actor, now)
    return command


def _clear(
    session: Session,
    door: Door,
    lock: Lock,
    epoch: int,
    holder: Holder,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> ShownPasscode:
    rules.check_epoch(epoch=epoch + 1, known_epoch=lock.known_epoch, door=door.name)
    lock.code_epoch = max(lock.code_epoch, epoch + 1)
    for code in queries.codes_of_lock(
        lock.id,
        Passcode.epoch <= epoch,
        Passcode.state == PasscodeState.ACTIVE,
        Passcode.kind != PasscodeKind.CLEAR,
    ):
        code.state = PasscodeState.REVOKING
    session.flush()
    choice = rules.clear(now=now)
    clear = queries.find_digits(lock, epoch, encode_permission(choice.permission))
    if clear is None:
        clear = store(
            session,
            door=door,
            lock=lock,
            choice=choice,
            epoch=epoch,
            holder=holder,
            request_id=request_id,
            actor=actor,
            now=now,
        )
    written("passcodes.clear_code_shown", clear, actor, now)
    return shown(clear)
