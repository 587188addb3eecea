"""A lock is read page by page: each record once whoever brings it, what is gone is a gap, what was tampered with is found."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.access_records import queries, rules, service
from pms.access_records.models import AccessRecord, Doubt, RecordFinding, RecordGap, RecordSeries
from pms.access_records.service.intake import gathered
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import Lock
from pms.protocol.record import AccessRecord as DoorRecord
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult
from pms.simulators.lock.state import LoggedRecord
from tests.access_records.carrying import DESK, Phone, ask, next_frame, records, sequences
from tests.races import race


@pytest.fixture
def phone(app, scene) -> Phone:
    return Phone(app, scene)


def _log(scene, count: int) -> None:
    for _ in range(count):
        scene.twin.state.log(scene.at, RecordEvent.LOCKED)


def _silence(scene) -> None:
    """The lock reports nothing by itself: as if all of it had been acknowledged elsewhere."""
    scene.twin.state.reports.clear()
    scene.twin.state.outstanding = b""
    scene.twin.state.reported_sequence = scene.twin.state.newest_sequence


def _gaps() -> list[tuple[int, int, bool]]:
    db.remove()
    rows = db.session.scalars(sa.select(RecordGap).order_by(RecordGap.first))
    return [(row.first, row.last, row.closed_at is not None) for row in rows]


def _findings() -> list[tuple[Doubt, int, int]]:
    db.remove()
    rows = db.session.scalars(sa.select(RecordFinding).order_by(RecordFinding.first))
    return [(row.kind, row.first, row.last) for row in rows]


def _actions() -> list[str]:
    db.remove()
    return list(db.session.scalars(sa.select(AuditEntry.action)))


def _series(scene) -> RecordSeries:
    db.remove()
    return db.session.get_one(RecordSeries, (scene.lock_id, locks.get_lock(scene.lock_id).counting_life))


def test_a_thousand_records_come_in_pages_and_their_chain_is_right(phone, scene, now):
    _log(scene, 999)
    ask(scene, now)
    assert phone.fetch() == 17
    assert sequences(scene) == list(range(1, 1001))
    series = _series(scene)
    assert (series.known_until, series.newest, series.chain_sequence) == (1000, 1000, 1000)
    assert series.chain == scene.twin.state.chain
    assert (_findings(), _gaps()) == ([], [])


def test_records_that_come_singly_and_in_pages_agree(phone, scene, now):
    for second in range(70):
        scene.open(at=scene.at + second)
    for _ in range(20):
        frame = scene.report()
        scene.twin.receive(bytes.fromhex(phone.bring("/reports/record", frame)["frame"]), scene.at)
    singly = {n: record.id for n, record in records(scene).items()}
    ask(scene, now)
    phone.fetch()
    assert phone.report_all() > 50
    found = records(scene)
    assert sequences(scene) == list(range(1, 72))
    assert singly == {n: found[n].id for n in singly}
    assert {record.stay_id for n, record in found.items() if n > 1} == {scene.stay_id}
    assert {record.key_card_id for n, record in found.items() if n > 1} == {scene.card_id}
    assert _series(scene).chain_sequence == 71
    assert _findings() == []
    # One entry for each that came singly (the first of the 20 reports is no record), and one for the page of all the others.
    assert _actions().count("access.records_stored") == 19 + 1


def test_a_question_is_asked_once_and_a_lost_answer_costs_nothing(phone, scene, now):
    _log(scene, 80)
    first = ask(scene, now)
    assert ask(scene, now).id == first.id
    frame = next_frame(scene)
    answer = scene.twin.receive(frame, scene.at)
    assert scene.twin.receive(next_frame(scene), scene.at) == answer  # the answer was lost on its way, and comes again
    assert phone.bring("/reports/records", answer)["isNew"] is True
    assert phone.bring("/reports/records", answer)["isNew"] is False
    assert sequences(scene) == list(range(1, 61))
    phone.fetch()
    assert phone.bring("/reports/records", answer)["isNew"] is False
    assert sequences(scene) == list(range(1, 82))
    assert _actions().count("access.records_asked") == 1


def test_what_the_lock_no_longer_has_is_a_gap_and_is_closed_by_a_late_carrier(phone, scene, now):
    _log(scene, 59)
    ask(scene, now)
    late = scene.twin.receive(next_frame(scene), scene.at)  # a phone has read 1 to 60, and is out of the net
    clock.freeze(now + timedelta(days=8))
    _log(scene, 1030)
    _silence(scene)
    ask(scene, clock.now())
    phone.fetch()
    assert _gaps() == [(1, 90, False)]
    assert sequences(scene) == list(range(91, 1091))
    assert "access.gap_found" in _actions()
    assert _findings() == []  # a lock keeps a thousand, and it does
    phone.bring("/reports/records", late)
    assert _gaps() == [(1, 90, False)]
    with transaction() as session:
        lock = session.get_one(Lock, scene.lock_id)
        found = [
            DoorRecord(n, scene.at, RecordEvent.LOCKED, RecordMethod.NONE, 0, RecordResult.OPENED, 100)
            for n in range(61, 91)
        ]
        with gathered(session, now) as intake:
            for record in found:
                intake.add_single(lock, record, SETUP)
    assert _gaps() == [(1, 90, True)]
    assert "access.gap_closed" in _actions()
    ask(scene, clock.now())
    phone.fetch()
    assert sequences(scene) == list(range(1, 1091))


def _rewrite(scene, sequence: int, **changes) -> None:
    """Somebody changes a record in the lock's memory, without its key."""
    state = scene.twin.state
    place = next(n for n, logged in enumerate(state.records) if logged.value.sequence == sequence)
    old = state.records[place]
    raw = bytearray(old.raw)
    raw[9] = changes.get("method", 10)
    state.records[place] = LoggedRecord(bytes(raw), old.chain)


