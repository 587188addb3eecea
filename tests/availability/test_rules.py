from __future__ import annotations

from datetime import date, timedelta

import pytest

from pms.availability import rules
from pms.availability.rules import Night, TypeNights

DAY = timedelta(days=1)
FIRST = date(2026, 6, 12)


def kind(id_: int, *sold: int, capacity: int = 2, limit: int = 0, closed: int = 0, price: int = 100) -> TypeNights:
    """A type with so many promises on each night from the first day on."""
    nights = tuple(Night(FIRST + place * DAY, capacity, closed, count, limit) for place, count in enumerate(sold))
    return TypeNights(id_, f"T{id_}", f"Type {id_}", 2, price, limit, nights)


@pytest.mark.parametrize(
    ("night", "free", "sellable"),
    [
        (Night(FIRST, 4), 4, 4),
        (Night(FIRST, 4, closed=1, sold=2), 1, 1),
        (Night(FIRST, 4, sold=4), 0, 0),
        (Night(FIRST, 4, sold=4, limit=2), 0, 2),
        (Night(FIRST, 4, sold=5, limit=2), -1, 1),
        (Night(FIRST, 4, closed=4, sold=2, limit=2), -2, 0),
        (Night(FIRST, 0), 0, 0),
    ],
)
def test_a_night_tells_what_is_free_and_what_may_still_be_promised(night, free, sellable):
    assert (night.free, night.sellable) == (free, sellable)


def test_an_offer_is_that_of_the_fullest_night_and_costs_every_night():
    found = rules.offer(kind(1, 0, 2, 1, price=8900, limit=1), FIRST, FIRST + 3 * DAY)
    assert (found.free, found.sellable, found.is_overbooking, found.total) == (0, 1, True, 26700)
    found = rules.offer(kind(1, 0, 2, 1, price=8900), FIRST + 2 * DAY, FIRST + 3 * DAY)
    assert (found.free, found.is_overbooking, found.total) == (1, False, 8900)


def test_day_use_is_paid_once_and_told_of_by_its_day():
    found = rules.offer(kind(1, 1, price=50), FIRST, FIRST)
    assert (found.free, found.total) == (1, 50)


def test_near_to_a_full_type_are_its_own_dates_first_and_then_other_types():
    full = kind(1, 2, 2, 2, 0, 0, 0, 0)
    other = kind(2, 1, 1, 1, 1, 1, 1, 1)
    found = rules.alternatives(
        [full, other], type_id=1, arrival=FIRST + 2 * DAY, departure=FIRST + 4 * DAY, today=FIRST
    )
    assert [(a.type_id, a.arrival) for a in found] == [
        (1, FIRST + 3 * DAY),
        (1, FIRST + 4 * DAY),
        (2, FIRST + 2 * DAY),
    ]


def test_nothing_overbooked_and_nothing_past_is_offered_instead():
    over = kind(1, 0, 0, 0, 2, 2, 2, 2, limit=5)
    found = rules.alternatives(
        [over], type_id=1, arrival=FIRST + 3 * DAY, departure=FIRST + 4 * DAY, today=FIRST + 2 * DAY
    )
    assert [a.arrival for a in found] == [FIRST + 2 * DAY]
    assert rules.alternatives([kind(2, 2)], type_id=1, arrival=FIRST, departure=FIRST + DAY, today=FIRST) == []


def test_a_long_stay_is_one_of_more_than_31_nights():
    assert not rules.is_long(FIRST, FIRST + 31 * DAY)
    assert rules.is_long(FIRST, FIRST + 32 * DAY)


def test_all_rooms_together_are_the_sums_of_the_types():
    sums = rules.totals([kind(1, 1, 3), kind(2, 0, 2)], [FIRST, FIRST + DAY])
    assert [(night.capacity, night.sold, night.free) for night in sums] == [(4, 1, 3), (4, 5, -1)]


def test_nights_without_a_row_are_free():
    filled = rules.fill({FIRST: (2, 1)}, from_date=FIRST, until=FIRST + 2 * DAY, capacity=3, limit=0)
    assert [(night.sold, night.closed, night.free) for night in filled] == [(2, 1, 0), (0, 0, 3)]
