from __future__ import annotations

import dataclasses

import pytest

from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.locks import closed_cards, lock_keys, queries, rules, service
from pms.locks.models import Lock, LockSetup
from pms.properties import queries as properties
from pms.protocol.record import RecordResult
from pms.simulators.lock import VirtualLock
from tests import factories

OLD = "1111222233334444"


@pytest.fixture
def imported(any_house):
    """A lock as an import leaves it, on the door of 101 (whose lock was taken off), and its virtual twin."""
    with transaction() as session:
        door = session.get_one(type(any_house.doors["101"]), any_house.doors["101"].id)
        door.lock_id = None
        session.flush()
        row = factories.lock(setup=LockSetup.IMPORTED, server_keys=OLD)
        session.add(row)
        session.flush()
        door.lock_id = row.id
    twin = VirtualLock.fresh(
        lock_keys.serial_of(row), lock_keys.mac_of(row), bytes.fromhex(row.lock_keys or ""), version=8
    )
    twin.state.is_bound, twin.state.server_keys = True, OLD
    return row.id, twin


def _start(lock_id, now, **values):
    return service.start_setup(lock_id=lock_id, actor=SETUP, now=now, **values)


def _finish(lock_id, answer, now):
    return service.finish_setup(lock_id=lock_id, answer=answer, actor=SETUP, now=now)


def test_an_imported_lock_gets_keys_that_only_this_server_knows(imported, any_house, now):
    lock_id, twin = imported
    answer = twin.receive(_start(lock_id, now), int(now.timestamp()))
    assert queries.get_lock(lock_id).setup is LockSetup.PENDING
    _finish(lock_id, answer, now)
    db.session.expire_all()
    row, door, site = queries.get_lock(lock_id), queries.door_of_lock(lock_id), properties.get_site_key()
    assert row.setup is LockSetup.READY
    assert row.server_keys == twin.state.server_keys != OLD
    assert row.admin_code == twin.state.admin_passcode
    assert row.pending_server_keys is row.setup_frame is row.new_admin_code is None
    assert (twin.state.door_id, row.door_number) == (door.number, door.number)
    keys = twin.state.keys[-1]
    assert (keys.door_key, keys.pk_staff) == (lock_keys.door_key(site, door), site.pk_staff)
    assert (keys.card_a_key, keys.areas) == (lock_keys.card_keys(site).a, {})
    assert (twin.state.tz_quarters, row.utc_offset_quarters) == (8, 8)
    assert (twin.state.checkout_hour, row.check_out_hour) == (12, 12)


def test_a_common_door_gets_the_keys_of_its_area(any_house, now):
    lock = queries.get_lock(any_house.doors["lobby"].lock_id)
    twin = VirtualLock.fresh(lock_keys.serial_of(lock), lock_keys.mac_of(lock), bytes.fromhex(lock.lock_keys or ""))
    answer = twin.receive(_start(lock.id, now, is_factory_new=True), int(now.timestamp()))
    _finish(lock.id, answer, now)
    area = queries.get_area(any_house.lobby.id)
    assert twin.state.keys[-1].areas == {1: lock_keys.area_key(properties.get_site_key(), area)}


def test_a_lock_that_was_never_bound_is_set_up_under_its_bind_key(any_house, now):
    with transaction() as session:
        row = factories.lock(setup=LockSetup.IMPORTED, server_keys=None)
        session.add(row)
    service.give_door(area_id=any_house.lobby.id, lock_id=row.id, name="Back door", actor=SETUP, now=now)
    twin = VirtualLock.fresh(lock_keys.serial_of(row), lock_keys.mac_of(row), bytes.fromhex(row.lock_keys or ""))
    _finish(row.id, twin.receive(_start(row.id, now), int(now.timestamp())), now)
    assert twin.state.is_bound
    assert queries.get_lock(row.id).setup is LockSetup.READY


def test_the_same_frame_is_carried_until_the_lock_has_answered(imported, now):
    lock_id, twin = imported
    frame = _start(lock_id, now)
    first = twin.receive(frame, int(now.timestamp()))
    # The answer is lost on its way; the installer tries again.
    assert _start(lock_id, now) == frame
    assert twin.receive(frame, int(now.timestamp())) == first
    _finish(lock_id, first, now)
    assert queries.get_lock(lock_id).server_keys == twin.state.server_keys


def test_every_setup_has_server_keys_that_were_never_used_before(imported, now):
    lock_id, twin = imported
    seen = {OLD}
    for _ in range(4):
        _finish(lock_id, twin.receive(_start(lock_id, now), int(now.timestamp())), now)
        seen.add(twin.state.server_keys)
    assert len(seen) == 5


def test_beginning_anew_is_possible_for_a_lock_that_was_reset(imported, now):
    lock_id, twin = imported
    lost = _start(lock_id, now)
    reset = VirtualLock.fresh(twin.state.sn, twin.state.mac, twin.state.lock_keys)
    frame = _start(lock_id, now, is_factory_new=True)
    assert frame != lost
    _finish(lock_id, reset.receive(frame, int(now.timestamp())), now)
    assert queries.get_lock(lock_id).server_keys == reset.state.server_keys


