from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.errors import NotFound
from pms.guests import service as guests
from pms.guests.rules import GuestFields
from pms.rooms.models import HousekeepingStatus, Room
from pms.stays import queries, service
from pms.stays.models import StayState, StayStep
from tests import factories
from tests.factories import TODAY

DESK = Actor(kind="account", name="Desk", account_id=1)


def day(number: int):
    return TODAY + timedelta(days=number)


@pytest.fixture
def book(any_house, now):
    """Book a room (or a type) for a guest of that family name."""

    def book_one(family_name: str = "Moreau", room: str | None = "101", days=(0, 2), **values):
        fields = GuestFields(family_name=family_name, given_name="Claire", phone=values.pop("phone", ""))
        guest = guests.create_guest(fields=fields, actor=DESK, now=now)
        kind = any_house.rooms[room or "101"].room_type_id
        return service.book(
            guest_id=guest.id,
            room_type_id=values.pop("room_type_id", kind),
            room_id=any_house.rooms[room].id if room else None,
            arrival_date=day(days[0]),
            departure_date=day(days[1]),
            actor=DESK,
            now=values.pop("now", now),
            **values,
        ).id

    return book_one


def names(rows) -> list[str]:
    return [row.guest.family_name for row in rows]


def set_room(any_house, number: str, **values) -> None:
    with transaction() as session:
        room = session.get_one(Room, any_house.rooms[number].id)
        for name, value in values.items():
            setattr(room, name, value)


def test_a_stay_that_does_not_exist_is_not_found(any_house):
    with pytest.raises(NotFound):
        queries.get_stay(1)
    with pytest.raises(NotFound):
        queries.get_step(1, 2)


def test_the_lists_of_a_day(book, now):
    early = now - timedelta(days=2)
    book("Due", "101", (0, 2))
    book("Late", "102", (-1, 2), now=early)
    book("Tomorrow", "103", (1, 2))
    for name, room, days in [("Leaves", "201", (-2, 0)), ("Stays", "202", (-2, 3)), ("Overstays", "203", (-2, -1))]:
        service.check_in(stay_id=book(name, room, days, now=early), actor=DESK, now=early)
    assert names(queries.in_house()) == ["Leaves", "Stays", "Overstays"]
    assert sorted(names(queries.present_today(TODAY))) == ["Due", "Late", "Leaves", "Overstays", "Stays"]


def test_free_rooms_stand_booked_type_first_then_ready_then_by_number(book, any_house, now):
    set_room(any_house, "101", housekeeping=HousekeepingStatus.DIRTY)
    set_room(any_house, "201", out_of_order=True, out_of_order_reason="Water")
    book("Here", "102")
    inside = book("Leaves", "203", (0, 1))
    service.check_in(stay_id=inside, actor=DESK, now=now)
    offers = queries.free_rooms(room_type_id=any_house.standard.id, arrival=day(1), departure=day(3))
    found = [(offer.room.number, offer.is_booked_type, offer.is_ready) for offer in offers]
    assert found == [("103", True, True), ("101", True, False), ("203", True, False), ("202", False, True)]
    own = queries.free_rooms(arrival=day(0), departure=day(1), except_stay_ids=[inside])
    assert "203" in [offer.room.number for offer in own]


def test_the_search_finds_guests_by_name_phone_and_room_with_where_they_are(book, any_house, now):
    here = book("Moreau", "101", phone="+33 1 44 55 66 77")
    service.check_in(stay_id=here, actor=DESK, now=now)
    coming = book("Morales", "103", (4, 6))
    assert {(h.guest.family_name, h.stay.id) for h in queries.search("mor")} == {("Moreau", here), ("Morales", coming)}
    assert [hit.stay.id for hit in queries.search("6677")] == [here]
    assert [hit.stay.id for hit in queries.search("101")] == [here]
    assert queries.search("nobody") == []
    assert queries.search("") == []


def test_of_several_stays_the_search_shows_the_one_that_matters_now(book, any_house, now):
    first = book("Moreau", "101", (0, 1))
    guest_id = queries.get_stay(first).guest_id
    common = {"guest_id": guest_id, "room_type_id": any_house.standard.id, "actor": DESK, "now": now}
    service.book(arrival_date=day(5), departure_date=day(6), **common)
    service.book(arrival_date=day(9), departure_date=day(10), **common)
    assert queries.search("moreau")[0].stay.id == first
    service.cancel(stay_id=first, actor=DESK, now=now)
    db.remove()
    assert queries.search("moreau")[0].stay.arrival_date == day(5)


def test_the_list_goes_on_from_where_the_page_ended(book, any_house, now, monkeypatch):
    monkeypatch.setattr(queries, "_PAGE", 2)
    ids = [book(f"Guest{n}", None, (0, 1)) for n in range(4)]
    service.cancel(stay_id=ids[0], actor=DESK, now=now)
    page = queries.list_page()
    assert [stay.id for stay in page.rows] == [ids[3], ids[2]]
    rest = queries.list_page(before_id=int(page.next_key))
    assert ([stay.id for stay in rest.rows], rest.next_key) == ([ids[1], ids[0]], None)
    assert [s.id for s in queries.list_page(states=[StayState.CANCELLED]).rows] == [ids[0]]
    code = queries.get_stay(ids[1]).reservation.code
    assert [s.id for s in queries.list_page(text=code.lower()).rows] == [ids[1]]
    assert [s.id for s in queries.list_page(text="guest2").rows] == [ids[2]]


def test_the_last_step_is_the_newest_that_was_not_undone(book, now):
    stay_id = book()
    assert queries.last_step(stay_id) is None
    first = service.unassign_room(stay_id=stay_id, actor=DESK, now=now)
    second = service.cancel(stay_id=stay_id, actor=DESK, now=now)
    service.undo_last(stay_id=stay_id, step_id=second.id, actor=DESK, now=now)
    assert queries.last_step(stay_id).id == first.id
    assert [step.kind for step in queries.list_steps(stay_id)] == ["cancelled", "room_unassigned", "booked"]
    assert queries.get_step(stay_id, first.id).id == first.id


def test_rooms_of_one_party_are_found_together(book, any_house, now):
    one = book("Moreau", "101")
    guest_id = queries.get_stay(one).guest_id
    common = {"guest_id": guest_id, "actor": DESK, "now": now, "arrival_date": TODAY, "departure_date": day(1)}
    two = service.book(room_type_id=any_house.suite.id, room_id=any_house.rooms["201"].id, **common)
    book("Else", "102")
    assert [stay.id for stay in queries.of_same_party(queries.get_stay(one))] == [two.id]
    assert [stay.id for stay in queries.of_guest(guest_id)] == [one, two.id]


def test_who_is_in_a_room_and_who_was(book, any_house, now):
    stay_id, room_id = book(), any_house.rooms["101"].id
    assert queries.find_in_room(room_id) is None
    service.check_in(stay_id=stay_id, actor=DESK, now=now)
    assert queries.find_in_room(room_id).id == stay_id
    assert [stay.id for stay in queries.of_room(room_id, since=TODAY)] == [stay_id]
    assert queries.of_room(room_id, since=day(5)) == []
    assert db.session.scalars(sa.select(sa.func.count()).select_from(StayStep)).one() == 2
    assert factories.TODAY == TODAY
