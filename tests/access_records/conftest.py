from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from pms.core.actor import SETUP, Actor
from pms.core.db import transaction
from pms.keycards.models import CardReason, CardState, KeyCard, KeyCardGrant
from pms.locks import lock_keys, queries, service
from pms.properties import queries as properties
from pms.protocol.card import Audience, CardBody, CardKind, GrantHeader, seal_guest_grant
from pms.simulators.lock import VirtualLock
from pms.stays import service as stays
from tests import factories

UID = bytes.fromhex("04a1b2c3")
CREDENTIAL = 4711


@dataclass
class Scene:
    """Room 101's lock, set up for real; Claire Moreau is checked in there with a card."""

    lock_id: int
    twin: VirtualLock
    stay_id: int
    guest_id: int
    card_id: int
    room_id: int
    at: int
    units: list[bytes]

    def open(self, **changes):
        """Hold the guest's card to the door; what the lock says."""
        return self.twin.present(changes.get("uid", UID), self.units, changes.get("at", self.at))

    def report(self) -> bytes:
        """The next report of the lock."""
        frame = self.twin.pending_report(self.at)
        assert frame is not None
        return frame


def set_up(lock_id: int, now) -> VirtualLock:
    """A virtual lock that took a real 0500 of the server."""
    row = queries.get_lock(lock_id)
    twin = VirtualLock.fresh(lock_keys.serial_of(row), lock_keys.mac_of(row), bytes.fromhex(row.lock_keys or ""))
    frame = service.start_setup(lock_id=lock_id, is_factory_new=True, actor=SETUP, now=now)
    answer = twin.receive(frame, int(now.timestamp()))
    assert answer is not None
    service.finish_setup(lock_id=lock_id, answer=answer, actor=SETUP, now=now)
    return twin


def build(house, now) -> Scene:
    twin = set_up(house.doors["101"].lock_id, now)
    with transaction() as session:
        guest = factories.guest("Moreau", "Claire")
        session.add(guest)
    today = now.date()
    stay = stays.book(
        guest_id=guest.id,
        room_type_id=house.standard.id,
        room_id=house.rooms["101"].id,
        arrival_date=today,
        departure_date=today + timedelta(days=2),
        actor=Actor(kind="account", name="Desk"),
        now=now,
    )
    stays.check_in(stay_id=stay.id, actor=SETUP, now=now)
    at = int(now.timestamp())
    door, site = queries.get_door(house.doors["101"].id), properties.get_site_key()
    with transaction() as session:
        card = KeyCard(
            stay_id=stay.id,
            reason=CardReason.NEW,
            credential_id=CREDENTIAL,
            state=CardState.ACTIVE,
            uid=UID.hex(),
            valid_from=now,
            valid_until=now + timedelta(days=2),
            made_by="Desk",
            made_at=now,
        )
        session.add(card)
        session.flush()
        session.add(KeyCardGrant(key_card_id=card.id, unit=1, door_id=door.id, issue=at))
    body = CardBody(CardKind.GUEST, issue=at, not_before=at, not_after=at + 2 * 86400, credential_id=CREDENTIAL)
    header = GrantHeader(site.key_version, Audience.DOOR, door.number)
    grant = seal_guest_grant(lock_keys.door_key(site, door), header, body, UID)
    units = [grant] + [bytes(48)] * 7
    return Scene(door.lock_id or 0, twin, stay.id, guest.id, card.id, house.rooms["101"].id, at, units)


@pytest.fixture
def scene(house, now) -> Scene:
    return build(house, now)


@pytest.fixture
def any_scene(any_house, now) -> Scene:
    """The same on both databases."""
    return build(any_house, now)
