"""Passcodes are made, shown, revoked and seen. The digits exist only in the answer to whoever may see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import NotFound
from pms.locks import lock_keys
from pms.locks import queries as locks
from pms.locks.models import Lock
from pms.passcodes import queries, rules
from pms.passcodes.models import Passcode, PasscodeKind, PasscodeProof, PasscodeStart, PasscodeState
from pms.properties import queries as properties
from pms.protocol.passcode import Clear, decode_permission, encode_passcode, encode_permission
from pms.protocol.record import RecordResult
from pms.stays import queries as stays
from pms.stays.models import Stay, StayState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.locks.models import Door


@dataclass(frozen=True, slots=True)
class ShownPasscode:
    """A code with its ten digits, for the eyes of the person who asked and nobody else's log."""

    digits: str = field(repr=False)
    passcode: Passcode


def issue_for_stay(*, stay_id: int, request_id: str, actor: Actor, now: datetime) -> ShownPasscode:
    """A code for the door of the stay's room, from its start to the check-out of its last day.

    A stay that is extended gets another code with the same start; the one before keeps opening to its own end. NoRoomYet,
    NoLock, StayEnded, TimeIsOver, TooLong, LockTooFarBehind, LockUsedUp. The same `request_id` again shows the same code.
    """
    with transaction() as session:
        if session.get(Stay, stay_id, with_for_update=True) is None:
            raise NotFound
        stay = stays.get_stay(stay_id)
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return _shown(earlier)
        door, lock = _door_of(session, stay)
        choice, epoch = _choose(session, stay, door, lock, now)
        permission = encode_permission(choice.permission)
        same = queries.find_same(lock.id, epoch, permission, stay.id)
        if same is not None:
            _audit("passcodes.shown", same, stay, actor, now)
            return _shown(same)
        passcode = Passcode(
            stay_id=stay.id,
            door_id=door.id,
            lock_id=lock.id,
            kind=choice.kind,
            epoch=epoch,
            permission=permission,
            valid_from=choice.valid_from,
            valid_until=choice.valid_until,
            state=PasscodeState.ACTIVE,
            proof=PasscodeProof.BELIEVED,
            made_by=actor.name,
            made_at=now,
            request_id=request_id,
        )
        session.add(passcode)
        session.flush()
        passcode = queries.get_passcode(passcode.id)
        _audit("passcodes.made", passcode, stay, actor, now, {"until": choice.valid_until.isoformat()})
        return _shown(passcode)


def show_again(*, passcode_id: int, actor: Actor, now: datetime) -> ShownPasscode:
    """The digits once more; the look is written down."""
    with transaction():
        passcode = queries.get_passcode(passcode_id)
        _audit("passcodes.shown", passcode, _stay_of(passcode), actor, now)
        return _shown(passcode)


def revoke(*, passcode_id: int, request_id: str, actor: Actor, now: datetime) -> ShownPasscode:
    """The clear code that ends this code, and with it every code of its epoch, once somebody types it at the door.

    NotAlive where the code is dead already; LockTooFarBehind where another clear code must be typed first. Asking again
    within the hour gives the same digits.
    """
    with transaction() as session:
        passcode = queries.get_passcode(passcode_id)
        stay = _stay_of(passcode)
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return _shown(earlier)
        if not rules.is_alive(queries.life_of(passcode, now)):
            raise rules.NotAlive
        lock = _lock(session, passcode.lock_id)
        rules.check_epoch(epoch=passcode.epoch + 1, known_epoch=lock.known_epoch, door=passcode.door.name)
        lock.code_epoch = max(lock.code_epoch, passcode.epoch + 1)
        for code in queries.codes_of_lock(lock.id):
            if (
                code.epoch <= passcode.epoch
                and code.state is PasscodeState.ACTIVE
                and code.kind is not PasscodeKind.CLEAR
            ):
                code.state = PasscodeState.REVOKING
        session.flush()
        clear = _clear_code(session, passcode, request_id, actor, now)
        _audit("passcodes.clear_code_shown", clear, stay, actor, now)
        return _shown(clear)


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
            _audit("passcodes.ended", alive[0], stays.get_stay(stay_id), actor, now, {"codes": len(alive)})


