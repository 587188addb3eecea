"""People at the desk, a machine, and bookings to work on."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest

from pms.core.actor import Actor
from pms.core.db import transaction
from pms.guests import service as guests
from pms.guests.rules import GuestFields
from pms.stays import service as stays
from pms.stays.models import Stay
from tests import factories
from tests.factories import TODAY

CLERK = Actor(kind="account", name="Desk", account_id=1)


@dataclass
class Desk:
    """Short ways to what most tests begin with."""

    house: factories.House
    now: datetime
    encoder_id: int
    clerk: Actor = field(default=CLERK)

    def guest(self, family_name: str = "Moreau", given_name: str = "Claire", document: str = "X1234567") -> int:
        fields = GuestFields(
            family_name=family_name,
            given_name=given_name,
            phone="+33 1 44 55 66 77",
            document_kind="passport" if document else "",
            document_number=document,
        )
        return guests.create_guest(fields=fields, actor=self.clerk, now=self.now).id

    def book(self, room: str | None = "101", days: tuple[int, int] = (0, 2), **values: object) -> Stay:
        guest_id = values.pop("guest_id", None) or self.guest()
        number = room or "101"
        return stays.book(
            guest_id=guest_id,
            room_type_id=self.house.rooms[number].room_type_id,
            room_id=self.house.rooms[room].id if room else None,
            arrival_date=TODAY + timedelta(days=days[0]),
            departure_date=TODAY + timedelta(days=days[1]),
            actor=self.clerk,
            now=values.pop("now", self.now),
            **values,
        )

    def day(self, number: int) -> date:
        return TODAY + timedelta(days=number)

    def act(self, **values: object) -> dict[str, object]:
        """What every act needs; a request id of its own unless one is given."""
        return {"request_id": str(uuid.uuid4()), "actor": self.clerk, "now": self.now, **values}


def _desk(house: factories.House, now: datetime) -> Desk:
    with transaction() as session:
        encoder = factories.encoder()
        session.add(encoder)
    return Desk(house, now, encoder.id)


@pytest.fixture
def desk(house, now) -> Desk:
    return _desk(house, now)


@pytest.fixture
def any_desk(any_house, now) -> Desk:
    return _desk(any_house, now)
