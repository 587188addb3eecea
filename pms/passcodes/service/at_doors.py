"""What a lock's records prove about codes, and what its clock makes of their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import transaction
from pms.locks.models import Lock
from pms.passcodes import queries, rules
from pms.passcodes.models import Passcode, PasscodeKind, PasscodeState
from pms.passcodes.service.common import bury, confirm, hold, written
from pms.protocol.record import RecordResult

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor

# Kinds whose end depends on the lock's clock as it is set when somebody types the code.
_BY_THE_CLOCK = (PasscodeKind.NIGHTS, PasscodeKind.DAYS, PasscodeKind.CYCLIC)


def seen_at_door(*, lock: Lock, p: int, result: int, at: datetime, actor: Actor, now: datetime) -> Passcode | None:
    """What a lock's record proves about codes: that one opens, or is dead, and that the lock has moved on.

    `p` is the permission's number in the record. The code, or None where it is not one of ours.
    """
    with transaction() as session:
        lock = hold(session, lock.id)
        code = _find_seen(lock, p)
        if code is None:
            return None
        if result in (RecordResult.OPENED, RecordResult.PRIVACY):
            confirm(code, at)
        if result == RecordResult.OPENED:
            _move_on(session, lock, code.epoch, code, at, actor, now)
            _end_older_guests(lock, code, at)
        elif result == RecordResult.VOIDED:
            confirm(code, at)
            _move_on(session, lock, code.epoch + 1, code, at, actor, now)
        elif result == RecordResult.SUPERSEDED:
            bury(code, at)
        if code.kind is PasscodeKind.SINGLE and result in (RecordResult.OPENED, RecordResult.USED):
            code.state = PasscodeState.USED
            confirm(code, at)
        session.flush()
        return code


def epoch_moved(*, lock: Lock, p: int, at: datetime, actor: Actor, now: datetime) -> None:
    """The lock noted that it went one epoch on, which it does before it notes what the code `p` did.

    Only this tells two parties' codes with the same number apart: the same start and length in two epochs.
    """
    with transaction() as session:
        lock = hold(session, lock.id)
        by = queries.codes_of_lock(lock.id, Passcode.permission == p)
        newest = max(by, key=lambda code: (code.epoch, code.id), default=None)
        _move_on(session, lock, lock.known_epoch + 1, newest, at, actor, now)
        session.flush()


def reckon_ends(*, lock_id: int | None = None, actor: Actor, now: datetime) -> int:
    """Bring the ends of living codes in step with the locks' clocks; how many changed.

    A lock counts hours by its clock as it is at the door: once it was told of summer time, the codes that it was given end at
    its check-out hour again. Joins the caller's transaction.
    """
    with transaction() as session:
        query = sa.select(Passcode, Lock).join(Lock, Lock.id == Passcode.lock_id)
        query = query.where(
            Passcode.kind.in_(_BY_THE_CLOCK),
            Passcode.state.in_((PasscodeState.ACTIVE, PasscodeState.REVOKING)),
            Passcode.valid_until >= now - rules.A_DAY,
        )
        if lock_id is not None:
            query = query.where(Passcode.lock_id == lock_id)
        changed = []
        for code, lock in session.execute(query.order_by(Passcode.id)):
            permission = queries.permission_of(code)
            _begins, ends = rules.span(permission, queries.clockwork_of(lock), now)
            if ends is not None and ends != code.valid_until:
                code.valid_until = ends
                changed.append(code.id)
        session.flush()
        if changed:
            written("passcodes.reckoned", queries.get_passcode(changed[0]), actor, now, {"codes": len(changed)})
        return len(changed)


def _find_seen(lock: Lock, p: int) -> Passcode | None:
    """The code that the record means: of the epoch that the lock is in, else of the next one, else any that was made."""
    codes = queries.codes_of_lock(lock.id, Passcode.permission == p)
    order = {lock.known_epoch: 0, lock.known_epoch + 1: 1}
    return min(codes, key=lambda code: (order.get(code.epoch, 2), -code.id), default=None)


def _move_on(
    session: Session, lock: Lock, epoch: int, by: Passcode | None, at: datetime, actor: Actor, now: datetime
) -> None:
    """The lock is in this epoch: every code of an earlier one is dead."""
    if epoch <= lock.known_epoch:
        return
    lock.known_epoch = epoch
    lock.code_epoch = max(lock.code_epoch, epoch)
    dead = queries.codes_of_lock(lock.id, Passcode.epoch < epoch)
    for code in dead:
        bury(code, at)
    session.flush()
    if by is not None:
        written("passcodes.revoked", queries.get_passcode(by.id), actor, now, {"codes": len(dead)})


def _end_older_guests(lock: Lock, opened: Passcode, at: datetime) -> None:
    """The lock knows no parties: a later start ends every earlier one."""
    same = (Passcode.epoch == opened.epoch, Passcode.kind.in_(rules.GUEST_KINDS))
    for code in queries.codes_of_lock(lock.id, *same):
        if rules.is_ended_by(
            old_kind=code.kind, old_start=code.valid_from, new_kind=opened.kind, new_start=opened.valid_from
        ):
            bury(code, at)