def reinstate(*, step_id: int, actor: Actor, now: datetime) -> None:
    """The step that ended these codes is undone."""
    with transaction() as session:
        ids = session.scalars(sa.select(Passcode.id).where(Passcode.ended_step_id == step_id)).all()
        codes = [queries.get_passcode(passcode_id) for passcode_id in ids]
        for code in codes:
            code.ended_at = code.ended_step_id = None
        session.flush()
        if codes:
            _audit("passcodes.reinstated", codes[0], _stay_of(codes[0]), actor, now, {"codes": len(codes)})


def seen_at_door(*, lock: Lock, p: int, result: int, at: datetime, actor: Actor, now: datetime) -> Passcode | None:
    """What a lock's record proves about codes: that one opens, or is dead, and that the lock has moved on.

    `p` is the permission's number in the record. The code, or None where it is not one of ours.
    """
    with transaction() as session:
        lock = _lock(session, lock.id)
        code = _find_seen(lock, p)
        if code is None:
            return None
        if result in (RecordResult.OPENED, RecordResult.PRIVACY):
            _confirm(code, at)
        if result == RecordResult.OPENED:
            _move_on(session, lock, code.epoch, code, at, actor, now)
            _end_older_guests(lock, code, at)
        elif result == RecordResult.VOIDED:
            _confirm(code, at)
            _move_on(session, lock, code.epoch + 1, code, at, actor, now)
        elif result == RecordResult.SUPERSEDED:
            _bury(code, at)
        session.flush()
        return code


def epoch_moved(*, lock: Lock, p: int, at: datetime, actor: Actor, now: datetime) -> None:
    """The lock noted that it went one epoch on, which it does before it notes what the code `p` did.

    Only this tells two parties' codes with the same number apart: the same start and length in two epochs.
    """
    with transaction() as session:
        lock = _lock(session, lock.id)
        by = [code for code in queries.codes_of_lock(lock.id) if code.permission == p]
        newest = max(by, key=lambda code: (code.epoch, code.id), default=None)
        _move_on(session, lock, lock.known_epoch + 1, newest, at, actor, now)
        session.flush()


def _choose(session: Session, stay: Stay, door: Door, lock: Lock, now: datetime) -> tuple[rules.Choice, int]:
    """The permission and its epoch; the start is this party's from now on."""
    clockwork = rules.Clockwork(lock.utc_offset_quarters, lock.check_out_hour)
    epoch = lock.code_epoch
    rules.check_epoch(epoch=epoch, known_epoch=lock.known_epoch, door=door.name)
    had = queries.start_of_stay(lock, epoch, stay.id)
    house = properties.get_property()
    start = (
        had.starts_at
        if had is not None
        else rules.earliest_start(
            state=stay.state, now=now, arrival=stay.arrival_date, check_in_hour=house.check_in_hour, zone=house.zone
        )
    )
    choice = rules.choose(start=start, departure=stay.departure_date, clockwork=clockwork)
    if choice.valid_until <= now:
        raise rules.TimeIsOver(until=choice.valid_until)
    if rules.must_move_on(choice=choice, others=queries.starts_of_others(lock, epoch, stay.id, stay.room_id)):
        epoch += 1
        rules.check_epoch(epoch=epoch, known_epoch=lock.known_epoch, door=door.name)
        lock.code_epoch = epoch
    mine = (lock.id, lock.life, epoch, choice.valid_from)
    if session.get(PasscodeStart, mine) is None:
        session.add(
            PasscodeStart(lock_id=lock.id, life=lock.life, epoch=epoch, starts_at=choice.valid_from, stay_id=stay.id)
        )
        session.flush()
    return choice, epoch


