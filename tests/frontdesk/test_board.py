from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.frontdesk import board, chores, door_issues
from pms.frontdesk.board import Occupancy
from pms.frontdesk.chores import ChoreKind
from pms.keycards.models import CardReason, CardState, KeyCard, KeySeries, Proof
from pms.locks.models import Lock, LockSetup
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.rooms import service as room_service
from pms.rooms.models import HousekeepingStatus, Room
from pms.stays import service as stays
from pms.stays.models import Stay
from tests import factories
from tests.client import text_of

TODAY = date(2026, 6, 12)
ONE_DAY = timedelta(days=1)
ZONE = ZoneInfo("Europe/Berlin")


def _stay(house, number, now, *, nights=2, name="Moreau", is_in=False, arrival=TODAY):
    with transaction() as session:
        person = factories.guest(name, "Claire")
        session.add(person)
    room = house.rooms[number]
    stay = stays.book(
        guest_id=person.id,
        room_type_id=room.room_type_id,
        room_id=room.id,
        arrival_date=arrival,
        departure_date=arrival + nights * ONE_DAY,
        actor=SETUP,
        now=now,
    )
    if is_in:
        stays.check_in(stay_id=stay.id, actor=SETUP, now=now)
    return stay


def _board(today=TODAY):
    db.session.rollback()
    return {tile.number: tile for tile in board.room_board(today)}


@pytest.fixture
def busy(any_house, now):
    """101 occupied, 102 arriving, 103 leaves tomorrow and somebody comes then, 201 empty, 202 out of order."""
    _stay(any_house, "101", now, is_in=True, nights=3)
    _stay(any_house, "102", now, name="Weber")
    _stay(any_house, "103", now, is_in=True, nights=1, name="Fontaine")
    _stay(any_house, "103", now, nights=2, name="Rossi", arrival=TODAY + ONE_DAY)
    room_service.take_out_of_order(room_id=any_house.rooms["202"].id, reason="Water", actor=SETUP, now=now)
    return any_house


def test_the_board_shows_who_is_where(busy):
    tiles = _board()
    assert list(tiles) == ["101", "102", "103", "201", "202", "203"]
    assert {n: t.occupancy for n, t in tiles.items()} == {
        "101": Occupancy.OCCUPIED,
        "102": Occupancy.ARRIVING,
        "103": Occupancy.OCCUPIED,
        "201": Occupancy.VACANT,
        "202": Occupancy.VACANT,
        "203": Occupancy.VACANT,
    }
    assert tiles["101"].present.guest == "Claire Moreau"
    assert tiles["102"].coming.guest == "Claire Weber"
    assert tiles["103"].coming is None
    assert tiles["202"].out_of_order_reason == "Water"


def test_a_day_later_one_leaves_and_another_waits_for_the_room(busy):
    tile = _board(TODAY + ONE_DAY)["103"]
    assert tile.occupancy is Occupancy.LEAVING
    assert (tile.present.guest, tile.coming.guest) == ("Claire Fontaine", "Claire Rossi")
    assert _board(TODAY + 2 * ONE_DAY)["103"].occupancy is Occupancy.OVERDUE


def test_an_empty_room_says_until_when_it_is_free(busy, now):
    _stay(busy, "201", now, arrival=TODAY + 5 * ONE_DAY)
    tiles = _board()
    assert tiles["201"].next_night == TODAY + 5 * ONE_DAY
    assert tiles["203"].next_night is None


def test_keys_and_locks_leave_their_marks(busy, now):
    with transaction() as session:
        stay = session.scalars(sa.select(Stay).where(Stay.room_id == busy.rooms["101"].id)).one()
        for index, proof in enumerate((Proof.CONFIRMED, Proof.UNKNOWN)):
            session.add(
                KeyCard(
                    stay_id=stay.id,
                    reason=CardReason.NEW,
                    credential_id=index + 1,
                    state=CardState.UNKNOWN if index else CardState.ACTIVE,
                    proof=proof,
                    valid_from=now,
                    valid_until=now + ONE_DAY,
                    made_by="Desk",
                    made_at=now,
                )
            )
        session.get_one(Lock, busy.doors["102"].lock_id).battery_percent = 20
        session.get_one(Lock, busy.doors["103"].lock_id).setup = LockSetup.IMPORTED
        session.get_one(Lock, busy.doors["201"].lock_id).battery_percent = 21
    tiles = _board()
    assert tiles["101"].keys == (2, 1)
    assert (tiles["102"].lock.is_low, tiles["103"].lock.waits, tiles["201"].lock.is_low) == (True, True, False)
    assert [n for n, t in tiles.items() if t.needs_attention] == ["102", "103"]


