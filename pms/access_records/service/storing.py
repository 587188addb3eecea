"""Stores records, one or a page of them: each once, and each told to those whose keys it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pms.access_records import series_queries as queries
from pms.access_records.models import AccessRecord, Doubt
from pms.access_records.service import alarming, findings, sightings
from pms.alarms.service import Noted
from pms.audit import service as audit
from pms.core.db import insert_into
from pms.core.ids import new_id
from pms.locks import queries as lock_queries
from pms.locks import service as locks
from pms.protocol.record import RecordEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from pms.access_records.service.sightings import Owner
    from pms.core.actor import Actor
    from pms.locks.models import Door, Lock
    from pms.protocol.record import AccessRecord as DoorRecord

# A clock that was lost writes 0; such a record is shown at the time it came in.
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


def store(session: Session, lock: Lock, records: Sequence[DoorRecord], actor: Actor, now: datetime) -> int:
    """Store those that are not held yet; how many these were. The lock's row is held by the caller.

    One that is held with other content stays as it is, and is marked.
    """
    door = lock_queries.door_of_lock(lock.id)
    held = queries.raw_of(lock.id, lock.counting_life, [record.sequence for record in records])
    _note_differing(session, lock, records, held, actor, now)
    fresh = {record.sequence: record for record in records if record.sequence not in held}
    found = [fresh[sequence] for sequence in sorted(fresh)]
    if not found:
        return 0
    times = [_time_of(record, now) for record in found]
    owners = sightings.tell(session, lock, list(zip(found, times, strict=True)), actor, now)
    rows = [_row(lock, door, record, at, owner, now) for record, at, owner in zip(found, times, owners, strict=True)]
    session.execute(
        insert_into(AccessRecord).on_conflict_do_nothing(index_elements=["lock_id", "life", "sequence"]), rows
    )
    for record, at, owner in zip(found, times, owners, strict=True):
        if record.event in _NOTED:
            _audit(lock, door, record, at, owner, actor, now)
    _note_passage(lock, found, now)
    alarming.tell(
        [Noted(lock.id, row["id"], record, at, actor) for row, record, at in zip(rows, found, times, strict=True)], now
    )
    return len(found)


def _note_passage(lock: Lock, found: Sequence[DoorRecord], now: datetime) -> None:
    """Whether the door stands open now is what the newest record about it says, whenever that comes in."""
    turns = [record for record in found if record.event in _PASSAGE]
    if turns and turns[-1].sequence == queries.newest_of(lock.id, lock.counting_life, _PASSAGE):
        locks.note_passage(lock_id=lock.id, is_on=turns[-1].event is RecordEvent.PASSAGE_ON, now=now)


def _time_of(record: DoorRecord, now: datetime) -> datetime:
    at = datetime.fromtimestamp(record.time, UTC)
    return at if at >= _EARLIEST else now


def _note_differing(
    session: Session,
    lock: Lock,
    records: Sequence[DoorRecord],
    held: dict[int, bytes | None],
    actor: Actor,
    now: datetime,
) -> None:
    for record in records:
        raw = held.get(record.sequence)
        if raw is not None and raw != record.encode():
            findings.note(session, lock, Doubt.DIFFERS, (record.sequence, record.sequence), actor, now)


def _row(
    lock: Lock, door: Door | None, record: DoorRecord, at: datetime, owner: Owner, now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "lock_id": lock.id,
        "door_id": door.id if door else None,
        "life": lock.counting_life,
        "sequence": record.sequence,
        "at": at,
        "event": int(record.event),
        "method": int(record.method),
        "credential_id": record.credential_id,
        "result": int(record.result),
        "battery_percent": min(record.battery, 100),
        "received_at": now,
        "raw": record.encode(),
        "is_doubtful": False,
        "key_card_id": owner.key_card_id,
        "passcode_id": owner.passcode_id,
        "staff_card_id": owner.staff_card_id,
        "stay_id": owner.stay_id,
    }


_PASSAGE = (RecordEvent.PASSAGE_ON, RecordEvent.PASSAGE_OFF)
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


def _audit(
    lock: Lock, door: Door | None, record: DoorRecord, at: datetime, owner: Owner, actor: Actor, now: datetime
) -> None:
    audit.record(
        actor=actor,
        action=_NOTED[record.event],
        subject=audit.Subject(
            kind=owner.kind or "lock",
            id=owner.id or lock.id,
            label=door.name if door else lock.name,
            lock_id=lock.id,
            room_id=door.room_id if door else None,
            stay_id=owner.stay_id,
            guest_id=owner.guest_id,
        ),
        now=now,
        after={
            "at": at.isoformat(),
            "method": record.method.name.lower(),
            "result": record.result.name.lower(),
            "credential_id": record.credential_id,
        },
    )
