"""Makes the demo hotel through the same services that staff use, in one transaction: all of it or nothing."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pms.accounts import service as accounts
from pms.accounts.models import Role
from pms.core import clock
from pms.core.actor import SETUP, Actor
from pms.core.db import transaction
from pms.demo import arrivals, calendar, dressing, house_day, keys, money, people, remote, staff
from pms.demo.machines import MachineKind
from pms.encoders import service as encoders
from pms.guests import service as guests
from pms.locks import queries as lock_queries
from pms.locks import schemas as lock_schemas
from pms.locks import service as locks
from pms.properties import queries as property_queries
from pms.properties import service as properties
from pms.rooms import queries as room_queries
from pms.rooms import service as rooms
from pms.rooms.models import HousekeepingStatus
from pms.simulators.lock import LockState, VirtualLock
from pms.stays import queries as stay_queries
from pms.stays import service as stays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.demo.world import World

PASSWORD = "latchkey-demo"  # noqa: S105 - opens demo databases only
LOG_INS = {
    "desk": "front desk",
    "housekeeper": "housekeeping",
    "technician": "maintenance",
    "manager": "manager",
    "admin": "administrator",
}
LOCKS_OF_USER = Path(__file__).with_name("locks-of-user.json")
MACHINES = {
    "Front desk 1": (MachineKind.MACHINE, "0932211c49aeb6f8"),
    "Front desk 2": (MachineKind.MACHINE, "0932211c49aeb701"),
    "Night desk": (MachineKind.PN532, ""),
    "Finger reader": (MachineKind.EF01, ""),
}

_ROLES = (Role.FRONT_DESK, Role.HOUSEKEEPING, Role.MAINTENANCE, Role.MANAGER, Role.ADMINISTRATOR)
_NAMES = ("Mia Sommer", "Nadia Petrova", "Tom Keller", "Helen Marsh", "Admin")
_TYPES = (
    ("STD", "Standard", 2),
    ("TWN", "Twin", 2),
    ("DLX", "Deluxe", 2),
    ("STE", "Suite", 4),
    ("APT", "Apartment", 4),
)
# Twelve rooms a floor: which type each has.
_FLOOR_PLAN = ("STD",) * 5 + ("TWN",) * 3 + ("DLX",) * 2 + ("STE", "APT")
_AREAS = (("Lobby entrance", ("Lobby entrance",)), ("Pool and gym", ("Pool", "Gym")))
_FLOORS = 5
_ZONE = ZoneInfo("Europe/Berlin")


@dataclass
class _Making:
    """What is at hand while the hotel is made."""

    world: World
    random: Random
    real: datetime
    now: datetime
    desk: Actor = SETUP
    cleaner: Actor = SETUP
    technician: Actor = SETUP
    manager: Actor = SETUP
    purse: money.Purse = field(default_factory=money.Purse)
    stay_ids: dict[int, int] = field(default_factory=dict)

    def travel(self, at: datetime) -> None:
        """Set the clock of house and locks."""
        clock.move_to_offset(at - self.real)


def build(world: World, *, floors: int = _FLOORS, hour: int | None = None) -> None:
    """House, staff, rooms (twelve a floor), locks that are set up, machines, and six weeks of guests.

    With `hour`, the clocks of house and locks show that hour of today when it is done, whatever time it really is.
    """
    real = clock.now()
    now = real if hour is None else _at_hour(real.astimezone(_ZONE), hour).astimezone(UTC)
    world.is_being_made = True
    making = _Making(world, Random(20), real, now)  # noqa: S311 - invented guests need no secrecy
    founded = now - timedelta(days=calendar.PAST_DAYS + 40)
    making.travel(founded)
    try:
        with transaction():
            properties.create_house(
                name="Hotel Linden",
                time_zone=_ZONE.key,
                check_in_hour=15,
                check_out_hour=12,
                actor=SETUP,
                now=founded,
            )
            _hire(making, founded)
            money.set_terms(actor=SETUP, now=founded)
            _build_rooms(founded, floors)
            for name, (kind, serial_number) in MACHINES.items():
                url = world.start_machine(name, serial_number, kind)
                encoders.add_encoder(name=name, url=url, driver=kind.value, actor=SETUP, now=founded)
        _let_live(making)
        with transaction():
            _clean(making)
            arrivals.arrive(desk=making.desk, cleaner=making.cleaner, now=making.now)
        dressing.dress(
            random=making.random,
            desk=making.desk,
            technician=making.technician,
            today=now.astimezone(_ZONE).date(),
            now=now,
        )
        with transaction():
            house_day.liven(making.random, desk=making.desk, cleaner=making.cleaner, now=now)
            making.purse.spend(actor=making.desk, now=making.now)
        money.make_pack(actor=making.manager, now=making.now)
    finally:
        making.travel(now)
    # The file is what says that the hotel is whole.
    world.is_being_made = False
    world.save()


def _at_hour(real: datetime, hour: int) -> datetime:
    """Not at its very end: the hotel should still show this hour when it is done."""
    return real.replace(hour=hour, minute=min(real.minute, 30))


def _hire(making: _Making, at: datetime) -> None:
    hired = []
    for (username, _), role, name in zip(LOG_INS.items(), _ROLES, _NAMES, strict=True):
        account = accounts.create_account(
            username=username, display_name=name, password=PASSWORD, role=role, is_demo=True, actor=SETUP, now=at
        )
        hired.append(Actor(kind="account", name=name, account_id=account.id, address="127.0.0.1"))
    making.desk, making.cleaner, making.technician, making.manager = hired[:4]


def _build_rooms(at: datetime, floors: int) -> None:
    types = {
        code: rooms.create_room_type(
            code=code, name=name, beds=beds, night_price=money.NIGHTS[code], actor=SETUP, now=at
        ).id
        for code, name, beds in _TYPES
    }
    building = rooms.create_building(name="Main house", actor=SETUP, now=at)
    for number in range(1, floors + 1):
        floor = rooms.create_floor(building_id=building.id, name=str(number), position=number, actor=SETUP, now=at)
        for index, code in enumerate(_FLOOR_PLAN, start=1):
            rooms.create_room(
                number=f"{number}{index:02}",
                floor_id=floor.id,
                room_type_id=types[code],
                actor=SETUP,
                now=at,
            )


def _hang_locks(making: _Making, at: datetime) -> None:
    """Import the two locks of the example and one for every other door; set all of them up with an installer's phone."""
    example = LOCKS_OF_USER.read_bytes()
    house = room_queries.list_rooms()
    commons = [(area, door) for area, doors in _AREAS for door in doors]
    given = json.loads(example)["data"]
    extra = [_factory_lock(n) for n in range(len(house) + len(commons) - len(given))]
    made_up = json.dumps({"code": 200, "msg": "成功", "total": 0, "data": extra, "success": True}).encode()
    for document in (example, made_up):
        found, faults = lock_schemas.read(document)
        locks.import_locks(found=found, faults=faults, actor=SETUP, now=at)
    for values in (*given, *extra):
        making.world.locks[values["lockSn"]] = _device(values)
    areas = {name: locks.create_area(name=name, for_every_guest=True, actor=SETUP, now=at).id for name, _ in _AREAS}
    known = (lock_queries.find_lock_by_serial(str(values["lockSn"])) for values in (*extra, *given))
    devices = [lock for lock in known if lock is not None]
    for room, lock in zip(house, devices[len(commons) :], strict=True):
        locks.give_door(name=room.number, room_id=room.id, lock_id=lock.id, actor=SETUP, now=at)
    for (area, name), lock in zip(commons, devices[: len(commons)], strict=True):
        locks.give_door(name=name, area_id=areas[area], lock_id=lock.id, actor=SETUP, now=at)
    staff.make_sections(making.technician, at)
    for lock in devices:
        frame = locks.start_setup(lock_id=lock.id, actor=making.technician, now=at)
        answer = making.world.exchange(lock.serial_number, frame)
        if answer is None:
            raise RuntimeError(f"the virtual lock {lock.serial_number} did not answer")
        locks.finish_setup(lock_id=lock.id, answer=answer, actor=making.technician, now=at)