def test_the_board_asks_the_database_as_often_for_many_rooms_as_for_few(any_house, now):
    def count() -> int:
        db.session.rollback()
        # As every request does.
        properties.get_property()
        asked = []

        def note(*args):
            asked.append(args[2])

        sa.event.listen(db.engine, "before_cursor_execute", note)
        board.room_board(TODAY)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len([sql for sql in asked if sql.lstrip().upper().startswith("SELECT")])

    few = count()
    lines = ["number,floor,type"] + [f"{floor}{n:02d},{floor},STD" for floor in range(3, 8) for n in range(1, 13)]
    room_service.import_rooms_csv(document="\n".join(lines).encode(), actor=SETUP, now=now)
    assert count() == few <= 7


def test_the_chores_begin_with_the_guests_who_arrive(busy, now):
    for number in ("101", "102", "201", "202"):
        room_service.mark_dirty(room_id=busy.rooms[number].id, actor=SETUP, now=now)
    todo = [(c.kind, c.tile.number) for c in chores.chores(_board().values(), today=TODAY, zone=ZONE)]
    assert todo == [(ChoreKind.ARRIVAL, "102"), (ChoreKind.LEFT, "201"), (ChoreKind.STAY_OVER, "101")]


def test_who_stays_on_gets_the_room_done_once_a_day(busy, now):
    tomorrow = now + ONE_DAY
    todo = chores.chores(_board(TODAY + ONE_DAY).values(), today=TODAY + ONE_DAY, zone=ZONE)
    assert [(c.kind, c.tile.number) for c in todo] == [(ChoreKind.STAY_OVER, "101"), (ChoreKind.LATER, "103")]
    room_service.set_housekeeping(
        room_id=busy.rooms["101"].id, status=HousekeepingStatus.CLEAN, actor=SETUP, now=tomorrow
    )
    todo = chores.chores(_board(TODAY + ONE_DAY).values(), today=TODAY + ONE_DAY, zone=ZONE)
    assert [c.tile.number for c in todo] == ["103"]


def test_a_replaced_lock_is_told_the_number_of_the_party_that_is_there(any_house, now):
    door = any_house.doors["101"]
    assert door_issues.issue_floor(door_id=door.id, now=now) is None
    first = _stay(any_house, "101", now, is_in=True)
    later = _stay(any_house, "101", now, arrival=TODAY + 5 * ONE_DAY)
    with transaction() as session:
        session.add(KeySeries(stay_id=first.id, door_id=door.id, begins_at=now, issue=1000))
        session.add(KeySeries(stay_id=later.id, door_id=door.id, begins_at=now + 5 * ONE_DAY, issue=2000))
    assert door_issues.issue_floor(door_id=door.id, now=now) == 1000


# Pages


def _row(client, number):
    return text_of(client.get("/rooms", status=200)).split(f" {number} ")[1][:60]


def test_the_board_page_shows_every_room_and_narrows_down(client, house, now):
    _stay(house, "101", now, is_in=True)
    room_service.take_out_of_order(room_id=house.rooms["202"].id, reason="Water", actor=SETUP, now=now)
    client.log_in("desk")
    assert "Claire Moreau" in _row(client, "101")
    part = client.get("/rooms?show=out_of_order", htmx=True, status=200).text
    assert "<html" not in part
    assert part.count('class="tile ') == 1
    floor = next(f for f in rooms.list_floors() if f.name == "2")
    assert client.get(f"/rooms?floor={floor.id}", status=200).text.count('class="tile ') == 3
    assert client.get(f"/rooms?type={house.suite.id}&show=ready", status=200).text.count('class="tile ') == 1
    assert "No room is like this now" in text_of(client.get("/rooms?show=leaving", status=200))
    client.get("/rooms?show=%00&floor=x&type=99999999999999999999999", status=200)


def test_an_empty_house_says_what_to_do_first(client, house):
    with transaction() as session:
        for table in ("door", "room"):
            session.execute(sa.text(f"DELETE FROM {table}"))
    client.log_in("manager")
    assert "There are no rooms yet" in text_of(client.get("/rooms", status=200))


def test_whoever_cleans_sees_that_somebody_is_inside_but_not_who(client, house, now):
    stay = _stay(house, "101", now, is_in=True)
    client.log_in("housekeeper")
    assert "Occupied" in _row(client, "101")
    assert "Moreau" not in client.get("/rooms", status=200).text
    page = client.get(f"/rooms/{house.rooms['101'].id}", status=200).text
    assert "Moreau" not in page
    assert f"/stays/{stay.id}" not in page


