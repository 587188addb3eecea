"""Bookings to look at on the chart."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import pytest

from pms.core.actor import Actor
from pms.core.db import transaction
from pms.stays import service as stays
from tests import factories
from tests.factories import TODAY

CLERK = Actor(kind="account", name="Desk", account_id=1)


class Booked(NamedTuple):
    """A stay as the chart showed it, whatever becomes of it."""

    id: int
    room_id: int | None
    arrival_date: date
    departure_date: date
    version: int


@pytest.fixture
def book(now):
    """`book(house, "Moreau", "101", 0, 2)`: a stay of a new guest in the room (None: in none), in days from today."""

    def book_one(house, family_name="Moreau", room="101", start=0, nights=2, *, of="101", **values):
        with transaction() as session:
            guest = factories.guest(family_name)
            session.add(guest)
        wish = stays.RoomWish(
            room_type_id=house.rooms[room or of].room_type_id,
            room_id=house.rooms[room].id if room else None,
            arrival_date=TODAY + timedelta(days=start),
            departure_date=TODAY + timedelta(days=start + nights),
            **values,
        )
        stay = stays.book_many(guest_id=guest.id, wishes=[wish], actor=CLERK, now=now)[0]
        return Booked(stay.id, stay.room_id, stay.arrival_date, stay.departure_date, stay.version)

    return book_one
