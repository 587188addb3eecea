"""Stores records, one or the hundreds of a batch: each once, told to those whose keys it is about, and vouched for.

The audit trail gets one entry for what a lock told at once (`proofs` says what it holds), and one more for each record that
somebody should find there by itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pms.access_records import proofs, rules
from pms.access_records import series_queries as queries
from pms.access_records.models import AccessRecord, Doubt
from pms.access_records.service import alarming, findings, sightings
from pms.access_records.service.told import Sorted
from pms.alarms.service import Noted
from pms.audit import service as audit
from pms.core.db import insert_into
from pms.core.ids import new_id
from pms.locks import queries as lock_queries
from pms.locks import service as locks
from pms.protocol.record import RecordEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from pms.access_records.models import RecordSeries
    from pms.access_records.service.sightings import Owner
    from pms.access_records.service.told import Life, Told
    from pms.locks.models import Door
    from pms.protocol.record import AccessRecord as DoorRecord

# A clock that was lost writes 0; such a record is shown at the time it came in.
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


def store(
    session: Session, told: Sequence[Told], series: Mapping[Life, RecordSeries], now: datetime
) -> Sequence[Sorted]:
    """Store those records that are not held yet. The locks' rows are held by the caller.

    One that is held with other content stays as it is, and is marked.
    """
    doors = lock_queries.doors_of_locks({one.lock.id for one in told})
    held = queries.raw_of(_asked_for(told, series))
    found = [_sort(one, series[one.key], doors.get(one.lock.id), held.get(one.key, {}), now) for one in told]
    owners = sightings.tell(session, found, now)
    for one, of in zip(found, owners, strict=True):
        one.rows = [_row(one, *record, owner, now) for record, owner in zip(one.fresh, of, strict=True)]
    rows = [row for one in found for row in one.rows]
    if rows:
        session.execute(
            insert_into(AccessRecord).on_conflict_do_nothing(index_elements=["lock_id", "life", "sequence"]), rows
        )
    for one, of in zip(found, owners, strict=True):
        for sequence in one.differing:
            findings.note(session, one.place, Doubt.DIFFERS, (sequence, sequence), now)
        _note_passage(one, now)
        _audit(one, of, now)
    alarming.tell([noted for one in found for noted in _noted(one)], now)
    return found


def _noted(one: Sorted) -> list[Noted]:
    return [
        Noted(one.lock.id, row["id"], record, at, one.told.actor)
        for row, (record, at) in zip(one.rows, one.fresh, strict=True)
    ]


def _asked_for(told: Sequence[Told], series: Mapping[Life, RecordSeries]) -> dict[Life, rules.Span]:
    """Of which records it must be asked whether they are held: none is that is newer than the newest known."""
    wanted = {}
    for one in told:
        sequences = [record.sequence for record in one.records if record.sequence <= series[one.key].newest]
        if sequences:
            wanted[one.key] = (min(sequences), max(sequences))
    return wanted


def _sort(
    told: Told, series: RecordSeries, door: Door | None, held: Mapping[int, bytes | None], now: datetime
) -> Sorted:
    found = Sorted(told, series, door)
    fresh: dict[int, DoorRecord] = {}
    for record in told.records:
        first = fresh.get(record.sequence)
        if first is None and record.sequence not in held:
            fresh[record.sequence] = record
        elif (first.encode() if first else held[record.sequence]) not in (None, record.encode()):
            found.differing.append(record.sequence)
    found.fresh = [(fresh[sequence], _time_of(fresh[sequence], now)) for sequence in sorted(fresh)]
    return found


def _time_of(record: DoorRecord, now: datetime) -> datetime:
    at = datetime.fromtimestamp(record.time, UTC)
    return at if at >= _EARLIEST else now


def _row(one: Sorted, record: DoorRecord, at: datetime, owner: Owner, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "lock_id": one.lock.id,
        "door_id": one.door.id if one.door else None,
        "life": one.told.life,
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
        "command_id": owner.command_id,
    }


_PASSAGE = (RecordEvent.PASSAGE_ON, RecordEvent.PASSAGE_OFF)


def _note_passage(one: Sorted, now: datetime) -> None:
    """Whether the door stands open now is what the newest record about it says, whenever that comes in."""
    turns = [record for record, _at in one.fresh if record.event in _PASSAGE]
    if turns and turns[-1].sequence == queries.newest_of(one.lock.id, one.told.life, _PASSAGE):
        locks.note_passage(lock_id=one.lock.id, is_on=turns[-1].event is RecordEvent.PASSAGE_ON, now=now)


_NOTED: dict[RecordEvent, str] = {
    RecordEvent.VOIDED: "access.voided",
    RecordEvent.EPOCH_MOVED: "access.epoch_moved",
    RecordEvent.TAMPER_ALARM: "access.alarm",
    RecordEvent.DOOR_LEFT_OPEN: "access.alarm",
    RecordEvent.LOCK_OUT: "access.alarm",
    RecordEvent.DURESS: "access.alarm",
    RecordEvent.LOW_BATTERY: "access.low_battery",
}


def _audit(one: Sorted, owners: Sequence[Owner], now: datetime) -> None:
    if one.rows:
        _note(one, sightings.NOBODY, proofs.ACTION, proofs.of_rows(one.told.life, one.rows), now)
    for (record, at), owner in zip(one.fresh, owners, strict=True):
        if record.event in _NOTED:
            after = {
                "at": at.isoformat(),
                "method": record.method.name.lower(),
                "result": record.result.name.lower(),
                "credential_id": record.credential_id,
            }
            _note(one, owner, _NOTED[record.event], after, now)


def _note(one: Sorted, owner: Owner, action: str, after: dict[str, Any], now: datetime) -> None:
    lock, door = one.lock, one.door
    audit.record(
        actor=one.told.actor,
        action=action,
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
        after=after,
    )