def test_a_changed_record_is_found_marked_and_kept(phone, scene, now):
    _log(scene, 30)
    _rewrite(scene, 12)
    ask(scene, now)
    phone.fetch()
    assert _findings() == [(Doubt.CHAIN, 1, 31)]
    assert all(record.is_doubtful for record in records(scene).values())
    assert "access.chain_broken" in _actions()
    _log(scene, 5)
    ask(scene, now)
    phone.fetch()
    assert len(_findings()) == 1  # what follows is right again
    assert not records(scene)[36].is_doubtful


def test_a_record_cut_out_of_the_middle_is_found(phone, scene, now):
    _log(scene, 30)
    del scene.twin.state.records[11]
    ask(scene, now)
    phone.fetch()
    assert _findings() == [(Doubt.CUT, 12, 12)]
    assert _gaps() == [(12, 12, False)]
    assert "access.records_cut" in _actions()
    assert sequences(scene) == [n for n in range(1, 32) if n != 12]


def test_a_record_that_comes_twice_with_other_content_keeps_the_first_and_is_marked(phone, scene, now):
    _log(scene, 3)
    phone.report_all()
    _rewrite(scene, 2)
    with transaction() as session:
        session.get_one(RecordSeries, (scene.lock_id, 2)).known_until = 0
    ask(scene, now)
    phone.fetch()
    assert (Doubt.DIFFERS, 2, 2) in _findings()
    assert records(scene)[2].method == 0
    assert records(scene)[2].is_doubtful
    assert not records(scene)[4].is_doubtful


