"""Takes what doors report: each report is checked, stored once, and told to those whose keys it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.access_records.models import AccessRecord
from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import insert_into, transaction
from pms.core.ids import new_id
from pms.credentials import queries as credentials
from pms.credentials.models import Fingerprint
from pms.keycards import service as keycards
from pms.locks import lock_keys
from pms.locks import queries as lock_queries
from pms.locks import service as locks
from pms.locks.models import Lock, LockSetup
from pms.passcodes import service as passcodes
from pms.protocol.command import (
    ACKNOWLEDGED,
    Alive,
    Bound,
    Deleted,
    OneRecord,
    Payload,
    SystemSettings,
    decode_report,
)
from pms.protocol.errors import ProtocolError
from pms.protocol.frame import Direction, Frame, seal_frame
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult
from pms.protocol.session import Accepted, Receiver, Repeated
from pms.staffcards import service as staffcards
from pms.staffcards.models import StaffCard
from pms.stays.models import Stay

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pms.keycards.models import KeyCard
    from pms.locks.models import Door
    from pms.passcodes.models import Passcode
    from pms.protocol.record import AccessRecord as DoorRecord

    Key = KeyCard | StaffCard | Passcode | Fingerprint

# A clock that was lost writes 0; such a record is shown at the time it came in.
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


def take_report(*, serial_number: str, frame: bytes, actor: Actor, now: datetime) -> bytes | None:
    """The sealed answer to a report of the lock; None where it does not verify, which is not answered at all.

    The same bytes again get the same answer and change nothing. `actor` says from where the frame was carried; what the
    report says is the lock's own word.
    """
    with transaction() as session:
        lock = session.scalars(
            sa.select(Lock).where(Lock.serial_number == serial_number.upper()).with_for_update()
        ).one_or_none()
        if lock is None:
            return None
        lock_actor = Actor(kind="lock", name=lock.name, address=actor.address)
        key, outcome = _open(lock, frame, lock_actor, now)
        if isinstance(outcome, Repeated):
            return outcome.answer
        if not isinstance(outcome, Accepted) or key is None:
            return None
        opened = outcome.frame
        try:
            report = decode_report(opened.command, opened.plaintext, opened.version)
        except ProtocolError:
            # Genuine, but nothing that this version knows; the lock keeps it for a later one.
            return None
        answer = seal_frame(
            key,
            lock_keys.serial_of(lock),
            Frame(opened.version, opened.command, Direction.ACKNOWLEDGEMENT, opened.counter, ACKNOWLEDGED),
        )
        locks.note_report(
            lock_id=lock.id,
            counter=opened.counter,
            report=frame,
            answer=answer,
            battery_percent=_battery(report),
            firmware=getattr(report, "firmware", None) or "",
            begins_life=isinstance(report, Bound),
            now=now,
        )
        _act(session, lock, report, lock_actor, now)
        return answer


def _open(lock: Lock, frame: bytes, actor: Actor, now: datetime) -> tuple[bytes | None, Any]:
    """Judge the frame under the keys in force, then under those on their way: hearing the lock under them proves them."""
    receiver = Receiver(
        Direction.REPORT, lock.report_counter, 7, lock.last_report or b"", lock.last_report_answer or b""
    )
    # A lock that wiped itself says so once more under the keys that it had.
    known = lock.server_keys or (lock.earlier_server_keys if lock.setup is LockSetup.FORGOTTEN else None)
    candidates = [known] if known else []
    is_pending = lock.setup is LockSetup.PENDING and lock.pending_server_keys is not None
    if is_pending:
        candidates.append(lock.pending_server_keys or "")
    outcome: Any = None
    for server_keys in candidates:
        key = lock_keys.command_key_of(lock, server_keys)
        outcome = receiver.take(key, lock_keys.serial_of(lock), frame)
        if isinstance(outcome, Repeated):
            return key, outcome
        if isinstance(outcome, Accepted):
            if is_pending and server_keys == lock.pending_server_keys:
                locks.confirm_setup(lock_id=lock.id, actor=actor, now=now)
            return key, outcome
    return None, outcome


def _battery(report: Payload) -> int | None:
    battery = getattr(report, "battery", None)
    return int(battery) if isinstance(battery, int) else None


def _act(session: Session, lock: Lock, report: Payload, actor: Actor, now: datetime) -> None:
    if isinstance(report, OneRecord):
        _store(session, lock, report.record, actor, now)
    elif isinstance(report, Alive):
        locks.note_alive(lock_id=lock.id, said=report, now=now)
    elif isinstance(report, SystemSettings):
        locks.note_settings(lock_id=lock.id, said=report, actor=actor, now=now)
    elif isinstance(report, Bound):
        locks.note_bound(lock_id=lock.id, said=report, actor=actor, now=now)
    elif isinstance(report, Deleted):
        locks.note_deleted(lock_id=lock.id, actor=actor, now=now)
    else:
        door = lock_queries.door_of_lock(lock.id)
        audit.record(
            actor=actor,
            action="access.reported",
            subject=_subject(lock, door, None, None),
            now=now,
        )


def _store(session: Session, lock: Lock, record: DoorRecord, actor: Actor, now: datetime) -> None:
    at = datetime.fromtimestamp(record.time, UTC)
    if at < _EARLIEST:
        at = now
    door = lock_queries.door_of_lock(lock.id)
    values = {
        "id": new_id(),
        "lock_id": lock.id,
        "door_id": door.id if door else None,
        "life": lock.life,
        "sequence": record.sequence,
        "at": at,
        "event": int(record.event),
        "method": int(record.method),
        "credential_id": record.credential_id,
        "result": int(record.result),
        "battery_percent": min(record.battery, 100),
        "received_at": now,
    }
    stored = session.execute(
        insert_into(AccessRecord)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["lock_id", "life", "sequence"])
        .returning(AccessRecord.id)
    ).one_or_none()
    if stored is None:
        return
    key = _tell(lock, record, at, actor, now)
    stay_id = None if key is None or isinstance(key, StaffCard) else key.stay_id
    stay = session.get(Stay, stay_id) if stay_id is not None else None
    if isinstance(key, Fingerprint):
        session.execute(sa.update(AccessRecord).where(AccessRecord.id == stored.id).values(stay_id=stay_id))
    elif key is not None:
        whose = {f"{key.__tablename__}_id": key.id, "stay_id": stay_id}
        session.execute(sa.update(AccessRecord).where(AccessRecord.id == stored.id).values(**whose))
    if record.event in _NOTED:
        audit.record(
            actor=actor,
            action=_NOTED[record.event],
            subject=_subject(lock, door, stay, key),
            now=now,
            after={
                "at": at.isoformat(),
                "method": record.method.name.lower(),
                "result": record.result.name.lower(),
                "credential_id": record.credential_id,
            },
        )


_NOTED: dict[RecordEvent, str] = {
    RecordEvent.OPENED: "access.opened",
    RecordEvent.REFUSED: "access.refused",
    RecordEvent.VOIDED: "access.voided",
    RecordEvent.EPOCH_MOVED: "access.epoch_moved",
    RecordEvent.TAMPER_ALARM: "access.alarm",
    RecordEvent.DOOR_LEFT_OPEN: "access.alarm",
    RecordEvent.LOCK_OUT: "access.alarm",
    RecordEvent.DURESS: "access.alarm",
    RecordEvent.LOW_BATTERY: "access.low_battery",
}


def _tell(lock: Lock, record: DoorRecord, at: datetime, actor: Actor, now: datetime) -> Key | None:
    """Cards and passcodes learn what the door saw; they and fingers say whose it was. What is not genuine names nobody."""
    if record.method is RecordMethod.OFFLINE_CARD and record.credential_id:
        seen: dict[str, Any] = {
            "lock_id": lock.id,
            "credential_id": record.credential_id,
            "result": record.result,
            "at": at,
            "actor": actor,
            "now": now,
        }
        return keycards.seen_at_door(**seen) or staffcards.seen_at_door(**seen)
    if record.method is RecordMethod.FINGERPRINT and record.event is not RecordEvent.USER_CHANGED:
        return credentials.find_by_credential(record.credential_id)
    if record.event is RecordEvent.EPOCH_MOVED:
        passcodes.epoch_moved(lock=lock, p=record.credential_id, at=at, actor=actor, now=now)
        return None
    if record.method is RecordMethod.OFFLINE_PASSCODE and record.result not in _NAMELESS:
        return passcodes.seen_at_door(
            lock=lock, p=record.credential_id, result=record.result, at=at, actor=actor, now=now
        )
    return None


_NAMELESS = (RecordResult.WRONG_CODE, RecordResult.LOCKED_OUT)


def _subject(lock: Lock, door: Door | None, stay: Stay | None, key: Key | None) -> audit.Subject:
    label = door.name if door else lock.name
    kind = "lock" if key is None else key.__tablename__
    return audit.Subject(
        kind=kind,
        id=lock.id if key is None else key.id,
        label=label,
        lock_id=lock.id,
        room_id=door.room_id if door else None,
        stay_id=stay.id if stay else None,
        guest_id=stay.guest_id if stay else None,
    )