def _factory_lock(number: int) -> dict[str, object]:
    """A lock as the vendor's system lists it."""
    serial = secrets.token_hex(6).upper()
    digits = "0123456789"
    return {
        "id": str(1983007722421400000 + number),
        "lockNumber": "Z-LOCK",
        "lockSn": serial,
        "lockUsername": f"Z-{0x400100 + number:06X}",
        "lockStatus": "01",
        "electricity": str(18 if number % 23 == 7 else 60 + number * 7 % 40),
        "featureCodes": "遥控,卡片,密码,指纹",
        "doubleVerify": "".join(secrets.choice(digits) for _ in range(4)),
        "mac": f"01:01:11:41:{number >> 8:02X}:{number & 255:02X}",
        "pwAdmin": "".join(secrets.choice(digits) for _ in range(8)),
        "serverKeys": "".join(secrets.choice(digits) for _ in range(16)),
        "lockKeys": secrets.token_hex(8).upper(),
        "delFlag": "0",
        "agreementType": "08",
    }


def _device(values: dict[str, str]) -> VirtualLock:
    """The device that the row describes, bound to whoever exported it."""
    state = LockState(
        sn=bytes.fromhex(values["lockSn"]),
        mac=bytes.fromhex(values["mac"].replace(":", "")),
        lock_keys=bytes.fromhex(values["lockKeys"]),
        server_keys=values["serverKeys"],
        version=int(values["agreementType"]),
        bound_version=int(values["agreementType"]),
        is_bound=True,
        battery=int(values["electricity"]),
    )
    return VirtualLock(state)


