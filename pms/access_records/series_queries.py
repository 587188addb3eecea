"""Reads by which records are taken in: what is held of a series, what is missing, whose keys records name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.access_records.models import AccessRecord, RecordGap, RecordSeries
from pms.core.db import db
from pms.credentials.models import Fingerprint
from pms.keycards.models import KeyCard
from pms.locks.models import Lock
from pms.protocol.record import RecordMethod
from pms.slots.models import Slot
from pms.staffcards.models import StaffCard
from pms.stays.models import Stay

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pms.access_records.rules import Span
    from pms.protocol.record import AccessRecord as DoorRecord


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Which of the credentials that records name are ours."""

    cards: frozenset[int]
    fingers: dict[int, Fingerprint]
    # What else this lock stores, by the id under which it names it.
    slots: dict[int, Slot]


_STORED = (RecordMethod.PASSCODE, RecordMethod.CARD, RecordMethod.REMOTE, RecordMethod.FACE, RecordMethod.PALM)


def known_keys(lock_id: int, records: Sequence[DoorRecord]) -> KnownKeys:
    """The credentials of ours among those that the records of a lock name."""
    cards = {r.credential_id for r in records if r.method is RecordMethod.OFFLINE_CARD and r.credential_id}
    fingers = {r.credential_id for r in records if r.method is RecordMethod.FINGERPRINT}
    ours: set[int] = set()
    if cards:
        for model in (KeyCard, StaffCard):
            ours.update(db.session.scalars(sa.select(model.credential_id).where(model.credential_id.in_(cards))))
    rows = (
        db.session.scalars(sa.select(Fingerprint).where(Fingerprint.credential_id.in_(fingers))).all()
        if fingers
        else ()
    )
    stored = {r.credential_id for r in records if r.method in _STORED}
    slots = (
        db.session.scalars(
            sa.select(Slot).where(Slot.lock_id == lock_id, Slot.credential_id.in_(stored)).order_by(Slot.id)
        ).all()
        if stored
        else ()
    )
    return KnownKeys(
        frozenset(ours),
        {row.credential_id: row for row in rows},
        # Where an id was given out again, it is the later one's.
        {slot.credential_id: slot for slot in slots},
    )


def guests_of_stays(stay_ids: Sequence[int]) -> dict[int, int]:
    """The guest of each stay."""
    if not stay_ids:
        return {}
    rows = db.session.execute(sa.select(Stay.id, Stay.guest_id).where(Stay.id.in_(stay_ids))).all()
    return {row[0]: row[1] for row in rows}


def raw_of(lock_id: int, life: int, sequences: Sequence[int]) -> dict[int, bytes | None]:
    """The bytes of those of the records that are held."""
    if not sequences:
        return {}
    rows = db.session.execute(
        sa.select(AccessRecord.sequence, AccessRecord.raw).where(
            *_series(lock_id, life), AccessRecord.sequence.in_(sequences)
        )
    ).all()
    return {row[0]: row[1] for row in rows}


def newest_of(lock_id: int, life: int, events: Collection[int]) -> int | None:
    """The sequence of the newest record that is about one of these; None if there is none."""
    return db.session.scalar(
        sa.select(sa.func.max(AccessRecord.sequence)).where(*_series(lock_id, life), AccessRecord.event.in_(events))
    )


def raw_span(lock_id: int, life: int, span: Span) -> list[tuple[int, bytes | None]]:
    """(event, bytes) of the records held within the span, in their order."""
    rows = db.session.execute(
        sa.select(AccessRecord.event, AccessRecord.raw)
        .where(*_series(lock_id, life), AccessRecord.sequence.between(*span))
        .order_by(AccessRecord.sequence)
    ).all()
    return [(row[0], row[1]) for row in rows]


def present_series(lock_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """By lock, up to where its present series is known, and the newest record that it is known to have."""
    rows = db.session.execute(
        sa.select(RecordSeries.lock_id, RecordSeries.known_until, RecordSeries.newest)
        .join(Lock, sa.and_(Lock.id == RecordSeries.lock_id, Lock.counting_life == RecordSeries.life))
        .where(RecordSeries.lock_id.in_(lock_ids))
    )
    return {lock_id: (known_until, newest) for lock_id, known_until, newest in rows}


def first_sequence(lock_id: int, life: int) -> int | None:
    """The lowest that is held."""
    return db.session.scalar(sa.select(sa.func.min(AccessRecord.sequence)).where(*_series(lock_id, life)))


def end_of_held(lock_id: int, life: int, until: int) -> int:
    """The last of the records that follow `until` without a hole; `until` where the next one is not held."""
    place = sa.func.row_number().over(order_by=AccessRecord.sequence).label("place")
    later = (
        sa.select(AccessRecord.sequence, place).where(*_series(lock_id, life), AccessRecord.sequence > until).subquery()
    )
    end = db.session.scalar(sa.select(sa.func.max(later.c.sequence)).where(later.c.sequence - later.c.place == until))
    return end if end is not None else until


def end_of_gap(lock_id: int, life: int, until: int) -> int:
    """The end of the gap that begins after `until` or covers it; `until` where there is none."""
    end = db.session.scalar(
        sa.select(sa.func.max(RecordGap.last)).where(
            *_gaps(lock_id, life), RecordGap.first <= until + 1, RecordGap.last > until
        )
    )
    return end if end is not None else until


def known_spans(lock_id: int, life: int, span: Span) -> list[Span]:
    """What of the span is held or is a gap already."""
    held = db.session.scalars(
        sa.select(AccessRecord.sequence).where(*_series(lock_id, life), AccessRecord.sequence.between(*span))
    ).all()
    gaps = db.session.execute(
        sa.select(RecordGap.first, RecordGap.last).where(
            *_gaps(lock_id, life), RecordGap.first <= span[1], RecordGap.last >= span[0]
        )
    ).all()
    return [*((sequence, sequence) for sequence in held), *((row[0], row[1]) for row in gaps)]


def open_gaps(lock_id: int, life: int, span: Span) -> Sequence[RecordGap]:
    """Gaps that are not closed and have a part in the span."""
    return db.session.scalars(
        sa.select(RecordGap).where(
            *_gaps(lock_id, life),
            RecordGap.closed_at.is_(None),
            RecordGap.first <= span[1],
            RecordGap.last >= span[0],
        )
    ).all()


def count_held(lock_id: int, life: int, span: Span) -> int:
    """How many records of the span are held."""
    return db.session.scalars(
        sa.select(sa.func.count())
        .select_from(AccessRecord)
        .where(*_series(lock_id, life), AccessRecord.sequence.between(*span))
    ).one()


def _series(lock_id: int, life: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (AccessRecord.lock_id == lock_id, AccessRecord.life == life)


def _gaps(lock_id: int, life: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (RecordGap.lock_id == lock_id, RecordGap.life == life)
