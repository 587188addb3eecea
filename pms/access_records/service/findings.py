"""What is missing among a lock's records, and what is not as the lock wrote it: rows of their own, and audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.access_records import rules
from pms.access_records import series_queries as queries
from pms.access_records.models import AccessRecord, Doubt, RecordFinding, RecordGap
from pms.access_records.service import alarming
from pms.audit import service as audit
from pms.core.db import insert_into
from pms.core.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.access_records.rules import Span
    from pms.access_records.service.told import Place, Sorted


def note(session: Session, at: Place, kind: Doubt, span: Span, now: datetime) -> None:
    """These records are not right: said once, and the records among them that are held are marked."""
    lock_id, life = at.lock.id, at.life
    made = session.execute(
        insert_into(RecordFinding)
        .values(
            id=new_id(),
            lock_id=lock_id,
            door_id=at.door.id if at.door else None,
            life=life,
            kind=kind,
            first=span[0],
            last=span[1],
            found_at=now,
        )
        .on_conflict_do_nothing()
        .returning(RecordFinding.id)
    ).one_or_none()
    if made is None:
        return
    session.execute(
        sa.update(AccessRecord)
        .where(AccessRecord.lock_id == lock_id, AccessRecord.life == life, AccessRecord.sequence.between(*span))
        .values(is_doubtful=True)
    )
    _audit(at, f"access.{_ACTIONS[kind]}", span, now)
    alarming.tell_doubt(lock_id, kind, span, at.actor, now)


_ACTIONS = {
    Doubt.CHAIN: "chain_broken",
    Doubt.CUT: "records_cut",
    Doubt.DIFFERS: "record_differs",
    Doubt.ALTERED: "record_altered",
    Doubt.MISSING: "record_missing",
    Doubt.ADDED: "record_added",
}


def note_gap(session: Session, one: Sorted, span: Span, now: datetime) -> None:
    """The lock has none of these any more: what of them is not held is a gap."""
    lock_id, life = one.told.key
    for first, last in rules.missing(span, queries.known_spans(lock_id, life, span)):
        door_id = one.door.id if one.door else None
        session.add(RecordGap(lock_id=lock_id, door_id=door_id, life=life, first=first, last=last, found_at=now))
        _audit(one.place, "access.gap_found", (first, last), now)
    session.flush()


def close_gaps(one: Sorted, gaps: Sequence[RecordGap], now: datetime) -> None:
    """Records have come in: those of the series' open gaps that they filled are closed."""
    sequences = [record.sequence for record, _at in one.fresh]
    for gap in gaps:
        is_touched = any(gap.first <= sequence <= gap.last for sequence in sequences)
        if is_touched and queries.count_held(*one.told.key, (gap.first, gap.last)) == gap.last - gap.first + 1:
            gap.closed_at = now
            _audit(one.place, "access.gap_closed", (gap.first, gap.last), now)


def _audit(at: Place, action: str, span: Span, now: datetime) -> None:
    lock, door = at.lock, at.door
    audit.record(
        actor=at.actor,
        action=action,
        subject=audit.Subject(
            kind="lock",
            id=lock.id,
            label=door.name if door else lock.name,
            lock_id=lock.id,
            room_id=door.room_id if door else None,
        ),
        now=now,
        after={"first_record": span[0], "last_record": span[1]},
    )