def test_new_keys_end_no_series_and_a_wiped_lock_begins_one(phone, scene, now):
    _log(scene, 10)
    ask(scene, now)
    phone.fetch()
    answer = scene.twin.receive(lock_service.start_setup(lock_id=scene.lock_id, actor=SETUP, now=now), scene.at)
    phone.bring("/reports/binding", answer)
    _log(scene, 5)
    phone.report_all()
    ask(scene, now)
    phone.fetch()
    assert sequences(scene) == list(range(1, 18))
    assert (_findings(), _series(scene).chain_sequence) == ([], 17)
    phone.bring("/reports/lockDeleted", scene.twin.delete_at_the_lock())
    frame = lock_service.start_setup(lock_id=scene.lock_id, is_factory_new=True, actor=SETUP, now=now)
    phone.bring("/reports/binding", scene.twin.receive(frame, scene.at))
    _log(scene, 4)
    ask(scene, now)
    assert phone.fetch() == 1
    assert sequences(scene) == [1, 2, 3, 4, 5]
    assert _findings() == []


def test_a_single_record_that_leaves_a_hole_has_the_rest_asked_for(phone, scene, now):
    _log(scene, 9)
    scene.twin.state.reports.clear()
    scene.twin.state.reported_sequence = 7
    command = phone.bring("/reports/record", scene.report())["command"]
    assert command is not None
    phone.fetch()
    assert sequences(scene) == list(range(1, 11))


def test_two_carriers_with_pages_and_single_records_store_each_once(any_app, any_scene, now):
    scene, phone = any_scene, Phone(any_app, any_scene)
    for second in range(40):
        scene.open(at=scene.at + second)
    ask(scene, now)
    page = scene.twin.receive(next_frame(scene), scene.at)
    single = scene.report()

    def bring(number: int) -> bool:
        frame = (page, page, single, single)[number]
        kinds = (rules.RECORDS, rules.RECORDS, rules.ANY_REPORT, rules.ANY_REPORT)[number]
        return service.take_frame(serial_number=phone.serial, frame=frame, kinds=kinds, actor=DESK, now=now).is_new

    assert sorted(race(4, bring), key=str) == [False, False, True, True]
    phone.report_all()
    assert sequences(scene) == list(range(1, 42))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccessRecord)) == 41


def test_a_page_asks_the_database_as_often_for_many_records_as_for_few(phone, scene, now, count_queries):
    for second in range(10):
        scene.open(at=scene.at + second)
    ask(scene, now)
    pages = []

    def take() -> None:
        service.take_frame(serial_number=phone.serial, frame=pages[-1], kinds=rules.RECORDS, actor=DESK, now=now)

    pages.append(scene.twin.receive(next_frame(scene), scene.at))
    few = count_queries(take)
    for second in range(60):
        scene.open(at=scene.at + 20 + second)
    ask(scene, now)
    pages.append(scene.twin.receive(next_frame(scene), scene.at))
    assert count_queries(take) <= few + 4  # and one more question for the lock


def test_a_lock_that_is_not_set_up_is_not_asked(house, now):
    lock_id = house.doors["102"].lock_id
    with transaction() as session:
        session.get_one(Lock, lock_id).server_keys = None
    with pytest.raises(rules.LockKeepsNothing):
        service.sync_records(lock_id=lock_id, actor=DESK, now=now)
    with pytest.raises(locks.NoSuchLock):
        service.sync_records(lock_id=1, actor=DESK, now=now)


def test_records_of_before_have_no_bytes_and_are_taken_as_they_are(phone, scene, now):
    """A house that is brought up from an earlier version: its records begin somewhere, and have no chain."""
    _log(scene, 9)
    phone.report_all()
    with transaction() as session:
        session.execute(sa.delete(RecordSeries))
        session.execute(sa.delete(AccessRecord).where(AccessRecord.sequence < 4))
        session.execute(sa.update(AccessRecord).values(raw=None))
    _log(scene, 2)
    ask(scene, now)
    phone.fetch()
    assert sequences(scene) == list(range(4, 13))
    assert (_findings(), _gaps(), _series(scene).chain_sequence) == ([], [], 12)
    assert lock_commands.next_frame(serial_number=phone.serial, now=now) is None
    assert queries.list_page(size=3).next_key is not None
