"""A desk for tests of keys: a stay, a machine on a pseudo-terminal, doors that know the house's keys."""

from __future__ import annotations

import threading
import uuid
from datetime import date
from typing import Any

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.devices.port import Port
from pms.devices.task import TaskRun
from pms.encoders import job_course
from pms.encoders import queries as encoder_queries
from pms.encoders.office import TableCourse
from pms.guests.models import Guest
from pms.keycards import queries, service
from pms.keycards.models import KeyCard
from pms.locks import lock_keys
from pms.locks import queries as locks
from pms.properties import queries as properties
from pms.protocol.card_layout import EMPTY_UNIT, Medium
from pms.protocol.kdf import sector_key
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import SimulatedEncoder
from pms.simulators.lock import LockState, VirtualLock
from pms.simulators.lock.state import KeySet
from pms.stays import service as stays
from tests import factories

DESK = Actor(kind="account", name="Mia", account_id=1)
DOOR = Actor(kind="lock", name="door")
TODAY = date(2026, 6, 12)


def new_request() -> str:
    return str(uuid.uuid4())


def guest(name: str = "Moreau") -> Guest:
    with transaction() as session:
        row = factories.guest(name)
        session.add(row)
    return row


def stay(
    house, room: str = "101", *, nights: int = 2, arrival: date = TODAY, inside: bool = True, name: str = "Moreau"
) -> int:
    """A booked stay with a room; checked in unless `inside` is false."""
    row = house.rooms[room]
    made = stays.book(
        guest_id=guest(name).id,
        room_type_id=row.room_type_id,
        room_id=row.id,
        arrival_date=arrival,
        departure_date=date.fromordinal(arrival.toordinal() + nights),
        actor=DESK,
        now=clock.now(),
    )
    if inside:
        stays.check_in(stay_id=made.id, actor=DESK, now=clock.now())
    return made.id


def machine_row(url: str = "/dev/none", name: str = "Front desk 1") -> int:
    with transaction() as session:
        row = factories.encoder(name=name, url=url)
        session.add(row)
    return row.id


def door_lock(room_id: int) -> VirtualLock:
    """The lock of a room as it is once it was set up with the house's keys."""
    door = locks.door_of_room(room_id)
    assert door is not None
    assert door.lock is not None
    return _bound(door.lock, door)


def area_lock(house) -> VirtualLock:
    """The lock of the lobby."""
    door = next(door for door in locks.list_doors() if door.area_id == house.lobby.id)
    assert door.lock is not None
    return _bound(door.lock, door)


def _bound(lock, door) -> VirtualLock:
    site_key = properties.get_site_key()
    areas = {door.area.number: lock_keys.area_key(site_key, door.area)} if door.area else {}
    keys = KeySet(
        site_key.key_version,
        lock_keys.door_key(site_key, door),
        site_key.pk_staff,
        areas,
        lock_keys.card_keys(site_key).a,
        None,
    )
    return VirtualLock(
        LockState(
            lock_keys.serial_of(lock),
            lock_keys.mac_of(lock),
            bytes.fromhex(lock.lock_keys),
            server_keys=lock.server_keys,
            is_bound=True,
            door_id=door.number,
            keys=[keys],
            tz_quarters=lock.utc_offset_quarters,
            checkout_hour=lock.check_out_hour,
        )
    )


def hold(lock: VirtualLock, card: SimulatedCard, at=None) -> str:
    """Hold a card to a door; the door's answer in one word."""
    key = lock.state.keys[-1].card_a_key
    units = [unit or EMPTY_UNIT for unit in card.read_units(lambda uid, unit: sector_key(key, uid, unit))]
    answer = lock.present(card.uid, units, int((at or clock.now()).timestamp()))
    return answer.result.name.lower()


class Desk:
    """A machine that makes cards when told to, in this thread: each job from its claim to its end."""

    def __init__(self, tmp_path: Any) -> None:
        self.device = SimulatedEncoder("932211c49aeb6f8a", link=tmp_path / "desk", seconds_per_write=0.0)
        self.encoder_id = machine_row(self.device.path)
        self.port = Port(self.device.path)
        self.port.open()

    def close(self) -> None:
        self.port.close()
        self.device.close()

    def ask(self, stay_id: int, copies: int = 1, **options: Any) -> str:
        """Ask for cards as the dialog does; the id of the batch."""
        return service.issue(
            stay_id=stay_id,
            copies=copies,
            encoder_id=self.encoder_id,
            request_id=options.pop("request_id", new_request()),
            actor=DESK,
            now=clock.now(),
            **options,
        )

    def make(self, batch_id: str, *cards: SimulatedCard, medium: Medium = Medium.CLASSIC_1K) -> list[SimulatedCard]:
        """Lay cards down one after another until the batch is done; blank ones where none are given."""
        laid = []
        waiting = [job.id for job in encoder_queries.batch(batch_id) if not job.state.is_final]
        for position in range(len(waiting)):
            card = cards[position] if position < len(cards) else SimulatedCard.blank(medium)
            self.work(card)
            laid.append(card)
        return laid

    def work(self, card: SimulatedCard | None) -> None:
        """Do the next job with this card on the machine."""
        if card is not None:
            self.device.put_card(card)
        job = job_course.claim_next(encoder_id=self.encoder_id, now=clock.now())
        assert job is not None, "there is no job"
        try:
            TaskRun(self.port.encoder, job, TableCourse(job.id), threading.Event()).run()
        finally:
            if self.device.card is not None:
                self.device.take_card()
            db.remove()

    def keys_of(self, stay_id: int, copies: int = 1, **options: Any) -> list[SimulatedCard]:
        """Blank cards made into keys of a stay."""
        return self.make(self.ask(stay_id, copies, **options))


def seen_at_door(house, card: KeyCard, result: int, room: str = "101") -> KeyCard:
    """The door of a room noted something of the card."""
    door = locks.door_of_room(house.rooms[room].id)
    assert door is not None
    assert door.lock_id is not None
    with transaction():
        found = queries.cards_by_credential([card.credential_id])[card.credential_id]
        opening = service.seen_at_door(
            card=found,
            lock_id=door.lock_id,
            door_id=door.id,
            result=result,
            at=clock.now(),
            actor=DOOR,
            now=clock.now(),
        )
        service.refuse_older([opening] if opening else [])
    return found