def _let_live(making: _Making) -> None:
    """Everything that desk and guests have done until now, in the order in which it was done."""
    house = property_queries.get_property()
    rooms_of_house = [(room.id, room.room_type_id) for room in room_queries.list_rooms()]
    plans = calendar.plan(
        making.random,
        rooms=len(rooms_of_house),
        closed=_closed_room(rooms_of_house),
        kept=_kept_rooms(rooms_of_house),
        today=making.now.astimezone(house.zone).date(),
        now=making.now,
        zone=house.zone,
    )
    events = [event for index, plan in enumerate(plans) for event in _events(making, index, plan)]
    # Before the first of the present guests came, and seldom before the clocks were last put forward or back.
    events.append((making.now - timedelta(days=9), _LOCKS, -1))
    events += [(making.now - timedelta(days=8), _STAFF, -1), (making.now - timedelta(days=1), _LOSS, -1)]
    events += [(making.now - timedelta(days=6), _INSTALLER, -1), (making.now, _REPORT, -1)]
    events.sort()
    with keys.Hands(making.world, making.desk) as hands:
        for is_at_desk, group in groupby(events, key=lambda event: event[1] < _CARD):
            if is_at_desk:
                with transaction():
                    for at, kind, index in group:
                        plan = plans[index]
                        _play(making, kind, index, plan, *rooms_of_house[plan.room], at)
                continue
            # Cards and doors: the machine, the lock and the program must agree about the time.
            for at, kind, index in group:
                making.travel(at)
                _play_at_door(making, hands, kind, index, at)


_CARD, _DOOR, _LOCKS, _STAFF, _LOSS, _INSTALLER, _REPORT = 5, 6, 7, 8, 9, 10, 11


def _events(making: _Making, index: int, plan: calendar.PlannedStay) -> list[tuple[datetime, int, int]]:
    """What happens to one party until now: instant, kind (the numbers of `_play`, then card and door), index."""
    events = [(plan.booked_at, 0, index)]
    if plan.fate == "cancels":
        events.append((max(plan.booked_at, plan.arrives_at - timedelta(days=2)) + timedelta(minutes=5), 1, index))
    elif plan.fate == "does not come":
        events.append((plan.arrives_at + timedelta(hours=9), 2, index))
    else:
        events += [(plan.arrives_at, 3, index), (plan.leaves_at, 4, index)]
        # Who has left has given the card back; one guest in eight still waits for one.
        if plan.arrives_at <= making.now < plan.leaves_at and making.random.random() > 0.12:
            made_at = plan.arrives_at + timedelta(minutes=1)
            events.append((made_at, _CARD, index))
            events += [
                (at, _DOOR, index) for at in calendar.openings(making.random, plan, first=made_at, now=making.now)
            ]
    return [event for event in events if event[0] <= making.now]


