"""Reads of locks, doors and areas."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.ids import LARGEST
from pms.core.text import N_
from pms.locks import rules
from pms.locks.models import Area, Door, Lock, LockBattery, LockSetup
from pms.rooms.models import Room


class NoSuchLock(NotFound):
    """The lock does not exist."""

    code = "no_such_lock"
    message = N_("There is no such lock, or no longer.")


@dataclass(frozen=True, slots=True)
class LockRow:
    """A lock of the list and the door it hangs on."""

    lock: Lock
    door: Door | None

    @property
    def is_low(self) -> bool:
        """Whether its battery should be changed soon."""
        return rules.is_low(self.lock.battery_percent)

    @property
    def waits(self) -> bool:
        """Whether somebody must come with a phone."""
        return rules.waits_for_phone(self.lock.setup)


@dataclass(frozen=True, slots=True)
class LockCounts:
    """What the head of the list says."""

    all: int
    waiting: int
    low: int
    loose: int
    replaced: int


def find_lock(lock_id: int) -> Lock | None:
    """The lock, or None."""
    return db.session.get(Lock, lock_id)


def get_lock(lock_id: int) -> Lock:
    """The lock; NoSuchLock where there is none."""
    lock = find_lock(lock_id)
    if lock is None:
        raise NoSuchLock
    return lock


def find_by_wire_id(number: int) -> Lock:
    """The lock that programs call so: the one that was imported with this id, else ours with it; NoSuchLock."""
    same = Lock.origin_id == str(number)
    found = db.session.scalars(
        sa.select(Lock).where(sa.or_(same, Lock.id == number) if number <= LARGEST else same).order_by(same.desc())
    ).first()
    if found is None:
        raise NoSuchLock
    return found


def list_for_programs() -> Sequence[Lock]:
    """Every lock that is in use, in the order in which they came."""
    return db.session.scalars(sa.select(Lock).where(Lock.replaced_at.is_(None)).order_by(Lock.id)).all()


def find_lock_by_serial(serial_number: str) -> Lock | None:
    """The lock with this serial number (12 hex digits in any case), or None."""
    return db.session.scalars(sa.select(Lock).where(Lock.serial_number == serial_number.upper())).one_or_none()


def list_locks(*, text: str = "", show: str = "all") -> list[LockRow]:
    """Locks with their doors, by door; `show` is all, waiting, low, loose or replaced; `text` is part of a name, number or door."""
    query = (
        sa.select(Lock, Door)
        .outerjoin(Door, Door.lock_id == Lock.id)
        .outerjoin(Room, Room.id == Door.room_id)
        .options(joinedload(Door.room), joinedload(Door.area))
        .order_by(Door.name.is_(None), Door.name, Lock.name)
    )
    if text.strip():
        pattern = f"%{_escaped(text.strip())}%"
        columns = (Lock.name, Lock.serial_number, Lock.mac, Door.name, Room.number)
        query = query.where(sa.or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    condition = _SHOW.get(show)
    if condition is not None:
        query = query.where(condition)
    query = query.where(Lock.replaced_at.is_not(None) if show == "replaced" else Lock.replaced_at.is_(None))
    return [LockRow(row[0], row[1]) for row in db.session.execute(query).all()]


def count_locks() -> LockCounts:
    """How many locks there are, and how many need somebody."""
    is_used = Lock.replaced_at.is_(None)
    conditions = (is_used, *(sa.and_(is_used, _SHOW[name]) for name in ("waiting", "low", "loose")), ~is_used)
    counts = db.session.execute(
        sa.select(
            *(sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0) for condition in conditions)
        ).outerjoin(Door, Door.lock_id == Lock.id)
    ).one()
    return LockCounts(*counts)


def battery_days(lock_id: int) -> Sequence[LockBattery]:
    """The battery of a lock on the days on which it changed, oldest first."""
    return db.session.scalars(
        sa.select(LockBattery).where(LockBattery.lock_id == lock_id).order_by(LockBattery.day)
    ).all()


def list_loose_locks() -> Sequence[Lock]:
    """Locks that hang on no door."""
    return db.session.scalars(
        sa.select(Lock)
        .outerjoin(Door, Door.lock_id == Lock.id)
        .where(Door.id.is_(None), Lock.replaced_at.is_(None))
        .order_by(Lock.name)
    ).all()


def find_door(door_id: int) -> Door | None:
    """The door with lock, room and area, or None."""
    return db.session.scalars(_doors().where(Door.id == door_id)).one_or_none()


def get_door(door_id: int) -> Door:
    """The door with lock, room and area; NotFound where there is none."""
    door = find_door(door_id)
    if door is None:
        raise NotFound
    return door


def door_of_room(room_id: int) -> Door | None:
    """The room's door with its lock, or None where it has none yet."""
    return db.session.scalars(_doors().where(Door.room_id == room_id)).one_or_none()


