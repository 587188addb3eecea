from __future__ import annotations

from datetime import timedelta

import pytest

from pms.availability import queries
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.rooms import service as rooms
from pms.rooms.models import RoomType
from pms.rooms.rules import BadOverbooking
from pms.stays import closures
from pms.stays import service as stays
from pms.stays.service import CapacityTooLow
from tests import factories
from tests.client import text_of
from tests.factories import TODAY

DESK = Actor(kind="account", name="Desk", account_id=1)
DAY = timedelta(days=1)


@pytest.fixture
def book(any_house, now):
    with transaction() as session:
        person = factories.guest()
        session.add(person)
    guest_id = person.id

    def book_some(count, kind, days, room=None):
        wish = stays.RoomWish(
            room_type_id=kind.id,
            room_id=any_house.rooms[room].id if room else None,
            arrival_date=TODAY + days[0] * DAY,
            departure_date=TODAY + days[1] * DAY,
        )
        stays.book_many(guest_id=guest_id, wishes=[wish] * count, actor=DESK, now=now)

    return book_some


def change_limit(kind, limit, now):
    rooms.change_room_type(
        room_type_id=kind.id,
        code=kind.code,
        name=kind.name,
        beds=kind.beds,
        position=kind.position,
        overbooking_limit=limit,
        actor=DESK,
        now=now,
    )


def test_what_is_left_counts_promises_closed_rooms_and_rooms_out_of_order(book, any_house, now):
    change_limit(any_house.suite, 1, now)
    book(2, any_house.suite, (0, 3))
    book(1, any_house.suite, (1, 2))
    closures.close_room(
        room_id=any_house.rooms["101"].id,
        from_date=TODAY,
        until_date=TODAY + DAY,
        reason="Paint",
        actor=DESK,
        now=now,
    )
    rooms.take_out_of_order(room_id=any_house.rooms["102"].id, reason="Water", actor=DESK, now=now)
    db.remove()
    standard, suite = queries.type_nights(from_date=TODAY, until=TODAY + 4 * DAY)
    assert [night.free for night in standard.nights] == [2, 3, 3, 3]
    assert [night.free for night in suite.nights] == [0, -1, 0, 2]
    assert [night.sellable for night in suite.nights] == [1, 0, 1, 3]
    left = {offer.name: (offer.free, offer.sellable) for offer in queries.offers(arrival=TODAY, departure=TODAY + DAY)}
    assert left == {"Standard": (2, 2), "Suite": (0, 1)}


def test_a_limit_is_lowered_only_as_far_as_is_promised(book, any_house, now):
    change_limit(any_house.suite, 2, now)
    book(3, any_house.suite, (0, 1))
    with pytest.raises(CapacityTooLow):
        change_limit(any_house.suite, 0, now)
    with pytest.raises(BadOverbooking):
        change_limit(any_house.suite, 100, now)
    change_limit(any_house.suite, 1, now)
    db.remove()
    assert db.session.get_one(RoomType, any_house.suite.id).overbooking_limit == 1


def test_two_years_are_asked_for_with_one_statement(house, now, count_queries):
    assert count_queries(lambda: queries.type_nights(from_date=TODAY, until=TODAY + 730 * DAY)) == 1
    assert count_queries(lambda: queries.offers(arrival=TODAY, departure=TODAY + DAY)) == 1


def test_the_table_leads_to_the_booking_of_each_night(client, house):
    client.log_in("desk")
    page = client.get(f"/availability/?from={TODAY.isoformat()}&days=31", status=200)
    link = f"/book?arrival_date={TODAY.isoformat()}&amp;departure_date={(TODAY + DAY).isoformat()}"
    assert f"{link}&amp;room_type_id={house.suite.id}" in page.text
    part = client.get("/availability/?from=nonsense", htmx=True, status=200)
    assert "<html" not in part.text
    assert "Standard" in part.text
    free = text_of(client.get(f"/availability/free?arrival={TODAY.isoformat()}&departure={TODAY.isoformat()}"))
    assert "1 night" in free
    assert "4 free" in free
    past = client.get(f"/availability/?from={(TODAY - 20 * DAY).isoformat()}", status=200).text
    assert "data-night" not in past
