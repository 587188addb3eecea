"""Reads by which records are taken in: what is held of a series, what is missing, whose keys records name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from pms.access_records.models import AccessRecord, RecordGap, RecordSeries
from pms.access_records.rules import DeedAsked
from pms.core.db import db
from pms.credentials.models import Fingerprint
from pms.keycards import queries as keycards
from pms.keycards.models import KeyCard
from pms.lock_commands import operate
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks.models import Lock
from pms.protocol.record import RecordMethod
from pms.slots.models import Slot
from pms.staffcards import queries as staffcards
from pms.staffcards.models import StaffCard
from pms.stays.models import Stay

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from pms.access_records.rules import Span
    from pms.access_records.service.told import Life
    from pms.protocol.record import AccessRecord as DoorRecord


_Keys = TypeVar("_Keys", Fingerprint, Slot)
# So many conditions at a time: databases take no statement of any length.
_CHUNK = 100
_STORED = (RecordMethod.PASSCODE, RecordMethod.CARD, RecordMethod.REMOTE, RecordMethod.FACE, RecordMethod.PALM)


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Which of the credentials that records name are ours."""

    cards: dict[int, KeyCard]
    staff_cards: dict[int, StaffCard]
    fingers: dict[int, Fingerprint]
    # What locks store besides, by the lock and the id under which it names it.
    slots: dict[tuple[int, int], Slot]


def hold_locks(serial_numbers: Collection[str]) -> dict[str, Lock]:
    """The locks with these serial numbers, held until the transaction ends; in one order, as everybody holds them."""
    query = sa.select(Lock).where(Lock.serial_number.in_(serial_numbers)).order_by(Lock.id).with_for_update()
    return {lock.serial_number: lock for lock in db.session.scalars(query)}


def known_keys(told: Mapping[int, Sequence[DoorRecord]]) -> KnownKeys:
    """The credentials of ours among those that records name, by the lock that wrote them."""
    records = [(lock_id, record) for lock_id, found in told.items() for record in found]
    cards = {r.credential_id for _id, r in records if r.method is RecordMethod.OFFLINE_CARD and r.credential_id}
    fingers = {r.credential_id for _id, r in records if r.method is RecordMethod.FINGERPRINT}
    stored = {(lock_id, r.credential_id) for lock_id, r in records if r.method in _STORED}
    return KnownKeys(
        keycards.cards_by_credential(cards) if cards else {},
        staffcards.cards_by_credential(cards) if cards else {},
        {row.credential_id: row for row in _all(Fingerprint, Fingerprint.credential_id.in_(fingers), fingers)},
        # Where an id was given out again, it is the later one's.
        {
            (slot.lock_id, slot.credential_id): slot
            for slot in _all(
                Slot,
                sa.and_(
                    Slot.lock_id.in_({lock_id for lock_id, _number in stored}),
                    Slot.credential_id.in_({number for _lock_id, number in stored}),
                ),
                stored,
            )
        },
    )


def _all(model: type[_Keys], condition: sa.ColumnElement[bool], wanted: Collection[object]) -> Sequence[_Keys]:
    if not wanted:
        return ()
    return db.session.scalars(sa.select(model).where(condition).order_by(model.id)).all()


def deeds_asked(lock_ids: Collection[int], *, since: datetime, until: datetime) -> dict[int, list[DeedAsked]]:
    """By lock, what the desk told it to do in this time, less what a record is known to be of; oldest first."""
    query = (
        sa.select(LockCommand)
        .where(
            LockCommand.lock_id.in_(lock_ids),
            LockCommand.subject_kind == operate.SUBJECT,
            LockCommand.sent_at <= until,
            sa.or_(LockCommand.ended_at >= since, LockCommand.expires_at >= since),
            LockCommand.state != CommandState.FAILED,
            ~sa.exists().where(AccessRecord.command_id == LockCommand.id),
        )
        .order_by(LockCommand.id)
    )
    found: dict[int, list[DeedAsked]] = {}
    for command in db.session.scalars(query):
        # What was given up here the lock may have done all the same, until its time was over.
        ends_at = command.ended_at if command.state is CommandState.ANSWERED else command.expires_at
        deed = operate.deed_of(command)
        if deed is not None and command.sent_at is not None and ends_at is not None:
            found.setdefault(command.lock_id, []).append(DeedAsked(command.id, deed, command.created_at, ends_at))
    return found


