"""The housekeeper's list in its order, what is found behind doors, and what does not fit together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from pms.access_records.models import AccessRecord
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.errors import NotFound
from pms.frontdesk import board, chores, discrepancies
from pms.frontdesk.chores import ChoreKind
from pms.frontdesk.discrepancies import Difference
from pms.protocol.record import RecordEvent, RecordMethod
from pms.rooms import queries as rooms
from pms.rooms import service
from pms.rooms.models import HousekeepingStatus, Room, RoomSighting, Sight
from pms.rooms.rules import FloorTaken, NoFault, NoteFull, SeenAgain, UnknownOutcome
from pms.stays import service as stays
from tests.client import text_of
from tests.factories import TODAY
from tests.races import race

ZONE = ZoneInfo("Europe/Berlin")
NADIA = Actor(kind="account", name="Nadia", account_id=1)
HOUR = timedelta(hours=1)


def todo(today=TODAY):
    db.remove()
    found = chores.chores(board.room_board(today), today=today, zone=ZONE)
    return [(chore.kind, chore.tile.number, chore.hour) for chore in found]


def soil(desk, *numbers):
    for number in numbers:
        service.mark_dirty(room_id=desk.house.rooms[number].id, actor=NADIA, now=desk.now)


def note_opening(desk, number, at, *, stay_id=None, sequence=1, method=RecordMethod.OFFLINE_CARD):
    door = desk.house.doors[number]
    with transaction() as session:
        session.add(
            AccessRecord(
                lock_id=door.lock_id,
                door_id=door.id,
                life=1,
                sequence=sequence,
                at=at,
                event=RecordEvent.OPENED,
                method=method,
                credential_id=1,
                result=0,
                battery_percent=90,
                received_at=at,
                stay_id=stay_id,
            )
        )


def found(desk, now=None):
    db.remove()
    return [(one.kind, one.room) for one in discrepancies.find(now=now or desk.now, zone=ZONE)]


def see(desk, number, sight, now=None, who=NADIA):
    return service.note_sighting(room_id=desk.house.rooms[number].id, found=sight, actor=who, now=now or desk.now)


def check_in(desk, number, days=(0, 2), **values):
    stay = desk.book(number, days, **values)
    stays.check_in(stay_id=stay.id, actor=desk.clerk, now=values.get("now", desk.now))
    return stay.id


def test_who_waits_comes_first_then_arrivals_by_their_hour_and_late_departures_last(any_desk):
    desk = any_desk
    desk.book("101")
    early, waiting = desk.book("102").id, desk.book("103").id
    stays.agree_hours(stay_id=early, arrival_hour=10, departure_hour=None, actor=desk.clerk, now=desk.now)
    stays.check_in_ahead(stay_id=waiting, room_expected_at=desk.now + HOUR, actor=desk.clerk, now=desk.now - HOUR)
    before = desk.now - timedelta(days=1)
    late, _other = (check_in(desk, number, (-1, 0), now=before) for number in ("201", "202"))
    stays.agree_hours(stay_id=late, arrival_hour=None, departure_hour=16, actor=desk.clerk, now=desk.now)
    soil(desk, "101", "102", "103", "203")
    assert todo() == [
        (ChoreKind.WAITING, "103", None),
        (ChoreKind.ARRIVAL, "102", 10),
        (ChoreKind.ARRIVAL, "101", None),
        (ChoreKind.LEFT, "203", None),
        (ChoreKind.LATER, "202", None),
        (ChoreKind.LATER, "201", 16),
    ]


def test_a_long_stay_is_cleaned_once_a_week(desk):
    check_in(desk, "101", (0, 60))
    assert todo(TODAY + timedelta(days=6)) == []
    assert todo(TODAY + timedelta(days=7)) == [(ChoreKind.STAY_OVER, "101", None)]


def test_one_tap_says_how_a_room_is_left_and_undo_brings_back_what_it_was(client, desk):
    browser = client.log_in("housekeeper")
    room = desk.house.rooms["101"]
    part = browser.post(f"/rooms/cleaning/{room.id}", {"status": "inspected", "show": "all"}, htmx=True, status=200)
    assert "is inspected" in text_of(part)
    assert 'name="status" value="clean"' in part.text, "undo leads back to what it was"
    browser.post(f"/rooms/cleaning/{room.id}", {"status": "clean", "undo": "1"}, htmx=True, status=200)
    db.remove()
    assert db.session.get_one(Room, room.id).housekeeping is HousekeepingStatus.CLEAN
    assert "101" in text_of(browser.get("/rooms/cleaning?show=inspect"))
    floor = browser.get(f"/rooms/cleaning?show=all&floor={room.floor_id}")
    assert "room-103" in floor.text
    assert "room-201" not in floor.text
    browser.post(f"/rooms/cleaning/{room.id}", {"status": "spotless"}, status=400)


def test_a_fault_goes_to_the_note_or_takes_the_room_out_of_order_by_who_may(client, desk):
    room = desk.house.rooms["101"]
    maid = client.__class__(client.app).log_in("housekeeper")
    form = {"text": "Lamp by the bed flickers", "kind": "out_of_order"}
    assert "tell maintenance" in text_of(maid.get(f"/rooms/cleaning/{room.id}/fault"))
    for _ in range(2):
        maid.post(f"/rooms/cleaning/{room.id}/fault", form, status=303)
    db.remove()
    row = db.session.get_one(Room, room.id)
    assert (row.note, row.out_of_order) == ("Lamp by the bed flickers", False)
    browser = client.__class__(client.app).log_in("manager")
    browser.post(f"/rooms/cleaning/{room.id}/fault", {"text": "No water", "kind": "out_of_order"}, status=303)
    db.remove()
    assert db.session.get_one(Room, room.id).out_of_order_reason == "No water"
    browser.post(f"/rooms/cleaning/{room.id}/fault", {"text": ""}, htmx=True, status=422)
    values = {"room_id": room.id, "actor": NADIA, "now": desk.now}
    with pytest.raises(NoFault):
        service.note_fault(text=" ", **values)
    service.note_fault(text="b" * 200, **values)
    with pytest.raises(NoteFull):
        service.note_fault(text="c" * 90, **values)


def test_a_floor_is_taken_by_one_person(any_desk):
    floor_id = any_desk.house.rooms["101"].floor_id
    people = [any_desk.house.accounts[name] for name in ("housekeeper", "manager")]
    actors = [Actor(kind="account", name=person.display_name, account_id=person.id) for person in people]
    values = {"floor_id": floor_id, "day": TODAY, "now": any_desk.now}
    outcomes = race(2, lambda number: service.take_floor(actor=actors[number], **values))
    winner = outcomes.index(None)
    (refusal,) = (o for o in outcomes if o is not None)
    assert isinstance(refusal, FloorTaken)
    assert refusal.params["name"] == people[winner].display_name
    with pytest.raises(FloorTaken):
        service.give_floor_back(actor=actors[1 - winner], **values)
    service.take_floor(actor=actors[winner], **values)
    service.give_floor_back(actor=actors[winner], **values)
    service.give_floor_back(actor=actors[winner], **values)
    assert rooms.floor_rounds(TODAY) == {}


def test_a_floor_is_taken_with_one_tap(client, desk):
    browser = client.log_in("housekeeper")
    floor_id = desk.house.rooms["101"].floor_id
    assert "Nobody has taken this floor" in text_of(browser.get(f"/rooms/cleaning?floor={floor_id}"))
    part = browser.post(f"/rooms/cleaning/floors/{floor_id}", {"floor": floor_id}, htmx=True, status=200)
    assert "You clean this floor today." in text_of(part)
    other = client.__class__(client.app).log_in("manager")
    assert "Housekeeper cleans this floor" in text_of(other.get(f"/rooms/cleaning?floor={floor_id}"))
    other.post(f"/rooms/cleaning/floors/{floor_id}", {"floor": floor_id}, htmx=True, status=409)
    part = browser.post(f"/rooms/cleaning/floors/{floor_id}", {"floor": floor_id, "give_back": "1"}, htmx=True)
    assert "Nobody has taken this floor" in text_of(part)


def test_what_housekeepers_find_is_compared_with_the_desk_and_the_newest_counts(any_desk):
    desk = any_desk
    check_in(desk, "101")
    see(desk, "101", Sight.EMPTY)
    see(desk, "102", Sight.LUGGAGE)
    see(desk, "103", Sight.EMPTY)
    assert found(desk) == [(Difference.FOUND_IN_USE, "102"), (Difference.FOUND_EMPTY, "101")]
    see(desk, "101", Sight.LUGGAGE)
    see(desk, "102", Sight.EMPTY, who=Actor(kind="account", name="Tom", account_id=2))
    assert found(desk) == []
    assert found(desk, now=desk.now + timedelta(days=1)) == [], "yesterday's findings say nothing of today"


def test_the_same_finding_twice_is_one_and_stands_beside_the_last_opening_of_the_door(desk):
    stay = check_in(desk, "101")
    note_opening(desk, "101", desk.now - 2 * HOUR, stay_id=stay)
    note_opening(desk, "101", desk.now - HOUR, stay_id=stay, sequence=2)
    assert see(desk, "101", Sight.EMPTY).id == see(desk, "101", Sight.EMPTY).id
    db.remove()
    (one,) = discrepancies.find(now=desk.now, zone=ZONE)
    assert (one.guest, one.last_opening.at, one.last_opening.who) == ("Claire Moreau", desk.now - HOUR, "Claire Moreau")


def test_a_difference_is_settled_by_a_word_once_and_only_the_newest(desk):
    check_in(desk, "101")
    first = see(desk, "101", Sight.EMPTY).id
    act = {"actor": desk.clerk, "now": desk.now}
    with pytest.raises(UnknownOutcome):
        service.settle_sighting(sighting_id=first, settled_as="whatever", **act)
    with pytest.raises(NotFound):
        service.settle_sighting(sighting_id=1, settled_as="still_here", **act)
    service.settle_sighting(sighting_id=first, settled_as="still_here", **act)
    service.settle_sighting(sighting_id=first, settled_as="left_behind", **act)
    assert found(desk) == []
    assert db.session.get_one(RoomSighting, first).settled_as == "still_here"
    see(desk, "101", Sight.EMPTY)
    assert found(desk) == [(Difference.FOUND_EMPTY, "101")], "found empty again after it was settled"
    with pytest.raises(SeenAgain):
        service.settle_sighting(sighting_id=first, settled_as="still_here", **act)


def test_doors_tell_of_guests_who_never_came_keys_used_after_and_vacant_rooms_opened(any_desk):
    desk = any_desk
    before = desk.now - timedelta(days=1)
    check_in(desk, "101", (-1, 2), now=before)
    note_opening(desk, "101", before - timedelta(days=3))
    opened = check_in(desk, "102", (-1, 2), now=before)
    note_opening(desk, "102", before + HOUR, stay_id=opened)
    check_in(desk, "103", (-1, 2), now=before)
    gone = check_in(desk, "201", (-1, 0), now=before)
    stays.check_out(stay_id=gone, actor=desk.clerk, now=desk.now - 3 * HOUR)
    note_opening(desk, "201", desk.now - HOUR, stay_id=gone)
    last_night = datetime(2026, 6, 11, 23, 30, tzinfo=UTC)
    note_opening(desk, "202", last_night)
    note_opening(desk, "203", last_night, method=RecordMethod.INSIDE_HANDLE)
    assert found(desk) == [
        (Difference.USED_AFTER, "201"),
        (Difference.OPENED_VACANT, "202"),
        (Difference.NEVER_OPENED, "101"),
    ]


def test_who_opens_the_door_on_the_way_out_has_not_come_back(desk):
    gone = check_in(desk, "101")
    stays.check_out(stay_id=gone, actor=desk.clerk, now=desk.now)
    note_opening(desk, "101", desk.now + timedelta(minutes=10), stay_id=gone)
    assert found(desk, now=desk.now + HOUR) == []


def test_the_list_of_differences_settles_and_leads_to_the_acts(client, desk):
    stay = check_in(desk, "101")
    maid = client.__class__(client.app).log_in("housekeeper")
    room_id = desk.house.rooms["101"].id
    part = maid.post(f"/rooms/cleaning/{room_id}/found", {"found": "empty", "show": "all"}, htmx=True, status=200)
    assert 'aria-pressed="true"' in part.text
    maid.post(f"/rooms/cleaning/{room_id}/found", {"found": "haunted"}, status=400)
    browser = client.__class__(client.app).log_in("desk")
    page = browser.get("/rooms/discrepancies", status=200)
    assert f"/stays/{stay}/check-out" in page.text
    assert f"/stays/{stay}/move" in page.text
    sighting = db.session.scalars(sa.select(RoomSighting)).one()
    browser.post(f"/rooms/discrepancies/{sighting.id}", {"settled_as": "?"}, status=303)
    browser.post(f"/rooms/discrepancies/{sighting.id}", {"settled_as": "still_here"}, status=303)
    assert "agree" in text_of(browser.get("/rooms/discrepancies"))