def door_of_lock(lock_id: int) -> Door | None:
    """The door that the lock hangs on, or None."""
    return db.session.scalars(_doors().where(Door.lock_id == lock_id)).one_or_none()


def doors_of_locks(lock_ids: Collection[int]) -> dict[int, Door]:
    """By the lock's id, the door that it hangs on; alone, without room and area."""
    found = db.session.scalars(sa.select(Door).where(Door.lock_id.in_(lock_ids)))
    return {door.lock_id: door for door in found if door.lock_id is not None}


def list_doors(room_ids: Collection[int] | None = None) -> Sequence[Door]:
    """Every door (or those of some rooms) with lock, room and area, by name."""
    query = _doors().order_by(Door.area_id.is_(None), Door.name, Door.number)
    if room_ids is not None:
        query = query.where(Door.room_id.in_(room_ids))
    return db.session.scalars(query).all()


def doors_with_locks(*, door_ids: Collection[int], area_ids: Collection[int]) -> Sequence[Door]:
    """Those of these doors, and of the doors of these areas, in which a lock hangs; in the order of the locks."""
    return db.session.scalars(
        _doors()
        .where(Door.lock_id.is_not(None), sa.or_(Door.id.in_(door_ids), Door.area_id.in_(area_ids)))
        .order_by(Door.lock_id)
    ).all()


def doors() -> Sequence[Door]:
    """Every door with lock, room and area, by name."""
    return list_doors()


def list_areas() -> Sequence[Area]:
    """Every area, by name."""
    return db.session.scalars(sa.select(Area).order_by(Area.name)).all()


def get_area(area_id: int) -> Area:
    """The area; NotFound where there is none."""
    area = db.session.get(Area, area_id)
    if area is None:
        raise NotFound
    return area


def areas_for_guests() -> Sequence[Area]:
    """The areas that every guest's card opens."""
    return db.session.scalars(sa.select(Area).where(Area.for_every_guest).order_by(Area.number)).all()


def doors_of_areas() -> dict[int, list[Door]]:
    """The doors of each area, by area id."""
    found: dict[int, list[Door]] = {}
    for door in db.session.scalars(_doors().where(Door.area_id.is_not(None)).order_by(Door.name)):
        found.setdefault(door.area_id or 0, []).append(door)
    return found


def rooms_without_door() -> Sequence[Room]:
    """Rooms that have no door with a lock yet, by number."""
    return db.session.scalars(
        sa.select(Room)
        .outerjoin(Door, Door.room_id == Room.id)
        .where(sa.or_(Door.id.is_(None), Door.lock_id.is_(None)))
        .order_by(Room.number)
    ).all()


def _doors() -> sa.Select[Door]:
    return sa.select(Door).options(joinedload(Door.lock), joinedload(Door.room), joinedload(Door.area))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_SHOW: dict[str, sa.ColumnElement[bool]] = {
    "waiting": Lock.setup != LockSetup.READY,
    "low": Lock.battery_percent <= rules.LOW_BATTERY,
    "loose": Door.id.is_(None),
}