def test_a_room_has_a_page_with_its_stays_and_its_door(client, house, now):
    stay = _stay(house, "101", now, is_in=True)
    client.log_in("manager")
    page = client.get(f"/rooms/{house.rooms['101'].id}", status=200)
    assert f"/stays/{stay.id}" in page.text
    assert "This door has not reported anything yet." in text_of(page)
    client.get("/rooms/1", status=404)


def test_one_tap_marks_a_room_clean_and_another_takes_it_back(client, house, now):
    room = house.rooms["101"]
    room_service.mark_dirty(room_id=room.id, actor=SETUP, now=now)
    client.log_in("housekeeper")
    assert "1 room to clean" in text_of(client.get("/rooms/cleaning", status=200))
    part = client.post(f"/rooms/cleaning/{room.id}", {"status": "clean"}, htmx=True, status=200)
    assert "Everything is clean." in text_of(part)
    assert "Undo" in text_of(part)
    assert "<html" not in part.text
    part = client.post(f"/rooms/cleaning/{room.id}", {"status": "dirty"}, htmx=True, status=200)
    assert "1 room to clean" in text_of(part)
    plain = client.post(f"/rooms/cleaning/{room.id}", {"status": "clean"}, status=303)
    assert "is clean" in text_of(client.get(plain.headers["Location"], status=200))
    client.get("/rooms/cleaning?done=abc", status=200)
    client.post("/rooms/cleaning/1", {"status": "clean"}, status=303)
    client.post("/rooms/cleaning/1", {"status": "clean"}, htmx=True, status=404)


def test_a_room_is_taken_out_of_order_with_a_reason_and_put_back(client, house):
    room = house.rooms["101"]
    client.log_in("technician")
    url = f"/rooms/{room.id}/out-of-order"
    form = client.get(url, htmx=True, status=200)
    version = form.text.split('name="version"')[1].split('value="')[1].split('"')[0]
    assert client.post(url, {"version": version, "reason": ""}, htmx=True, status=422).text.count("error")
    client.post(url, {"version": version, "reason": "Broken window"}, status=303)
    assert "Out of order: Broken window" in text_of(client.get(f"/rooms/{room.id}", status=200))
    stale = client.post(url, {"version": version, "reason": "Again"}, htmx=True, status=422)
    assert "Somebody else changed this" in stale.text
    assert 'value="Again"' in stale.text
    client.post(f"/rooms/{room.id}/back-in-order", status=303)
    db.session.rollback()
    assert not db.session.get_one(Room, room.id).out_of_order


def test_the_refusal_of_a_sold_out_type_keeps_what_was_typed(client, house, now):
    for number in ("201", "202"):
        _stay(house, number, now)
    client.log_in("manager")
    room = rooms.get_room(house.rooms["201"].id)
    url = f"/rooms/{room.id}/out-of-order"
    answer = client.post(url, {"version": str(room.version), "reason": "Painting"}, htmx=True, status=422)
    assert "all rooms of this type are promised" in answer.text
    assert 'value="Painting"' in answer.text


def test_housekeeping_and_notes_are_set_on_the_page_of_the_room(client, house):
    room = house.rooms["101"]
    client.log_in("manager")
    client.post(f"/rooms/{room.id}/housekeeping", {"status": "inspected"}, status=303)
    client.post(f"/rooms/{room.id}/housekeeping", {"status": "sparkling"}, status=400)
    version = str(rooms.get_room(room.id).version)
    client.get(f"/rooms/{room.id}/note", htmx=True, status=200)
    client.post(f"/rooms/{room.id}/note", {"version": version, "note": "x" * 301}, htmx=True, status=422)
    client.post(f"/rooms/{room.id}/note", {"version": version, "note": "Squeaky <bed>"}, status=303)
    assert "Squeaky &lt;bed&gt;" in client.get(f"/rooms/{room.id}", status=200).text
    noted = sa.select(sa.func.count()).where(AuditEntry.action.startswith("rooms."))
    assert db.session.scalar(noted) == 2


@pytest.mark.parametrize(
    ("username", "url"),
    [
        ("housekeeper", "/rooms/{room}/out-of-order"),
        ("desk", "/rooms/{room}/back-in-order"),
        ("desk", "/rooms/{room}/edit"),
        ("technician", "/rooms/{room}/housekeeping"),
        ("technician", "/rooms/cleaning/{room}"),
        ("housekeeper", "/rooms/new"),
        ("desk", "/rooms/import"),
    ],
)
def test_who_may_not_is_refused(client, house, username, url):
    client.log_in(username)
    client.post(url.format(room=house.rooms["101"].id), {}, status=403)
