"""A house of two hundred doors behind ten gateways, laid into the database as rows; each lock with its twin of software.

What a house of this size did to get there (forms, set-ups, phones) is tested elsewhere and would cost minutes here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from pms.core.db import db, transaction
from pms.gateways.models import Gateway, GatewayLock
from pms.guests.models import Guest
from pms.locks import lock_keys
from pms.locks.models import Door, Lock
from pms.properties.models import Property
from pms.protocol import kdf
from pms.protocol.topics import CarrierName, CarrierSort
from pms.reservations.models import Reservation
from pms.rooms.models import Building, Floor, HousekeepingStatus, Room, RoomType
from pms.simulators.gateway import Radio, SimulatedGateway
from pms.simulators.lock import KeySet, LockState, VirtualLock
from pms.stays.models import RoomNight, Stay, StayState
from tests import factories

_KEYS = "5214744968050256"


@dataclass
class Twin:
    """A lock that hangs on a door, as the house knows it and as it is."""

    lock_id: int
    room_id: int
    serial: str
    lock: VirtualLock
    gateway: SimulatedGateway


@dataclass
class GrandHouse:
    """Everything that the week is played with."""

    random: Random
    twins: list[Twin]
    gateways: list[SimulatedGateway]
    type_id: int
    guest_id: int
    reservation_id: int


def build(random: Random, *, rooms: int, gateways: int, radio_loss: float, now: datetime) -> GrandHouse:
    """The house at `now`: every room clean and empty, every lock set up and silent so far."""
    with transaction() as session:
        site = factories.site_key()
        kind = RoomType(code="STD", name="Standard", beds=2, position=1)
        building = Building(name="Main", position=1)
        guest = Guest(family_name="Moreau", given_name="Claire", created_at=now)
        account = factories.account("manager", factories.Role.MANAGER)
        session.add_all([_property(rooms), site, kind, building, guest, account])
        session.flush()
        reservation = Reservation(code="WEEK", booker_id=guest.id, created_at=now)
        floors = [Floor(building_id=building.id, name=str(n), position=n) for n in range(gateways)]
        boxes = [
            Gateway(
                serial_number=random.randbytes(6).hex().upper(),
                name=f"Corridor {number}",
                bound_by_id=account.id,
                bound_at=now,
                created_at=now,
            )
            for number in range(gateways)
        ]
        session.add_all([reservation, *floors, *boxes])
        session.flush()
        homes = [
            Room(
                number=str(1000 + n),
                floor_id=floors[n % gateways].id,
                room_type_id=kind.id,
                housekeeping=HousekeepingStatus.CLEAN,
            )
            for n in range(rooms)
        ]
        locks = [
            factories.lock(lock_keys=random.randbytes(8).hex().upper(), server_keys=_KEYS, features=_FEATURES)
            for _ in range(rooms)
        ]
        session.add_all([*homes, *locks])
        session.flush()
        doors = [
            Door(number=100 + n, name=room.number, room_id=room.id, lock_id=lock.id)
            for n, (room, lock) in enumerate(zip(homes, locks, strict=True))
        ]
        hung = [
            GatewayLock(lock_id=lock.id, gateway_id=boxes[n % gateways].id, since=now) for n, lock in enumerate(locks)
        ]
        session.add_all([*doors, *hung])
    carriers = [
        SimulatedGateway(
            CarrierName(CarrierSort.GATEWAY, box.serial_number),
            {},
            Radio(random, delay=(0.05, 1.5), loss=radio_loss),
        )
        for box in boxes
    ]
    twins = []
    for n, (room, lock, door) in enumerate(zip(homes, locks, doors, strict=True)):
        twin = Twin(lock.id, room.id, lock.serial_number, _twin(lock, door, site), carriers[n % gateways])
        twin.gateway.locks[twin.serial] = twin.lock
        twins.append(twin)
    made = GrandHouse(random, twins, carriers, kind.id, guest.id, reservation.id)
    db.remove()
    return made


def move_in(house: GrandHouse, twin: Twin, *, nights: int, now: datetime) -> int:
    """A guest is in the room of that lock from now on, for so many nights; the stay. Inside the caller's transaction."""
    with transaction() as session:
        today = now.date()
        stay = Stay(
            reservation_id=house.reservation_id,
            guest_id=house.guest_id,
            room_type_id=house.type_id,
            room_id=twin.room_id,
            arrival_date=today,
            departure_date=today + timedelta(days=nights),
            state=StayState.IN_HOUSE,
            checked_in_at=now,
        )
        session.add(stay)
        session.flush()
        session.add_all(
            RoomNight(room_id=twin.room_id, night=today + timedelta(days=n), stay_id=stay.id) for n in range(nights)
        )
        return stay.id


_FEATURES = ["passcode", "card", "remote"]


def _property(rooms: int) -> Property:
    return Property(
        id=1,
        name="Grand House",
        time_zone="Europe/Berlin",
        check_in_hour=15,
        check_out_hour=12,
        last_door_number=100 + rooms,
    )


def _twin(lock: Lock, door: Door, site: factories.SiteKey) -> VirtualLock:
    keys = KeySet(
        site.key_version,
        kdf.door_key(site.k_prop, site.key_version, door.number),
        site.pk_staff,
        {},
        kdf.card_a_key(site.k_prop, site.key_version),
    )
    return VirtualLock(
        LockState(
            lock_keys.serial_of(lock),
            lock_keys.mac_of(lock),
            bytes.fromhex(lock.lock_keys or ""),
            _KEYS,
            is_bound=True,
            bound_version=8,
            door_id=door.number,
            keys=[keys],
            tz_quarters=lock.utc_offset_quarters,
            checkout_hour=lock.check_out_hour,
        )
    )
