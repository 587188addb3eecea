"""The code of a stay for its own room, and what becomes of a stay's codes when the stay does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import transaction
from pms.locks import queries as locks
from pms.passcodes import foresight, queries, rules
from pms.passcodes.models import Passcode, PasscodeStart
from pms.passcodes.service.common import Holder, ShownPasscode, hold, shown, store, written
from pms.protocol.passcode import encode_permission
from pms.stays import queries as stays
from pms.stays.models import Stay
from pms.stays.service import hold as hold_stay

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.locks.models import Door, Lock


def issue_for_stay(*, stay_id: int, request_id: str, actor: Actor, now: datetime) -> ShownPasscode:
    """A code for the door of the stay's room, from its start to the check-out of its last day.

    A stay that is extended gets another code with the same start; the one before keeps opening to its own end. NoRoomYet,
    NoLock, LockMoved, LockBetweenKeys, StayEnded, TimeIsOver, TooLong, LockTooFarBehind, LockUsedUp, SameCode. The same
    `request_id` again shows the same code.
    """
    with transaction() as session:
        hold_stay(stay_id=stay_id)
        stay = stays.get_stay(stay_id)
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return shown(earlier)
        door, lock = _door_of(session, stay)
        choice, epoch = _choose(session, stay, door, lock, now)
        same = queries.find_digits(lock, epoch, encode_permission(choice.permission)) or _with_same_end(
            stay, lock, choice, now
        )
        if same is not None:
            if same.stay_id != stay.id:
                # It was made elsewhere for somebody else.
                raise rules.SameCode(holder=queries.holder_of(same))
            written("passcodes.shown", same, actor, now)
            return shown(same)
        passcode = store(
            session,
            door=door,
            lock=lock,
            choice=choice,
            epoch=epoch,
            holder=Holder(stay.id),
            request_id=request_id,
            actor=actor,
            now=now,
        )
        until = choice.valid_until.isoformat() if choice.valid_until else None
        written("passcodes.made", passcode, actor, now, {"kind": choice.kind.value, "until": until})
        return shown(passcode)


def _with_same_end(stay: Stay, lock: Lock, choice: rules.Choice, now: datetime) -> Passcode | None:
    """The stay's code of hours that was made in an earlier hour and lasts as long: nobody needs another one."""
    if choice.kind in rules.GUEST_KINDS:
        return None
    for code in queries.passcodes_of_stay(stay.id):
        is_same = (code.lock_id, code.life, code.kind) == (lock.id, lock.life, choice.kind)
        opens = queries.life_of(code, now) is rules.Life.OPENS
        if is_same and opens and code.valid_until == choice.valid_until and queries.has_digits(code):
            return code
    return None


def end_elsewhere(*, stay_id: int, actor: Actor, now: datetime) -> None:
    """The stay is back in an earlier room: its codes for another room, made meanwhile, are of no use to it any more."""
    with transaction() as session:
        room_id = stays.get_stay(stay_id).room_id
        codes = [
            code
            for code in queries.passcodes_of_stay(stay_id)
            if code.ended_at is None and code.door.room_id not in (None, room_id)
        ]
        for code in codes:
            code.ended_at = now
        session.flush()
        if codes:
            written("passcodes.ended", codes[0], actor, now, {"codes": len(codes)})


def end_for_stay(*, stay_id: int, step_id: int | None, actor: Actor, now: datetime) -> None:
    """The stay has no use for its codes any more. The door does not know: each opens until its end, a newer guest's
    first use, or a clear code."""
    with transaction() as session:
        codes = [code for code in queries.passcodes_of_stay(stay_id) if code.ended_at is None]
        for code in codes:
            code.ended_at, code.ended_step_id = now, step_id
        session.flush()
        alive = [code for code in codes if rules.is_alive(queries.life_of(code, now))]
        if alive:
            written("passcodes.ended", alive[0], actor, now, {"codes": len(alive)})


def reinstate(*, step_id: int, actor: Actor, now: datetime) -> None:
    """The step that ended these codes is undone."""
    with transaction() as session:
        ids = session.scalars(sa.select(Passcode.id).where(Passcode.ended_step_id == step_id)).all()
        codes = [queries.get_passcode(passcode_id) for passcode_id in ids]
        for code in codes:
            code.ended_at = code.ended_step_id = None
        session.flush()
        if codes:
            written("passcodes.reinstated", codes[0], actor, now, {"codes": len(codes)})


def _choose(session: Session, stay: Stay, door: Door, lock: Lock, now: datetime) -> tuple[rules.Choice, int]:
    """The permission and its epoch; the start of a code of nights or days is this party's from now on."""
    epoch = lock.code_epoch
    rules.check_epoch(epoch=epoch, known_epoch=lock.known_epoch, door=door.name)
    choice = foresight.choose_for_stay(stay, lock, epoch, now)
    if _would_open_for_others(stay, lock, choice, epoch):
        epoch += 1
        rules.check_epoch(epoch=epoch, known_epoch=lock.known_epoch, door=door.name)
        lock.code_epoch = epoch
    if choice.kind in rules.GUEST_KINDS:
        claim_start(session, lock, epoch, choice.valid_from, stay_id=stay.id)
    return choice, epoch


def _would_open_for_others(stay: Stay, lock: Lock, choice: rules.Choice, epoch: int) -> bool:
    """Whether only a code of the next epoch ends, or differs from, the code of a party that is not to come in any more."""
    if choice.kind not in rules.GUEST_KINDS:
        same = queries.find_digits(lock, epoch, encode_permission(choice.permission))
        return same is not None and same.stay_id not in (None, stay.id)
    others = queries.starts_of_others(lock, epoch, stay_id=stay.id, party_id=None, room_id=stay.room_id)
    return rules.must_move_on(choice=choice, others=others) or queries.is_buried(lock, epoch, choice.valid_from)


def claim_start(
    session: Session,
    lock: Lock,
    epoch: int,
    starts_at: datetime,
    *,
    stay_id: int | None = None,
    passcode_id: int | None = None,
) -> None:
    """Keep a start for a party; nothing happens where somebody has it already."""
    if session.get(PasscodeStart, (lock.id, lock.life, epoch, starts_at)) is None:
        session.add(
            PasscodeStart(
                lock_id=lock.id,
                life=lock.life,
                epoch=epoch,
                starts_at=starts_at,
                stay_id=stay_id,
                passcode_id=passcode_id,
            )
        )
        session.flush()


def _door_of(session: Session, stay: Stay) -> tuple[Door, Lock]:
    rules.check_stay(stay.state)
    if stay.room_id is None or stay.room is None:
        raise rules.NoRoomYet
    door = locks.door_of_room(stay.room_id)
    setup = door.lock.setup if door is not None and door.lock is not None else None
    rules.check_lock(setup, door=door.name if door else stay.room.number)
    assert door is not None  # noqa: S101 - a door with a lock, or it was refused
    assert door.lock is not None  # noqa: S101 - the same
    return door, hold(session, door.lock.id)
