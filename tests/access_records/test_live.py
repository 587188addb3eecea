"""Lists of records stay true while they are looked at: a small question, and the list only when it has an answer."""

from __future__ import annotations

import re

import pytest

from pms.access_records import service
from pms.core.db import db, transaction
from pms.locks import queries as locks
from pms.protocol.record import RecordEvent
from pms.rooms.models import Room
from tests.access_records.carrying import DESK
from tests.access_records.conftest import set_up
from tests.access_records.gateway import Door
from tests.client import text_of


@pytest.fixture
def manager(client):
    return client.log_in("manager")


@pytest.fixture
def door(scene) -> Door:
    return Door.of(scene.lock_id, scene.twin, scene.at)


def _bring(door: Door, now, *events: RecordEvent) -> None:
    door.log(*events)
    service.take_frames(brought=door.reports(), now=now)
    db.remove()


def _watched(page, part: str) -> str:
    """The address at which a part of the page asks for itself."""
    found = re.search(rf'<[^>]*{part}[^>]*data-live="([^"]+)"', page.text)
    assert found, part
    return found[1].replace("&amp;", "&")


def test_the_list_comes_anew_only_when_something_was_brought(manager, scene, house, door, now):
    _bring(door, now)
    other_id = house.doors["102"].lock_id
    other = Door.of(other_id, set_up(other_id, now), scene.at)
    mine = house.doors["101"].id
    everything = _watched(manager.get("/records/"), 'id="records"')
    of_door = _watched(manager.get(f"/records/?door={mine}"), 'id="records"')
    for address in (everything, of_door):
        manager.get(address, htmx=True, status=204)
    _bring(other, now, RecordEvent.LOCKED)
    manager.get(of_door, htmx=True, status=204)
    assert "2 new records" in text_of(manager.get(everything, htmx=True))
    _bring(door, now, RecordEvent.TAMPER_ALARM)
    part = manager.get(of_door, htmx=True)
    assert "1 new record" in text_of(part)
    assert "Tamper alarm" in text_of(part)
    # The part that came asks from where it is.
    manager.get(_watched(part, 'id="records"'), htmx=True, status=204)
    assert "3 new records" in text_of(manager.get(everything, htmx=True))


def test_new_ones_are_counted_as_the_list_is_filtered(manager, scene, door, now):
    _bring(door, now)
    alarms = _watched(manager.get("/records/?kind=alarm"), 'id="records"')
    named = _watched(manager.get("/records/?q=Moreau"), 'id="records"')
    scene.open()
    _bring(door, now, RecordEvent.LOCKED, RecordEvent.TAMPER_ALARM, RecordEvent.DURESS)
    assert "2 new records" in text_of(manager.get(alarms, htmx=True))
    assert "new record" not in text_of(manager.get(named + "&kind=other", htmx=True))
    _bring(door, now, *[RecordEvent.TAMPER_ALARM] * 120)
    assert "99 or more new records" in text_of(manager.get(alarms, htmx=True))


def test_hiding_a_record_shows_on_every_open_list(manager, scene, door, now):
    _bring(door, now)
    address = _watched(manager.get("/records/"), 'id="records"')
    record_id = int(re.search(r'id="record-(\d+)"', manager.get("/records/").text)[1])
    service.hide_record(record_id=record_id, reason="a test", actor=DESK, now=now)
    assert f"record-{record_id}" not in manager.get(address, htmx=True).text


@pytest.mark.parametrize("place", ["room", "lock"])
def test_the_last_at_the_door_come_anew_on_the_pages_of_room_and_lock(manager, scene, door, now, place):
    _bring(door, now)
    if place == "room":
        address = _watched(manager.get(f"/rooms/{scene.room_id}"), 'aria-labelledby="door-openings"')
    else:
        part = manager.get(f"/records/of-lock/{scene.lock_id}", htmx=True)
        address = _watched(part, 'aria-labelledby="last-records"')
    manager.get(address, htmx=True, status=204)
    _bring(door, now, RecordEvent.TAMPER_ALARM)
    assert "Tamper alarm" in text_of(manager.get(address, htmx=True))
    assert "<html" in manager.get(address).text, "the address is a page of its own, too"


def test_a_room_without_a_door_has_an_empty_part(manager, house):
    like = house.rooms["101"]
    with transaction() as session:
        bare = Room(number="199", floor_id=like.floor_id, room_type_id=like.room_type_id)
        session.add(bare)
    assert "has not reported anything yet" in text_of(manager.get(f"/records/of-room/{bare.id}", htmx=True))


def test_who_may_not_see_records_is_not_told_that_there_are_new_ones(client, scene):
    client.log_in("housekeeper").get(f"/records/of-room/{scene.room_id}", status=403)


def test_the_ledger_comes_anew_except_where_looking_is_written_down(manager, scene, door, now):
    _bring(door, now)
    address = _watched(manager.get("/ledger/"), 'id="ledger"')
    manager.get(address, htmx=True, status=204)
    _bring(door, now, RecordEvent.TAMPER_ALARM)
    assert "Show what is new" in text_of(manager.get(address, htmx=True))
    assert "data-live=" not in manager.get(f"/ledger/?guest={scene.guest_id}", htmx=True).text


def test_a_list_takes_as_many_questions_however_many_records_and_names(manager, scene, door, now, count_queries):
    counts = []
    for many in (1, 40):
        for _ in range(many):
            scene.open()
        _bring(door, now, *[RecordEvent.LOCKED] * many)
        pages = ("/records/", f"/rooms/{scene.room_id}")
        counts += [count_queries(lambda page=page: manager.get(page)) for page in pages]
    assert counts[:2] == counts[2:]
    assert locks.get_lock(scene.lock_id).last_seen_at == now