def _door_of(session: Session, stay: Stay) -> tuple[Door, Lock]:
    if stay.state not in (StayState.CONFIRMED, StayState.IN_HOUSE):
        raise rules.StayEnded
    if stay.room_id is None or stay.room is None:
        raise rules.NoRoomYet
    door = locks.door_of_room(stay.room_id)
    if door is None or door.lock is None or door.lock.is_blank:
        raise rules.NoLock(door=door.name if door else stay.room.number)
    return door, _lock(session, door.lock.id)


def _lock(session: Session, lock_id: int) -> Lock:
    """The lock, held against others who give out starts at it."""
    lock = session.get(Lock, lock_id, with_for_update=True)
    if lock is None:
        raise NotFound
    return lock


def _clear_code(session: Session, passcode: Passcode, request_id: str, actor: Actor, now: datetime) -> Passcode:
    permission: Clear = rules.clear_permission(now)
    number = encode_permission(permission)
    same = queries.find_same(passcode.lock_id, passcode.epoch, number, passcode.stay_id or 0)
    if same is not None:
        return same
    begins = rules.full_hour(now)
    clear = Passcode(
        stay_id=passcode.stay_id,
        door_id=passcode.door_id,
        lock_id=passcode.lock_id,
        kind=PasscodeKind.CLEAR,
        epoch=passcode.epoch,
        permission=number,
        valid_from=begins,
        valid_until=begins + rules.CLEAR_LASTS,
        state=PasscodeState.ACTIVE,
        proof=PasscodeProof.BELIEVED,
        made_by=actor.name,
        made_at=now,
        request_id=request_id,
    )
    session.add(clear)
    session.flush()
    return queries.get_passcode(clear.id)


def _find_seen(lock: Lock, p: int) -> Passcode | None:
    """The code that the record means: of the epoch that the lock is in, else of the next one, else any that was made."""
    codes = [code for code in queries.codes_of_lock(lock.id) if code.permission == p]
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
    dead = [code for code in queries.codes_of_lock(lock.id) if code.epoch < epoch]
    for code in dead:
        _bury(code, at)
    session.flush()
    if by is not None:
        _audit("passcodes.revoked", queries.get_passcode(by.id), _stay_of(by), actor, now, {"codes": len(dead)})


def _end_older_guests(lock: Lock, opened: Passcode, at: datetime) -> None:
    for code in queries.codes_of_lock(lock.id):
        if (
            code.epoch == opened.epoch
            and code.stay_id != opened.stay_id
            and rules.is_ended_by(
                old_kind=code.kind, old_start=code.valid_from, new_kind=opened.kind, new_start=opened.valid_from
            )
        ):
            _bury(code, at)


def _confirm(code: Passcode, at: datetime) -> None:
    code.proof, code.proved_at = PasscodeProof.CONFIRMED, at


def _bury(code: Passcode, at: datetime) -> None:
    code.state = PasscodeState.REVOKED
    _confirm(code, at)


def _shown(passcode: Passcode) -> ShownPasscode:
    lock = passcode.door.lock
    if lock is None or lock.id != passcode.lock_id:
        # The lock was changed since: a code of the old one opens nothing any more.
        raise rules.NotAlive
    permission = decode_permission(passcode.permission, int(passcode.valid_from.timestamp()))
    return ShownPasscode(encode_passcode(lock_keys.code_key_of(lock), passcode.epoch, permission), passcode)


def _stay_of(passcode: Passcode) -> Stay | None:
    return stays.get_stay(passcode.stay_id) if passcode.stay_id is not None else None


def _audit(
    action: str,
    passcode: Passcode,
    stay: Stay | None,
    actor: Actor,
    now: datetime,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="passcode",
            id=passcode.id,
            label=f"{stay.guest.name}, {stay.room.number if stay.room else '–'}" if stay else "",
            stay_id=passcode.stay_id,
            guest_id=stay.guest_id if stay else None,
            room_id=stay.room_id if stay else None,
            lock_id=passcode.lock_id,
        ),
        now=now,
        after=after,
    )
