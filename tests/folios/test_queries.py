from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.core.db import db
from pms.core.errors import NotFound
from pms.folios import queries
from pms.guests.models import Guest
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.stays.models import Stay
from tests.factories import TODAY
from tests.folios.conftest import DESK, Book


def test_balances_of_many_stays_take_one_query(books):
    ids = [books.stay(room=room) for room in ("101", "102", "103")]
    books.pay(ids[0], 19600)
    assert {stay_id: found.amount for stay_id, found in queries.balances(ids).items()} == {
        ids[0]: 0,
        ids[1]: 19600,
        ids[2]: 19600,
    }
    assert queries.balances([]) == {}
    with pytest.raises(NotFound):
        queries.balance_of(1)


def unpaid() -> list[str]:
    """Who leaves and owes, those who should have left longest first."""
    query = sa.select(Guest.family_name).join(Stay, Stay.guest_id == Guest.id).where(queries.leaves_unpaid(TODAY))
    return list(db.session.scalars(query.order_by(Stay.departure_date)))


def test_one_query_however_many(house, now, count_queries):
    books = Book(house, now)
    ids = [books.stay(room=room) for room in ("101", "102")]
    assert count_queries(lambda: queries.balances(ids)) == 1


def test_unpaid_are_those_who_leave_and_owe(books, now):
    early = now - timedelta(days=3)
    stays_of = {}
    for name, room, days in (
        ("Owes", "101", (-2, 0)),
        ("Paid", "102", (-2, 0)),
        ("Overdue", "103", (-3, -1)),
        ("Stays", "201", (-2, 1)),
        ("Free", "202", (-2, 0)),
    ):
        price = 0 if name == "Free" else 9800
        stays_of[name] = books.stay(name, room, days, since=early, night_price=price)
        stays.check_in(stay_id=stays_of[name], actor=DESK, now=now - timedelta(days=1, hours=12))
    books.stay("Expected", "203", (0, 1))
    books.pay(stays_of["Paid"], 19600)
    assert unpaid() == ["Overdue", "Owes"]


def test_day_use_counts_as_one_night_in_both_reckonings(books, now):
    stay_id = books.stay(days=(0, 0), is_day_use=True, arrival_hour=10, departure_hour=14)
    stays.check_in(stay_id=stay_id, actor=DESK, now=now)
    assert queries.balance_of(stay_id).amount == 9800
    assert len(unpaid()) == 1


def test_who_leaves_early_owes_for_the_nights_slept(books, now):
    stay_id = books.stay(days=(-1, 3), since=now - timedelta(days=1))
    stays.check_in(stay_id=stay_id, actor=DESK, now=now - timedelta(hours=12))
    assert queries.owed_at_check_out(stay_queries.get_stay(stay_id), today=TODAY) == 9800
    assert queries.balance_of(stay_id).amount == 4 * 9800