def guests_of_stays(stay_ids: Sequence[int]) -> dict[int, int]:
    """The guest of each stay."""
    if not stay_ids:
        return {}
    rows = db.session.execute(sa.select(Stay.id, Stay.guest_id).where(Stay.id.in_(stay_ids))).all()
    return {row[0]: row[1] for row in rows}


def list_series(keys: Collection[Life]) -> Sequence[RecordSeries]:
    """The series of these locks and lives that there are."""
    columns = sa.tuple_(RecordSeries.lock_id, RecordSeries.life)
    return db.session.scalars(sa.select(RecordSeries).where(columns.in_(keys))).all()


def raw_of(wanted: Mapping[Life, Span]) -> dict[Life, dict[int, bytes | None]]:
    """By lock and life, the bytes of those of the records that are held."""
    found: dict[Life, dict[int, bytes | None]] = {}
    columns = (AccessRecord.lock_id, AccessRecord.life, AccessRecord.sequence, AccessRecord.raw)
    asked = list(wanted.items())
    for begin in range(0, len(asked), _CHUNK):
        some = asked[begin : begin + _CHUNK]
        spans = [sa.and_(*_series(*key), AccessRecord.sequence.between(*span)) for key, span in some]
        for lock_id, life, sequence, raw in db.session.execute(sa.select(*columns).where(sa.or_(*spans))):
            found.setdefault((lock_id, life), {})[sequence] = raw
    return found


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


def ends_of(lock_id: int, life: int) -> tuple[int | None, int | None]:
    """The lowest and the highest that is held."""
    ends = sa.select(sa.func.min(AccessRecord.sequence), sa.func.max(AccessRecord.sequence))
    row = db.session.execute(ends.where(*_series(lock_id, life))).one()
    return row[0], row[1]


def ends_of_known(untils: Mapping[Life, int]) -> dict[Life, int]:
    """Of those series of which the record after this one is held, or lies in a gap: the end of these records or of the gap.

    Few statements for a hundred series, of which most go on nowhere.
    """
    found: dict[Life, int] = {}
    asked = list(untils.items())
    for begin in range(0, len(asked), _CHUNK):
        some = asked[begin : begin + _CHUNK]
        held = [sa.and_(*_series(*key), AccessRecord.sequence == until + 1) for key, until in some]
        going_on = {
            (lock_id, life)
            for lock_id, life in db.session.execute(
                sa.select(AccessRecord.lock_id, AccessRecord.life).where(sa.or_(*held))
            )
        }
        if going_on:
            found |= _ends_of_held({key: until for key, until in some if key in going_on})
        lost = [sa.and_(*_gaps(*key), RecordGap.first <= until + 1, RecordGap.last > until) for key, until in some]
        of_gaps = (
            sa.select(RecordGap.lock_id, RecordGap.life, sa.func.max(RecordGap.last))
            .where(sa.or_(*lost))
            .group_by(RecordGap.lock_id, RecordGap.life)
        )
        for lock_id, life, end in db.session.execute(of_gaps):
            found[lock_id, life] = max(end, found.get((lock_id, life), end))
    return found


def _ends_of_held(untils: Mapping[Life, int]) -> dict[Life, int]:
    """The last of the records that follow each of these without a hole. Records without a hole differ from their places by one
    number, which is that of the record before them."""
    key = (AccessRecord.lock_id, AccessRecord.life)
    place = sa.func.row_number().over(partition_by=key, order_by=AccessRecord.sequence)
    spans = [sa.and_(*_series(*life), AccessRecord.sequence > until) for life, until in untils.items()]
    later = (
        sa.select(*key, AccessRecord.sequence, (AccessRecord.sequence - place).label("before"))
        .where(sa.or_(*spans))
        .subquery()
    )
    runs = sa.select(later.c.lock_id, later.c.life, later.c.before, sa.func.max(later.c.sequence))
    rows = db.session.execute(runs.group_by(later.c.lock_id, later.c.life, later.c.before))
    return {(lock_id, life): end for lock_id, life, before, end in rows if before == untils[lock_id, life]}


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


def open_gaps(keys: Collection[Life]) -> dict[Life, list[RecordGap]]:
    """The gaps of these locks and lives that are not closed."""
    found: dict[Life, list[RecordGap]] = {}
    if keys:
        columns = sa.tuple_(RecordGap.lock_id, RecordGap.life)
        for gap in db.session.scalars(sa.select(RecordGap).where(RecordGap.closed_at.is_(None), columns.in_(keys))):
            found.setdefault((gap.lock_id, gap.life), []).append(gap)
    return found


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
