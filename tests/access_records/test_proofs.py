"""The trail vouches for records: whoever changes, deletes or adds one in the database is found out, and it is named which."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from pms.access_records import jobs, proofs, rules, service, verifying
from pms.access_records.models import AccessRecord, Doubt, RecordFinding
from pms.audit.models import AuditEntry
from pms.core.db import db, transaction
from pms.core.ids import new_id
from pms.locks import queries as locks
from pms.protocol.record import RecordEvent
from tests.access_records.carrying import DESK
from tests.access_records.gateway import Door
from tests.client import text_of

COUNT = 12


@pytest.fixture
def any_stored(any_scene, now):
    """Twelve records of 101 in two batches, one of them of the guest's card."""
    return _store(any_scene, now)


@pytest.fixture
def stored(scene, now):
    """The same, on SQLite alone."""
    return _store(scene, now)


def _store(scene, now):
    door = Door.of(scene.lock_id, scene.twin, scene.at)
    scene.open()
    for many in (4, COUNT - 6):
        door.log(*[RecordEvent.LOCKED] * many)
        service.take_frames(brought=door.reports(), now=now)
    db.remove()
    return scene


def _change(statement) -> None:
    with transaction() as session:
        session.execute(statement)
    db.remove()


def _of(sequence: int):
    return AccessRecord.sequence == sequence


def _faults() -> dict[Doubt, list[int]]:
    db.remove()
    return {doubt: sequences for (_life, doubt), sequences in verifying.check().faults.items()}


def _findings() -> list[tuple[Doubt, int, int]]:
    db.remove()
    rows = db.session.scalars(sa.select(RecordFinding).order_by(RecordFinding.kind, RecordFinding.first))
    return [(row.kind, row.first, row.last) for row in rows]


def test_what_staff_may_do_with_a_record_leaves_it_as_it_came_in(any_stored, now):
    door = Door.of(any_stored.lock_id, any_stored.twin, any_stored.at)
    door.log(RecordEvent.TAMPER_ALARM)
    service.take_frames(brought=door.reports(), now=now)
    alarm = db.session.scalars(sa.select(AccessRecord.id).where(AccessRecord.event == RecordEvent.TAMPER_ALARM)).one()
    service.hide_record(record_id=alarm, reason="a test", actor=DESK, now=now)
    _change(sa.update(AccessRecord).values(is_doubtful=True))
    found = service.verify_records(actor=jobs.SCHEDULER, now=now)
    assert (found.checked, found.faults) == (COUNT + 1, {})
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "access.records_verified")).one()
    assert entry.after == {"checked": COUNT + 1}


@pytest.mark.parametrize(
    "values",
    [
        {"event": int(RecordEvent.REFUSED)},
        {"stay_id": None},
        {"key_card_id": None},
        {"at": datetime(2026, 6, 12, 9, tzinfo=UTC)},
        {"raw": bytes(16)},
        {"credential_id": 1},
        {"door_id": None},
        {"battery_percent": 1},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_record_that_was_changed_is_named_whatever_was_changed(stored, values):
    _change(sa.update(AccessRecord).where(_of(2)).values(values))
    assert _faults() == {Doubt.ALTERED: [2]}


def test_records_that_were_deleted_or_added_are_named(any_stored, now):
    with transaction() as session:
        row = dict(session.execute(sa.select(AccessRecord.__table__).where(_of(7))).mappings().one())
        row.update(id=new_id(), sequence=40)
        session.execute(sa.insert(AccessRecord), [row])
        session.execute(sa.delete(AccessRecord).where(AccessRecord.sequence.in_((3, 4, 9))))
        session.execute(sa.update(AccessRecord).where(_of(5)).values(event=int(RecordEvent.OPENED)))
    assert _faults() == {Doubt.MISSING: [3, 4, 9], Doubt.ALTERED: [5], Doubt.ADDED: [40]}


def test_a_fault_is_shown_where_the_records_are_and_said_once(stored, client, now, caplog):
    _change(sa.delete(AccessRecord).where(AccessRecord.sequence.in_((3, 4))))
    _change(sa.update(AccessRecord).where(_of(8)).values(event=int(RecordEvent.OPENED)))
    with caplog.at_level(logging.ERROR):
        for _night in range(2):
            jobs.verify_records()
            db.remove()
    assert "3 of 12 door records were altered, deleted or added by hand" in caplog.text
    assert _findings() == [(Doubt.ALTERED, 8, 8), (Doubt.MISSING, 3, 4)]
    doubtful = sa.select(AccessRecord.sequence).where(AccessRecord.is_doubtful)
    assert db.session.scalars(doubtful).all() == [8]
    actions = db.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.lock_id == stored.lock_id)).all()
    assert sorted(action for action in actions if action.startswith("access.record_")) == [
        "access.record_altered",
        "access.record_missing",
    ]
    page = text_of(client.log_in("manager").get("/records/"))
    assert "Tampered with Deleted from the database after coming in: records 3 to 4." in page
    assert "Tampered with Changed in the database after coming in: record 8." in page
    trail = text_of(client.get("/audit/"))
    assert "Checked the door records: some were tampered with" in trail


def test_records_from_before_the_trail_vouched_for_them_are_no_fault(stored, now):
    """A house that was brought up from an earlier version."""
    with transaction() as session:
        row = dict(session.execute(sa.select(AccessRecord.__table__).where(_of(7))).mappings().one())
        row.update(id=new_id(), sequence=900, received_at=now.replace(year=2025))
        session.execute(sa.insert(AccessRecord), [row])
    assert _faults() == {}


def test_the_check_reads_as_often_for_many_records_as_for_few(stored, now, count_queries):
    few = count_queries(verifying.check)
    door = Door.of(stored.lock_id, stored.twin, stored.at)
    door.log(*[RecordEvent.LOCKED] * 60)
    for one in door.reports():
        service.take_frames(brought=[one], now=now)
    assert count_queries(verifying.check) == few


def test_an_entry_names_every_record_with_a_mark_of_its_own(stored):
    lock_id = stored.lock_id
    life = locks.get_lock(lock_id).counting_life
    entries = sa.select(AuditEntry.after).where(AuditEntry.action == proofs.ACTION).order_by(AuditEntry.id)
    found = [list(proofs.read(after)) for after in db.session.scalars(entries)]
    assert [[sequence for sequence, _mark in one] for one in found] == [list(range(1, 7)), list(range(7, COUNT + 1))]
    marks = [mark for one in found for _sequence, mark in one]
    assert len(set(marks)) == COUNT
    assert {len(mark) for mark in marks} == {16}
    assert verifying.check().checked == COUNT
    assert life == db.session.scalars(entries).first()["life"]


@pytest.mark.parametrize(
    ("sequences", "text"),
    [([1], "1"), ([1, 2, 3], "1-3"), ([1, 3, 4, 9], "1, 3-4, 9"), ([7, 9], "7, 9")],
)
def test_spans_are_written_and_read_back(sequences, text):
    spans = rules.spans_of(sequences)
    assert rules.write_spans(spans) == text
    assert rules.read_spans(text) == spans
