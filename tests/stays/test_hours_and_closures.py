"""Hours of a day, day use, rooms closed for dates, overbooking, promised rooms: what the database refuses, and who is named."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.properties import service as properties
from pms.properties.rules import HoursCross
from pms.rooms.models import RoomType
from pms.stays import closures, days, nights, queries, rules, service
from pms.stays.models import RoomDay, Stay, StayState, StepKind, TypeNight
from tests import factories
from tests.factories import TODAY
from tests.races import race

DESK = Actor(kind="account", name="Desk", account_id=1)
DAY = timedelta(days=1)


class Booked(NamedTuple):
    """What outlives the session in which a stay was made."""

    id: int
    room_id: int | None


@pytest.fixture
def guest_id(any_house):
    with transaction() as session:
        row = factories.guest("Tester", "Tina")
        session.add(row)
    return int(row.id)


@pytest.fixture
def book(any_house, guest_id, now):
    """Book room 101 for `nights` from the day `start` (days from today), with hours where they are given."""

    def book_one(start=0, nights=2, *, room="101", request_id=None, **values):
        room_id = any_house.rooms[room].id if room else None
        wish = service.RoomWish(
            room_type_id=any_house.standard.id,
            room_id=room_id,
            arrival_date=TODAY + start * DAY,
            departure_date=TODAY + (start + nights) * DAY,
            is_day_use=nights == 0,
            **values,
        )
        stay = service.book_many(guest_id=guest_id, wishes=[wish], request_id=request_id, actor=DESK, now=now)[0]
        return Booked(stay.id, stay.room_id)

    return book_one


def agree(stay, now, arrival=None, departure=None):
    return service.agree_hours(stay_id=stay.id, arrival_hour=arrival, departure_hour=departure, actor=DESK, now=now)


def rows_of(stay_id: int) -> list[RoomDay]:
    db.remove()
    places = (RoomDay.through_stay_id, RoomDay.leaving_stay_id, RoomDay.day_stay_id, RoomDay.arriving_stay_id)
    return list(
        db.session.scalars(sa.select(RoomDay).where(sa.or_(*(p == stay_id for p in places))).order_by(RoomDay.day))
    )


def test_a_stay_has_its_days_from_check_in_to_check_out(book):
    stay = book(nights=3)
    rows = rows_of(stay.id)
    assert [(row.arriving_hour, row.leaving_hour, row.through_stay_id == stay.id) for row in rows] == [
        (15, None, False),
        (None, None, True),
        (None, None, True),
        (None, 12, False),
    ]


def test_one_party_leaves_late_and_the_next_cannot_come_before(book, now):
    first, second = book(0, 2), book(2, 2)
    agree(first, now, departure=15)
    with pytest.raises(days.LeavesLater) as refused:
        agree(second, now, arrival=13)
    assert refused.value.params["guest"] == "Tina Tester"
    agree(first, now, departure=13)
    agree(second, now, arrival=13)
    with pytest.raises(days.ComesEarlier):
        agree(first, now, departure=14)


def test_day_use_fits_between_two_parties_and_nowhere_else(book, now):
    book(0, 2)
    book(2, 2)
    with pytest.raises(days.LeavesLater):
        book(2, 0, arrival_hour=11, departure_hour=14)
    with pytest.raises(days.ComesEarlier):
        book(2, 0, arrival_hour=12, departure_hour=16)
    with pytest.raises(days.HoursTaken, match="all day"):
        book(1, 0, arrival_hour=12, departure_hour=14)
    used = book(2, 0, arrival_hour=12, departure_hour=15)
    with pytest.raises(days.DayUseThere):
        book(2, 0, arrival_hour=13, departure_hour=14)
    service.cancel(stay_id=used.id, actor=DESK, now=now)
    book(2, 0, arrival_hour=13, departure_hour=15)


@pytest.mark.parametrize(
    ("other", "wish", "is_offered"),
    [
        # Day use on the day of departure, and on the day of arrival.
        ({"start": 1, "nights": 0, "arrival_hour": 9, "departure_hour": 14}, {}, False),
        ({"start": 1, "nights": 0, "arrival_hour": 12, "departure_hour": 14}, {}, True),
        ({"start": 1, "nights": 0, "arrival_hour": 12, "departure_hour": 14}, {"departure_hour": 13}, False),
        ({"start": 0, "nights": 0, "arrival_hour": 11, "departure_hour": 16}, {}, False),
        ({"start": 0, "nights": 0, "arrival_hour": 11, "departure_hour": 14}, {}, True),
        ({"start": 0, "nights": 0, "arrival_hour": 11, "departure_hour": 14}, {"arrival_hour": 13}, False),
        # The next party comes early.
        ({"start": 1, "nights": 1, "arrival_hour": 10}, {}, False),
        ({"start": 1, "nights": 1, "arrival_hour": 10}, {"departure_hour": 10}, True),
    ],
)
def test_a_room_is_offered_where_it_could_be_booked_and_nowhere_else(book, any_house, other, wish, is_offered):
    book(**other)
    offers = queries.free_rooms(arrival=TODAY, departure=TODAY + DAY, **wish)
    assert (any_house.rooms["101"].id in {offer.room.id for offer in offers}) is is_offered
    if is_offered:
        assert book(0, 1, **wish).id
    else:
        with pytest.raises(days.HoursTaken):
            book(0, 1, **wish)


def test_hours_beyond_what_the_desk_may_promise_are_refused(book, now):
    stay = book()
    with pytest.raises(rules.TooEarlyInTheDay):
        agree(stay, now, arrival=7)
    with pytest.raises(rules.TooLateInTheDay):
        agree(stay, now, departure=19)
    with pytest.raises(rules.BadHours):
        agree(stay, now, departure=25)
    with pytest.raises(rules.NothingChanged):
        agree(stay, now)
    with pytest.raises(rules.DayUseNeedsRoom):
        book(0, 0, room=None, arrival_hour=9, departure_hour=12)
    with pytest.raises(rules.BadHours):
        book(0, 0, arrival_hour=12, departure_hour=9)
    with pytest.raises(rules.UnknownWish):
        book(5, wishes=["a lake"])


def test_the_houses_hours_change_for_all_who_agreed_on_none(book, now):
    first, second = book(0, 2), book(2, 2)
    agree(second, now, arrival=12)
    house = {"version": 1, "name": "Linden House", "time_zone": "Europe/Berlin", "actor": DESK, "now": now}
    with pytest.raises(days.ComesEarlier):
        properties.change_house(**house, check_in_hour=15, check_out_hour=13)
    with pytest.raises(HoursCross):
        properties.change_house(**house, check_in_hour=12, check_out_hour=13)
    properties.change_house(**house, check_in_hour=14, check_out_hour=11)
    assert [row.leaving_hour for row in rows_of(first.id)][-1] == 11
    assert rows_of(second.id)[0].arriving_hour == 12


def test_undo_brings_the_hours_back(book, now):
    stay = book()
    step = agree(stay, now, arrival=10, departure=16)
    service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now)
    rows = rows_of(stay.id)
    assert (rows[0].arriving_hour, rows[-1].leaving_hour) == (15, 12)


def test_who_has_left_stands_in_nobodys_way(book, now):
    early = book(0, 1)
    service.check_in(stay_id=early.id, actor=DESK, now=now)
    service.check_out(stay_id=early.id, actor=DESK, now=now)
    assert rows_of(early.id) == []
    book(0, 1, arrival_hour=10)


def test_a_closed_room_is_not_sold_and_a_sold_one_not_closed(book, any_house, now):
    book(3, 1)
    close = {"room_id": any_house.rooms["101"].id, "reason": "New carpet", "actor": DESK, "now": now}
    with pytest.raises(nights.RoomTaken):
        closures.close_room(**close, from_date=TODAY, until_date=TODAY + 4 * DAY)
    closure = closures.close_room(**close, from_date=TODAY, until_date=TODAY + 3 * DAY, request_id="one")
    assert closures.close_room(**close, from_date=TODAY, until_date=TODAY + DAY, request_id="one").id == closure.id
    with pytest.raises(nights.RoomClosed, match="closed"):
        book(1, 2)
    with pytest.raises(nights.RoomClosed):
        closures.close_room(**close, from_date=TODAY + DAY, until_date=TODAY + 2 * DAY)
    with pytest.raises(rules.NoClosureReason):
        closures.close_room(**{**close, "reason": " "}, from_date=TODAY, until_date=TODAY + DAY)
    night = db.session.get(TypeNight, (any_house.standard.id, TODAY))
    assert (night.sold, night.closed, night.capacity) == (0, 1, 4)
    closures.reopen(closure_id=closure.id, actor=DESK, now=now)
    closures.reopen(closure_id=closure.id, actor=DESK, now=now)
    book(1, 2)


def test_a_room_is_not_closed_when_its_type_is_promised_to_the_last(book, any_house, now):
    for _ in range(4):
        book(0, 1, room=None)
    with pytest.raises(nights.TypeSoldOut):
        closures.close_room(
            room_id=any_house.rooms["101"].id,
            reason="Paint",
            from_date=TODAY,
            until_date=TODAY + DAY,
            actor=DESK,
            now=now,
        )


def test_a_type_is_overbooked_up_to_its_limit(book, any_house, now):
    with transaction() as session:
        session.get_one(RoomType, any_house.standard.id).overbooking_limit = 1
    for _ in range(5):
        book(0, 1, room=None)
    with pytest.raises(nights.TypeSoldOut):
        book(0, 1, room=None)


def test_a_promised_room_is_kept(book, any_house, now):
    stay = book()
    with pytest.raises(rules.NoFixReason):
        service.fix_room(stay_id=stay.id, reason="", actor=DESK, now=now)
    service.fix_room(stay_id=stay.id, reason="Honeymoon", actor=DESK, now=now)
    other = any_house.rooms["102"].id
    with pytest.raises(rules.StayIsFixed):
        service.assign_room(stay_id=stay.id, room_id=other, actor=DESK, now=now)
    service.release_room(stay_id=stay.id, actor=DESK, now=now)
    service.assign_room(stay_id=stay.id, room_id=other, actor=DESK, now=now)


def test_checked_in_ahead_is_completed_by_the_check_in(book, now):
    stay = book()
    with pytest.raises(rules.BadRoomTime):
        service.check_in_ahead(stay_id=stay.id, room_expected_at=now, actor=DESK, now=now)
    step = service.check_in_ahead(stay_id=stay.id, room_expected_at=now + timedelta(hours=2), actor=DESK, now=now)
    assert step.kind is StepKind.CHECKED_IN_AHEAD
    service.check_in(stay_id=stay.id, actor=DESK, now=now + timedelta(hours=1))
    row = db.session.get_one(Stay, stay.id, populate_existing=True)
    assert (row.state, row.waiting_since, row.room_expected_at) == (StayState.IN_HOUSE, None, None)


def rearrange(stay, now, room_id, start, count, **values):
    return service.rearrange(
        stay_id=stay.id,
        room_id=room_id,
        arrival_date=TODAY + start * DAY,
        departure_date=TODAY + (start + count) * DAY,
        actor=DESK,
        now=now,
        **values,
    )


def test_room_and_dates_change_in_one_step_which_can_be_undone(book, any_house, now):
    stay = book()
    step = rearrange(stay, now, any_house.rooms["201"].id, 1, 4, night_price=9900)
    row = db.session.get_one(Stay, stay.id, populate_existing=True)
    assert (row.room_id, row.arrival_date, row.night_price) == (any_house.rooms["201"].id, TODAY + DAY, 9900)
    with pytest.raises(rules.NothingChanged):
        rearrange(stay, now, any_house.rooms["201"].id, 1, 4)
    service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now)
    assert [row.day for row in rows_of(stay.id)] == [TODAY, TODAY + DAY, TODAY + 2 * DAY]


def test_of_a_guest_in_house_only_room_and_departure_are_rearranged(book, any_house, now):
    stay = book(0, 3)
    service.check_in(stay_id=stay.id, actor=DESK, now=now)
    with pytest.raises(rules.ArrivalIsHistory):
        rearrange(stay, now, stay.room_id, 1, 2)
    with pytest.raises(rules.NoRoom):
        rearrange(stay, now, None, 0, 3)
    tomorrow = now + DAY
    rearrange(stay, tomorrow, any_house.rooms["102"].id, 0, 4)
    places = [(row.room_id, row.arriving_hour, row.leaving_hour) for row in rows_of(stay.id)]
    assert places[0] == (any_house.rooms["102"].id, 15, None)
    assert places[-1] == (any_house.rooms["102"].id, None, 12)


def test_a_group_is_booked_whole_or_not_at_all(any_house, guest_id, now):
    def wish(room):
        return service.RoomWish(
            room_type_id=any_house.standard.id,
            room_id=any_house.rooms[room].id,
            arrival_date=TODAY,
            departure_date=TODAY + DAY,
        )

    def order(*rooms, request_id):
        return service.book_many(
            guest_id=guest_id,
            wishes=[wish(room) for room in rooms],
            group_name="Choir",
            request_id=request_id,
            actor=DESK,
            now=now,
        )

    made = order("101", "102", request_id="a")
    assert len({stay.reservation_id for stay in made}) == 1
    assert [stay.id for stay in order("101", "102", request_id="a")] == [stay.id for stay in made]
    with pytest.raises(nights.RoomTaken):
        order("103", "102", request_id="b")
    assert db.session.scalars(sa.select(sa.func.count()).select_from(Stay)).one() == 2


def test_a_late_departure_and_an_early_arrival_agreed_at_once_have_one_winner(book, now):
    first, second = book(0, 2), book(2, 2)
    for attempt in range(10):
        outcomes = race(2, lambda number: agree(first, now, departure=14) if number else agree(second, now, arrival=13))
        lost = [outcome for outcome in outcomes if isinstance(outcome, days.HoursTaken)]
        assert len(lost) == 1, (attempt, outcomes)
        for stay in (first, second):
            row = db.session.get_one(Stay, stay.id, populate_existing=True)
            if (row.arrival_hour, row.departure_hour) != (None, None):
                agree(stay, now)
