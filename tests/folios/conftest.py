from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest

from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.folios import queries, service
from pms.folios.models import PaymentMethod, PostingCode
from pms.guests import service as guests
from pms.guests.rules import GuestFields
from pms.properties.models import Property
from pms.stays import service as stays
from tests.factories import TODAY

DESK = Actor(kind="account", name="Desk", account_id=1)
_requests = count(1)


class Book:
    """Books, posts and reads balances in a house in which a night costs 98 euros, early 25 and late 35."""

    def __init__(self, house, now) -> None:
        self.house, self.now = house, now
        with transaction() as session:
            row = session.get_one(Property, 1)
            row.early_arrival_hour, row.late_departure_hour, row.early_fee, row.late_fee = 9, 18, 2500, 3500

    def stay(self, family_name: str = "Moreau", room: str = "101", days=(0, 2), *, since=None, **values) -> int:
        at = since or self.now
        guest = guests.create_guest(
            fields=GuestFields(family_name=family_name, given_name="Claire"), actor=DESK, now=at
        )
        wish = stays.RoomWish(
            room_type_id=self.house.rooms[room].room_type_id,
            room_id=self.house.rooms[room].id,
            arrival_date=TODAY + timedelta(days=days[0]),
            departure_date=TODAY + timedelta(days=days[1]),
            night_price=values.pop("night_price", 9800),
            **values,
        )
        return stays.book_many(guest_id=guest.id, wishes=[wish], actor=DESK, now=at)[0].id

    def charge(self, stay_id: int, amount: int, code: PostingCode = PostingCode.MINIBAR, request: str | None = None):
        return service.charge(
            stay_id=stay_id, code=code, amount=amount, request_id=request or new_request(), actor=DESK, now=self.now
        )

    def pay(self, stay_id: int, amount: int, request: str | None = None):
        return service.take_payment(
            stay_id=stay_id,
            amount=amount,
            method=PaymentMethod.CASH,
            request_id=request or new_request(),
            actor=DESK,
            now=self.now,
        )

    def reverse(self, posting_id: int, request: str | None = None):
        return service.reverse(
            posting_id=posting_id, text="typed twice", request_id=request or new_request(), actor=DESK, now=self.now
        )

    def hours(self, stay_id: int, arrival: int | None = None, departure: int | None = None):
        return stays.agree_hours(
            stay_id=stay_id, arrival_hour=arrival, departure_hour=departure, actor=DESK, now=self.now
        )

    def owed(self, stay_id: int) -> int:
        db.remove()
        return queries.balance_of(stay_id).amount


def new_request() -> str:
    return f"request-{next(_requests)}"


@pytest.fixture
def books(any_house, now) -> Book:
    return Book(any_house, now)
