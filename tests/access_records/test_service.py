from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pms.access_records import queries, service
from pms.access_records.models import AccessRecord
from pms.alarms import queries as alarms
from pms.alarms.models import AlarmKind
from pms.audit.models import AuditEntry
from pms.core.actor import SETUP, Actor
from pms.core.db import db
from pms.keycards.models import KeyCard, Proof
from pms.locks import lock_keys
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import LockSetup
from pms.protocol.command import Command
from pms.protocol.crc import crc16
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.record import RecordEvent, RecordResult

PHONE = Actor(kind="lock", name="", address="10.0.0.7")
DESK = Actor(kind="account", name="Desk", account_id=1)


def _take(scene, frame, now, serial=None):
    serial = serial or locks.get_lock(scene.lock_id).serial_number
    answer = service.take_report(serial_number=serial, frame=frame, actor=PHONE, now=now)
    db.session.expire_all()
    return answer


def _carry_all(scene, now) -> int:
    carried = 0
    while (frame := scene.twin.pending_report(scene.at)) is not None:
        answer = _take(scene, frame, now)
        assert answer is not None
        assert scene.twin.receive(answer, scene.at) is None
        carried += 1
    return carried


def _records() -> list[AccessRecord]:
    return list(db.session.scalars(sa.select(AccessRecord).order_by(AccessRecord.sequence)))


def _stored() -> list[AuditEntry]:
    """The entries by which the trail vouches for records."""
    entries = sa.select(AuditEntry).where(AuditEntry.action == "access.records_stored").order_by(AuditEntry.id)
    return list(db.session.scalars(entries))


def test_an_opened_door_confirms_the_card_and_the_trail_vouches_for_the_record(any_scene, now):
    scene = any_scene
    assert scene.open().is_opened
    _carry_all(scene, now + timedelta(minutes=1))
    record = _records()[-1]
    assert (record.event, record.result) == (RecordEvent.OPENED, RecordResult.OPENED)
    assert (record.key_card_id, record.stay_id) == (scene.card_id, scene.stay_id)
    assert (record.at, record.received_at) == (now, now + timedelta(minutes=1))
    card = db.session.get_one(KeyCard, scene.card_id)
    assert (card.proof, card.proved_at) == (Proof.CONFIRMED, now)
    entry = _stored()[-1]
    assert (entry.lock_id, entry.room_id, entry.subject_label) == (scene.lock_id, scene.room_id, "101")
    assert (entry.actor_kind, entry.address) == ("lock", "10.0.0.7")
    assert (entry.after["records"], entry.after["life"]) == (str(record.sequence), record.life)


def test_a_refused_card_is_noted_with_its_reason(scene, now):
    scene.open(at=scene.at + 5 * 86400)
    _carry_all(scene, now)
    record = _records()[-1]
    assert (record.event, record.result, record.stay_id) == (
        RecordEvent.REFUSED,
        RecordResult.EXPIRED,
        scene.stay_id,
    )
    refusals = sa.select(AuditEntry).where(AuditEntry.action == "keycards.refused")
    assert db.session.scalars(refusals).one().after["result"] == "expired"


def test_a_copied_card_names_nobody(scene, now):
    assert scene.open(uid=b"\1\2\3\4").result is RecordResult.TAMPERED
    _carry_all(scene, now)
    assert (_records()[-1].key_card_id, _records()[-1].stay_id) == (None, None)


def test_the_same_report_again_gets_the_same_answer_and_changes_nothing(any_scene, now):
    scene = any_scene
    _carry_all(scene, now)
    scene.open()
    frame = scene.report()
    first = _take(scene, frame, now)
    stored, entries = len(_records()), db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry))
    for _ in range(3):
        assert _take(scene, frame, now + timedelta(hours=1)) == first
    assert len(_records()) == stored
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == entries
    head = peek_header(first)
    assert (head.direction, head.counter) == (Direction.ACKNOWLEDGEMENT, peek_header(frame).counter)
    key = lock_keys.command_key_of(locks.get_lock(scene.lock_id))
    assert open_frame(key, scene.twin.state.sn, first).plaintext == b"\0"


def test_an_older_report_is_refused_in_silence(scene, now):
    _carry_all(scene, now)
    scene.open()
    old = scene.report()
    _carry_all(scene, now)
    scene.open()
    _carry_all(scene, now)
    stored = len(_records())
    assert _take(scene, old, now) is None
    assert len(_records()) == stored


