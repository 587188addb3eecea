"""Passcodes are made, shown, revoked, and learnt about from the doors. Digits are computed, never stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core import intervals
from pms.core.db import transaction
from pms.locks import lock_keys
from pms.locks import queries as lock_queries
from pms.locks import service as locks
from pms.locks.models import LockSetup
from pms.passcodes import queries, rules
from pms.passcodes.models import Passcode, PasscodeKind, PasscodeProof, PasscodeStart, PasscodeState
from pms.properties import queries as properties
from pms.protocol.passcode import Clear, decode_permission, encode_passcode, encode_permission
from pms.protocol.record import RecordResult
from pms.stays import queries as stays
from pms.stays.models import Stay, StayState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.locks.models import Door, Lock

_CLEAR_HOURS = 24


@dataclass(frozen=True, slots=True)
class ShownPasscode:
    """A code with its ten digits, for the eyes of whoever asked; the digits are in no text form of it."""

    digits: str = field(repr=False)
    passcode: Passcode


def issue_for_stay(*, stay_id: int, request_id: str, actor: Actor, now: datetime) -> ShownPasscode:
    """A code for the stay's door until check-out; the same `request_id` again shows the same code.

    NoRoomYet, NoPasscodeLock, StayIsOver, TooLong, EpochAhead.
    """
    with transaction() as session:
        stay = stays.get_stay(stay_id)
        door, lock = _door_of(stay)
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return _show(earlier, lock, actor, now)
        epoch, choice = _choose(session, stay, lock, now)
        code = Passcode(
            stay_id=stay.id,
            door_id=door.id,
            lock_id=lock.id,
            kind=choice.kind,
            epoch=epoch,
            permission=encode_permission(choice.permission),
            valid_from=choice.valid_from,
            valid_until=choice.valid_until,
            state=PasscodeState.ACTIVE,
            proof=PasscodeProof.BELIEVED,
            made_by=actor.name,
            made_at=now,
            request_id=request_id,
        )
        session.add(code)
        session.flush()
        _audit(code, door, stay, "passcodes.made", actor, now, {"valid_until": choice.valid_until.isoformat()})
        return _digits(code, lock, now)


def show_again(*, passcode_id: int, actor: Actor, now: datetime) -> ShownPasscode:
    """Compute the digits once more: a look at a secret, and audited as one."""
    with transaction():
        code = queries.get_passcode(passcode_id)
        return _show(code, locks.hold_lock(code.lock_id), actor, now)


def revoke(*, passcode_id: int, request_id: str, actor: Actor, now: datetime) -> ShownPasscode:
    """A clear code: typed at the door it ends this code and every other that was made before it.

    Nothing is over before somebody has typed it there. AlreadyRevoked, EpochAhead.
    """
    with transaction() as session:
        code = queries.get_passcode(passcode_id)
        lock = locks.hold_lock(code.lock_id)
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return _show(earlier, lock, actor, now)
        if code.state is not PasscodeState.ACTIVE or not rules.is_alive(code, now):
            raise rules.AlreadyRevoked
        if (code.epoch + 1 - lock.known_epoch) % 256 > 1:
            raise rules.EpochAhead
        if code.epoch == lock.code_epoch:
            locks.make_codes_with(lock_id=lock.id, epoch=(code.epoch + 1) % 256)
        start = rules.hour_of(now)
        clear = Passcode(
            stay_id=code.stay_id,
            door_id=code.door_id,
            lock_id=lock.id,
            kind=PasscodeKind.CLEAR,
            epoch=code.epoch,
            permission=encode_permission(Clear(int(start.timestamp()))),
            valid_from=start,
            valid_until=start + timedelta(hours=_CLEAR_HOURS),
            state=PasscodeState.ACTIVE,
            proof=PasscodeProof.BELIEVED,
            made_by=actor.name,
            made_at=now,
            request_id=request_id,
        )
        session.add(clear)
        for other in queries.of_lock(lock.id):
            if other.state is PasscodeState.ACTIVE and other is not clear and rules.dies_with(other.epoch, code.epoch):
                other.state = PasscodeState.REVOKING
        session.flush()
        stay = stays.get_stay(code.stay_id) if code.stay_id else None
        _audit(clear, code.door, stay, "passcodes.clear_code_made", actor, now)
        return _digits(clear, lock, now)


def count_dying(passcode_id: int, *, now: datetime) -> int:
    """How many other living codes of the door die with this one when it is cleared."""
    code = queries.get_passcode(passcode_id)
    return sum(
        other.id != code.id and rules.is_alive(other, now) and rules.dies_with(other.epoch, code.epoch)
        for other in queries.of_lock(code.lock_id)
        if other.kind is not PasscodeKind.CLEAR
    )


def end_for_stay(*, stay_id: int, step_id: int | None, actor: Actor, now: datetime) -> None:
    """The stay has no use for its codes any more. The lock cannot know; `rules.outlook` says until when each opens."""
    with transaction() as session:
        codes = [code for code in queries.passcodes_of_stay(stay_id) if code.ended_at is None]
        for code in codes:
            code.ended_at, code.ended_step_id = now, step_id
        session.flush()
        if codes:
            _audit(
                codes[0], codes[0].door, stays.get_stay(stay_id), "passcodes.ended", actor, now, {"codes": len(codes)}
            )


def reinstate(*, step_id: int, actor: Actor, now: datetime) -> None:  # noqa: ARG001 - the step's own line says it
    """The step that ended these codes is undone."""
    with transaction() as session:
        session.execute(
            sa.update(Passcode)
            .where(Passcode.ended_step_id == step_id)
            .values(ended_at=None, ended_step_id=None)
            .execution_options(synchronize_session="fetch")
        )


def seen_at_door(*, lock: Lock, p: int, result: int, at: datetime, actor: Actor, now: datetime) -> Passcode | None:
    """What a door's record proves about a code, and about the codes before it; the code, if it is one of ours."""
    with transaction() as session:
        code = queries.find_by_permission(lock.id, p)
        if code is None:
            return None
        if result == RecordResult.VOIDED:
            _moved(lock, (code.epoch + 1) % 256, code, actor, now)
        elif result == RecordResult.OPENED:
            if code.epoch != lock.known_epoch:
                _moved(lock, code.epoch, code, actor, now)
            _refuse_earlier(code, at)
        elif result == RecordResult.SUPERSEDED:
            code.refused_since = code.refused_since or at
        if result in (RecordResult.VOIDED, RecordResult.OPENED):
            code.proof, code.proved_at = PasscodeProof.CONFIRMED, at
        session.flush()
        return code