@pytest.mark.parametrize("answer", [b"", b"\x5a", b"rubbish" * 10])
def test_rubbish_is_not_taken_for_an_answer(imported, now, answer):
    lock_id, _ = imported
    _start(lock_id, now)
    with pytest.raises(rules.AnswerNotGenuine):
        _finish(lock_id, answer, now)
    assert queries.get_lock(lock_id).setup is LockSetup.PENDING


def test_a_changed_bit_or_the_request_itself_is_not_taken_for_an_answer(imported, now):
    lock_id, twin = imported
    frame = _start(lock_id, now)
    answer = twin.receive(frame, int(now.timestamp()))
    for forged in (frame, answer[:-3] + bytes((answer[-3] ^ 1,)) + answer[-2:]):
        with pytest.raises(rules.AnswerNotGenuine):
            _finish(lock_id, forged, now)
    assert queries.get_lock(lock_id).server_keys == OLD


def test_a_lock_that_refuses_keeps_its_old_keys(imported, now, monkeypatch):
    lock_id, twin = imported
    # An issue for another door is what the lock refuses.
    monkeypatch.setattr(
        "pms.locks.service.setup_frames.IssueFloor",
        lambda audience, number, issue: dataclasses.replace(
            __import__("pms.protocol.command", fromlist=["IssueFloor"]).IssueFloor(audience, number + 1, issue)
        ),
    )
    monkeypatch.setattr(closed_cards, "_sources", [lambda *, door_id, now: 5])
    answer = twin.receive(_start(lock_id, now), int(now.timestamp()))
    with pytest.raises(rules.SetupRefused):
        _finish(lock_id, answer, now)
    row = queries.get_lock(lock_id)
    assert (row.setup, row.server_keys, row.pending_server_keys) == (LockSetup.IMPORTED, OLD, None)
    with pytest.raises(rules.NotBeingSetUp):
        _finish(lock_id, answer, now)


def test_a_replaced_lock_goes_on_refusing_cards_that_were_closed_out(imported, now, monkeypatch):
    lock_id, twin = imported
    monkeypatch.setattr(closed_cards, "_sources", [lambda *, door_id, now: 1_750_000_000])
    twin.receive(_start(lock_id, now), int(now.timestamp()))
    assert twin.state.door_issue == 1_750_000_000


def test_a_lock_without_a_door_cannot_be_set_up(any_house, now):
    with transaction() as session:
        row = factories.lock()
        session.add(row)
    with pytest.raises(rules.NoDoor):
        _start(row.id, now)


def test_a_lock_that_hangs_elsewhere_must_be_set_up_again_and_is_ready_when_it_comes_back(imported, any_house, now):
    lock_id, twin = imported
    _finish(lock_id, twin.receive(_start(lock_id, now), int(now.timestamp())), now)
    first, second = any_house.doors["101"].id, any_house.doors["102"].id
    for door_id in (first, second):
        service.take_lock_off(door_id=door_id, actor=SETUP, now=now)
    service.assign_lock(door_id=second, lock_id=lock_id, actor=SETUP, now=now)
    assert queries.get_lock(lock_id).setup is LockSetup.MOVED
    service.take_lock_off(door_id=second, actor=SETUP, now=now)
    service.assign_lock(door_id=first, lock_id=lock_id, actor=SETUP, now=now)
    assert queries.get_lock(lock_id).setup is LockSetup.READY


def test_a_door_has_one_lock_and_a_lock_one_door(any_house, now):
    doors = any_house.doors
    with pytest.raises(rules.LockTaken):
        service.take_lock_off(door_id=doors["101"].id, actor=SETUP, now=now)
        service.assign_lock(door_id=doors["101"].id, lock_id=doors["102"].lock_id, actor=SETUP, now=now)
    with transaction() as session:
        row = factories.lock()
        session.add(row)
    with pytest.raises(rules.DoorHasLock):
        service.assign_lock(door_id=doors["102"].id, lock_id=row.id, actor=SETUP, now=now)
    with pytest.raises(rules.RoomOrArea):
        service.give_door(name="Nowhere", actor=SETUP, now=now)


def test_server_keys_are_needed_for_codes(any_house, now):
    lock = Lock(serial_number="A" * 12, mac="01:01:11:40:00:DF", name="X", lock_keys="0" * 16, created_at=now)
    with pytest.raises(lock_keys.NoServerKeys):
        lock_keys.code_key_of(lock)


def test_a_set_up_door_refuses_a_blank_card(imported, now):
    lock_id, twin = imported
    _finish(lock_id, twin.receive(_start(lock_id, now), int(now.timestamp())), now)
    assert twin.present(b"\1\2\3\4", [bytes(48)] * 8, int(now.timestamp())).result is RecordResult.NOT_ADDRESSED