def test_the_same_record_under_a_new_counter_is_stored_once(any_scene, now):
    scene = any_scene
    _carry_all(scene, now)
    scene.open()
    _carry_all(scene, now)
    scene.twin.state.reported_sequence -= 1
    _carry_all(scene, now)
    assert len({record.sequence for record in _records()}) == len(_records())
    assert [entry.after["records"] for entry in _stored()] == [str(record.sequence) for record in _records()]


def test_the_same_report_from_two_phones_at_once_is_done_once(any_scene, now):
    scene = any_scene
    _carry_all(scene, now)
    scene.open()
    frame, serial = scene.report(), locks.get_lock(scene.lock_id).serial_number
    gate, answers = threading.Barrier(4), []

    def carry():
        gate.wait()
        answers.append(service.take_report(serial_number=serial, frame=frame, actor=PHONE, now=now))
        db.remove()

    db.session.rollback()
    threads = [threading.Thread(target=carry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert answers[0] is not None
    assert [entry.after["records"] for entry in _stored()] == [str(record.sequence) for record in _records()]


@pytest.mark.parametrize("fault", ["bit", "other lock", "short", "long", "request", "unknown lock"])
def test_what_does_not_verify_is_not_answered(scene, now, fault):
    frame = scene.report()
    serial = None
    if fault == "bit":
        body = frame[:20] + bytes((frame[20] ^ 1,)) + frame[21:-2]
        frame = body + crc16(body).to_bytes(2, "big")
    elif fault == "other lock":
        serial = locks.list_doors()[0].lock.serial_number
    elif fault == "short":
        frame = frame[:-1]
    elif fault == "long":
        frame += b"\0"
    elif fault == "request":
        key = lock_keys.command_key_of(locks.get_lock(scene.lock_id))
        frame = seal_frame(key, scene.twin.state.sn, Frame(8, Command.OPERATE, Direction.REQUEST, 2**40, b""))
    else:
        serial = "FFFFFFFFFFFF"
    assert _take(scene, frame, now, serial) is None
    assert _records() == []


def test_battery_and_last_contact_are_taken_over(scene, now):
    scene.twin.drain_battery(9, scene.at)
    _carry_all(scene, now + timedelta(minutes=3))
    lock = locks.get_lock(scene.lock_id)
    assert (lock.battery_percent, lock.last_seen_at) == (9, now + timedelta(minutes=3))
    assert lock.firmware == "1.0.0"
    assert "access.low_battery" in set(db.session.scalars(sa.select(AuditEntry.action)))


def test_a_lock_that_was_wiped_and_bound_anew_counts_from_one_in_a_new_life(scene, now):
    scene.open()
    _carry_all(scene, now)
    life = locks.get_lock(scene.lock_id).life
    assert _take(scene, scene.twin.delete_at_the_lock(), now) is not None
    frame = lock_service.start_setup(lock_id=scene.lock_id, is_factory_new=True, actor=SETUP, now=now)
    answer = scene.twin.receive(frame, scene.at)
    lock_service.finish_setup(lock_id=scene.lock_id, answer=answer, actor=SETUP, now=now)
    _carry_all(scene, now)
    assert locks.get_lock(scene.lock_id).life == life + 1
    found = sorted((record.life, record.sequence) for record in _records())
    assert found == [(life, 1), (life, 2), (life + 1, 1)]


def test_a_lock_that_only_got_new_keys_goes_on_counting(scene, now):
    scene.open()
    _carry_all(scene, now)
    life = locks.get_lock(scene.lock_id).life
    frame = lock_service.start_setup(lock_id=scene.lock_id, actor=SETUP, now=now)
    answer = scene.twin.receive(frame, scene.at)
    lock_service.finish_setup(lock_id=scene.lock_id, answer=answer, actor=SETUP, now=now)
    _carry_all(scene, now)
    assert locks.get_lock(scene.lock_id).life == life + 1
    assert [(record.life, record.sequence) for record in _records()] == [(life, 1), (life, 2), (life, 3)]


def test_hearing_a_lock_under_its_new_keys_ends_its_setup(any_scene, now):
    scene = any_scene
    _carry_all(scene, now)
    frame = lock_service.start_setup(lock_id=scene.lock_id, actor=SETUP, now=now)
    assert scene.twin.receive(frame, scene.at) is not None  # and the phone loses the answer
    assert locks.get_lock(scene.lock_id).setup is LockSetup.PENDING
    _carry_all(scene, now)
    lock = locks.get_lock(scene.lock_id)
    assert (lock.setup, lock.server_keys) == (LockSetup.READY, scene.twin.state.server_keys)


def test_a_lock_under_its_old_keys_is_heard_while_new_ones_are_on_their_way(scene, now):
    _carry_all(scene, now)
    lock_service.start_setup(lock_id=scene.lock_id, actor=SETUP, now=now)
    scene.open()
    assert _carry_all(scene, now) == 1
    assert locks.get_lock(scene.lock_id).setup is LockSetup.PENDING


def test_a_record_of_a_lock_that_lost_its_clock_stands_where_it_came_in(scene, now):
    scene.twin.clock_lost = True
    scene.open()
    _carry_all(scene, now)
    assert _records()[-1].at == now
    assert _records()[-1].result == RecordResult.NO_CLOCK


def test_other_reports_are_answered_too(scene, now):
    for command in (Command.ALIVE, Command.SYSTEM_SETTINGS, Command.USERS):
        scene.twin.queue_report(command)
    assert _carry_all(scene, now) >= 3


def test_a_genuine_report_that_nobody_knows_is_left_at_the_lock(scene, now):
    _carry_all(scene, now)
    key = lock_keys.command_key_of(locks.get_lock(scene.lock_id))
    counter = scene.twin.state.report_counter + 1
    frame = seal_frame(key, scene.twin.state.sn, Frame(8, 0x0999, Direction.REPORT, counter, b""))
    assert _take(scene, frame, now) is None
    assert locks.get_lock(scene.lock_id).report_counter < counter


def test_records_are_read_page_by_page_and_by_filter(any_scene, now):
    scene = any_scene
    for minute in range(12):
        scene.open(at=scene.at + minute)
    scene.open(uid=b"\1\2\3\4")
    _carry_all(scene, now)
    seen, after = [], ""
    while True:
        page = queries.list_page(after=after, size=5)
        seen += [row.record.id for row in page.rows]
        if page.next_key is None:
            break
        after = page.next_key
    assert len(seen) == len(set(seen)) == len(_records())
    assert seen == [row.record.id for row in queries.list_page(size=100).rows]
    assert len(queries.list_page(kind="opened").rows) == 12
    assert len(queries.list_page(kind="refused").rows) == 1
    assert {row.kind for row in queries.list_page(kind="other").rows} == {"other"}
    assert len(queries.list_page(stay_id=scene.stay_id).rows) == 12
    door = locks.door_of_lock(scene.lock_id)
    assert len(queries.list_page(door_id=door.id, text="101").rows) == len(_records())
    assert queries.list_page(text="102").rows == []
    assert len(queries.list_page(since=now, until=now + timedelta(seconds=3), kind="opened").rows) == 3
    assert queries.list_page(since=datetime(2030, 1, 1, tzinfo=UTC)).rows == []


def test_what_a_door_sounds_is_an_alarm_and_what_it_notes_later_ends_it(any_scene, now):
    scene = any_scene
    scene.twin.state.log(scene.at, RecordEvent.TAMPER_ALARM)
    scene.twin.state.log(scene.at, RecordEvent.DOOR_LEFT_OPEN)
    _carry_all(scene, now)
    scene.twin.state.reported_sequence -= 1
    _carry_all(scene, now)
    rows = {row.alarm.kind: row for row in alarms.list_page(alarms.Filters("open")).rows}
    assert {kind: (row.place, row.alarm.times) for kind, row in rows.items()} == {
        AlarmKind.TAMPER: ("101", 1),
        AlarmKind.DOOR_LEFT_OPEN: ("101", 1),
    }
    record = _records()[-1]
    assert (rows[AlarmKind.DOOR_LEFT_OPEN].alarm.record_id, record.event) == (record.id, RecordEvent.DOOR_LEFT_OPEN)
    assert scene.open(at=scene.at + 60).is_opened
    _carry_all(scene, now + timedelta(minutes=2))
    db.session.expire_all()
    door = rows[AlarmKind.DOOR_LEFT_OPEN].alarm
    assert (door.settled_at, alarms.count_open()) == (now + timedelta(minutes=1), 1)
    assert rows[AlarmKind.TAMPER].alarm.is_open