def _play_at_door(making: _Making, hands: keys.Hands, kind: int, index: int, at: datetime) -> None:
    if kind == _LOCKS:
        with transaction():
            _hang_locks(making, at)
    elif kind == _STAFF:
        staff.hand_out(hands)
    elif kind == _LOSS:
        staff.lose_one(hands)
        hands.lose_one_of_two()
    elif kind == _INSTALLER:
        remote.install(hands, making.desk, making.technician)
    elif kind == _REPORT:
        remote.report(hands, making.desk, making.technician)
    elif kind == _CARD:
        hands.make_card(making.stay_ids[index])
    else:
        hands.open_door(making.stay_ids[index])


def _closed_room(listed: Sequence[object]) -> int:
    """The index of the room that nobody gets."""
    return len(listed) * 2 // 3


def _kept_rooms(listed: Sequence[tuple[int, int]]) -> list[int]:
    """The indexes of some rooms of the commonest type, for those who come together today; none in a small house."""
    kinds = [kind for _room, kind in listed]
    commonest = max(kinds, key=kinds.count)
    found = [index for index, kind in enumerate(kinds) if kind == commonest and index != _closed_room(listed)]
    return found[-arrivals.NEEDED :] if len(found) > 2 * arrivals.NEEDED else []


def _play(
    making: _Making, kind: int, index: int, plan: calendar.PlannedStay, room_id: int, room_type_id: int, at: datetime
) -> None:
    desk = making.desk
    if kind == 0:
        guest = guests.create_guest(fields=people.invent(making.random), actor=desk, now=at)
        stay = stays.book(
            guest_id=guest.id,
            room_type_id=room_type_id,
            room_id=room_id if plan.is_assigned else None,
            arrival_date=plan.arrival,
            departure_date=plan.departure,
            adults=plan.adults,
            source=making.random.choice(("desk", "phone", "web", "web")),
            actor=desk,
            now=at,
        )
        making.stay_ids[index] = stay.id
        return
    stay_id = making.stay_ids[index]
    if kind == 1:
        stays.cancel(stay_id=stay_id, actor=desk, now=at)
    elif kind == 2:
        stays.mark_no_show(stay_id=stay_id, actor=desk, now=at)
    elif kind == 3:
        stays.check_in(stay_id=stay_id, actor=desk, now=at)
    else:
        making.purse.pay(stay_id, actor=desk, now=at)
        stays.check_out(stay_id=stay_id, actor=desk, now=at)
        rooms.set_housekeeping(room_id=room_id, status=HousekeepingStatus.DIRTY, actor=desk, now=at)
        cleaned = at + timedelta(minutes=making.random.randint(40, 150))
        if cleaned < making.now:
            rooms.set_housekeeping(room_id=room_id, status=HousekeepingStatus.CLEAN, actor=making.cleaner, now=cleaned)


def _clean(making: _Making) -> None:
    """A morning's work is still to be done, on empty rooms first of all; one room is out of order."""
    listed = room_queries.list_rooms()
    closed = listed[_closed_room(listed)]
    taken = {stay.room_id for stay in stay_queries.in_house()}
    vacant = [room for room in listed if room.id not in taken and room is not closed]
    occupied = [room for room in listed if room.id in taken]
    dirty = making.random.sample(vacant, min(3, len(vacant))) + making.random.sample(occupied, min(5, len(occupied)))
    for room in dirty:
        rooms.set_housekeeping(room_id=room.id, status=HousekeepingStatus.DIRTY, actor=making.cleaner, now=making.now)
    rooms.take_out_of_order(
        room_id=closed.id,
        reason="The shower leaks; the plumber comes on Thursday",
        actor=making.technician,
        now=making.now,
    )
