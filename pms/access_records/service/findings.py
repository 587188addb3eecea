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
from pms.locks import queries as lock_queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.access_records.rules import Span
    from pms.core.actor import Actor
    from pms.locks.models import Lock


def note(session: Session, lock: Lock, kind: Doubt, span: Span, actor: Actor, now: datetime) -> None:
    """These records are not right: said once, and the records among them that are held are marked."""
    door = lock_queries.door_of_lock(lock.id)
    made = session.execute(
        insert_into(RecordFinding)
        .values(
            id=new_id(),
            lock_id=lock.id,
            door_id=door.id if door else None,
            life=lock.counting_life,
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
        .where(
            AccessRecord.lock_id == lock.id,
            AccessRecord.life == lock.counting_life,
            AccessRecord.sequence.between(*span),
        )
        .values(is_doubtful=True)
    )
    _audit(lock, f"access.{_ACTIONS[kind]}", span, actor, now)
    alarming.tell_doubt(lock.id, kind, span, actor, now)


_ACTIONS = {Doubt.CHAIN: "chain_broken", Doubt.CUT: "records_cut", Doubt.DIFFERS: "record_differs"}


def note_gap(session: Session, lock: Lock, span: Span, actor: Actor, now: datetime) -> None:
    """The lock has none of these any more: what of them is not held is a gap."""
    held = queries.known_spans(lock.id, lock.counting_life, span)
    for first, last in rules.missing(span, held):
        door = lock_queries.door_of_lock(lock.id)
        session.add(
            RecordGap(
                lock_id=lock.id,
                door_id=door.id if door else None,
                life=lock.counting_life,
                first=first,
                last=last,
                found_at=now,
            )
        )
        _audit(lock, "access.gap_found", (first, last), actor, now)
    session.flush()


def close_gaps(session: Session, lock: Lock, span: Span, actor: Actor, now: datetime) -> None:
    """Records within `span` have come in: gaps that they filled are closed."""
    for gap in queries.open_gaps(lock.id, lock.counting_life, span):
        if queries.count_held(lock.id, lock.counting_life, (gap.first, gap.last)) == gap.last - gap.first + 1:
            gap.closed_at = now
            _audit(lock, "access.gap_closed", (gap.first, gap.last), actor, now)
    session.flush()


def _audit(lock: Lock, action: str, span: Span, actor: Actor, now: datetime) -> None:
    door = lock_queries.door_of_lock(lock.id)
    audit.record(
        actor=actor,
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