def _choose(session: Session, stay: Stay, lock: Lock, now: datetime) -> tuple[int, rules.Choice]:
    """Epoch and permission: the party's own start where it has one, else the hour in which its right begins."""
    house = properties.get_property()
    until = intervals.at_local(stay.departure_date, house.check_out_hour, house.zone)
    arrival = intervals.at_local(stay.arrival_date, house.check_in_hour, house.zone)
    begins = now if stay.state is StayState.IN_HOUSE else max(now, arrival)
    for epoch in (lock.code_epoch, (lock.code_epoch + 1) % 256):
        if (epoch - lock.known_epoch) % 256 > 1:
            raise rules.EpochAhead
        first = queries.first_of_party(stay.id, lock.id, epoch)
        choice = rules.choose(
            start=first.valid_from if first else begins,
            until=until,
            utc_offset_quarters=lock.utc_offset_quarters,
            check_out_hour=lock.check_out_hour,
        )
        if _take_start(session, lock, epoch, choice.valid_from, stay.id):
            if epoch != lock.code_epoch:
                locks.make_codes_with(lock_id=lock.id, epoch=epoch)
            return epoch, choice
    raise rules.EpochAhead


def _take_start(session: Session, lock: Lock, epoch: int, starts_at: datetime, stay_id: int) -> bool:
    """Whether the start is the party's own now; False if another party has it in this epoch."""
    try:
        with session.begin_nested():
            session.add(
                PasscodeStart(lock_id=lock.id, life=lock.life, epoch=epoch, starts_at=starts_at, stay_id=stay_id)
            )
    except IntegrityError:
        row = session.get_one(PasscodeStart, (lock.id, lock.life, epoch, starts_at))
        return row.stay_id == stay_id
    return True


def _door_of(stay: Stay) -> tuple[Door, Lock]:
    if stay.state not in (StayState.CONFIRMED, StayState.IN_HOUSE):
        raise rules.StayIsOver
    if stay.room is None:
        raise rules.NoRoomYet
    door = lock_queries.door_of_room(stay.room.id)
    if door is None or door.lock_id is None:
        raise rules.NoPasscodeLock(room=stay.room.number)
    lock = locks.hold_lock(door.lock_id)
    if lock.setup is not LockSetup.READY:
        raise rules.NoPasscodeLock(room=stay.room.number)
    return door, lock


def _moved(lock: Lock, epoch: int, code: Passcode, actor: Actor, now: datetime) -> None:
    """The lock is in another epoch: codes of the ones before are dead for certain."""
    locks.note_epoch(lock_id=lock.id, epoch=epoch, now=now)
    dead = 0
    for other in queries.of_lock(lock.id):
        if other.state is not PasscodeState.REVOKED and rules.dies_with(other.epoch, (epoch - 1) % 256):
            other.state, other.proved_at = PasscodeState.REVOKED, now
            dead += 1
    stay = stays.get_stay(code.stay_id) if code.stay_id else None
    _audit(code, code.door, stay, "passcodes.epoch_moved", actor, now, {"codes": dead})


def _refuse_earlier(code: Passcode, at: datetime) -> None:
    """A nights or days code that opens moves the lock's floor: guests' codes with an earlier start are refused."""
    guests = (PasscodeKind.NIGHTS, PasscodeKind.DAYS)
    if code.kind not in guests:
        return
    for other in queries.of_lock(code.lock_id):
        if other.kind in guests and other.epoch == code.epoch and other.valid_from < code.valid_from:
            other.refused_since = other.refused_since or at


def _show(code: Passcode, lock: Lock, actor: Actor, now: datetime) -> ShownPasscode:
    stay = stays.get_stay(code.stay_id) if code.stay_id else None
    _audit(code, code.door, stay, "passcodes.shown", actor, now)
    return _digits(code, lock, now)


def _digits(code: Passcode, lock: Lock, now: datetime) -> ShownPasscode:
    near = int(min(max(code.valid_from, now), code.valid_until).astimezone(UTC).timestamp())
    permission = decode_permission(code.permission, near)
    return ShownPasscode(encode_passcode(lock_keys.code_key_of(lock), code.epoch, permission), code)


def _audit(
    code: Passcode,
    door: Door,
    stay: Stay | None,
    action: str,
    actor: Actor,
    now: datetime,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="passcode",
            id=code.id,
            label=f"{stay.guest.name}, {door.name}" if stay else door.name,
            stay_id=stay.id if stay else None,
            guest_id=stay.guest_id if stay else None,
            room_id=door.room_id,
            lock_id=code.lock_id,
        ),
        now=now,
        after=after,
    )
