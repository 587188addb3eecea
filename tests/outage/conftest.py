from __future__ import annotations

from datetime import timedelta

import pytest

from pms.core.actor import Actor
from pms.guests import service as guests
from pms.guests.rules import GuestFields
from pms.outage import queries, sealed, service
from pms.stays import service as stays
from tests.factories import TODAY

DESK = Actor(kind="account", name="Desk", account_id=1)
ROUNDS = sealed.ROUNDS
PASSWORD = "night desk at seven"


class Packs:
    """Books, sets the password and makes packs; the seal is cheap here."""

    def __init__(self, house, now) -> None:
        self.house, self.now = house, now

    def stay(
        self, family_name: str = "Moreau", room: str | None = "101", days=(0, 2), *, inside=False, **values
    ) -> int:
        at = self.now + timedelta(days=min(days[0], 0))
        fields = GuestFields(family_name=family_name, given_name="Claire", phone="+33 1 22 33 44")
        guest = guests.create_guest(fields=fields, actor=DESK, now=at)
        stay = stays.book(
            guest_id=guest.id,
            room_type_id=self.house.rooms[room or "101"].room_type_id,
            room_id=self.house.rooms[room].id if room else None,
            arrival_date=TODAY + timedelta(days=days[0]),
            departure_date=TODAY + timedelta(days=days[1]),
            actor=DESK,
            now=at,
            **values,
        )
        if inside:
            stays.check_in(stay_id=stay.id, actor=DESK, now=at)
        return stay.id

    def set_up(self, password: str = PASSWORD, *, again: str | None = None, makes_codes: bool = False) -> None:
        found = queries.find_setting()
        service.set_up(
            version=found.version if found else 0,
            password=password,
            again=password if again is None else again,
            makes_codes=makes_codes,
            actor=DESK,
            now=self.now,
        )


@pytest.fixture(autouse=True)
def _cheap(monkeypatch) -> None:
    monkeypatch.setattr(sealed, "ROUNDS", 1000)


@pytest.fixture
def packs(house, now) -> Packs:
    return Packs(house, now)
