"""Doors and areas, and which lock hangs where."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.locks import queries, rules
from pms.locks.models import Area, Door, Lock, LockSetup
from pms.locks.service.scopes import ensure_scopes
from pms.properties import service as properties
from pms.rooms import queries as rooms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


def create_area(*, name: str, for_every_guest: bool = True, actor: Actor, now: datetime) -> Area:
    """An area with a number that nothing else ever had."""
    name = rules.clean_name(name, rules.BadAreaName)
    with transaction() as session:
        area = Area(number=properties.next_door_number(), name=name, for_every_guest=for_every_guest)
        with _unique(session, rules.AreaNameTaken(name=name)):
            session.add(area)
        audit.record(
            actor=actor,
            action="locks.area_created",
            subject=audit.Subject(kind="area", id=area.id, label=name),
            now=now,
            after={"name": name, "for_every_guest": for_every_guest},
        )
        return area


def change_area(*, area_id: int, name: str, for_every_guest: bool, actor: Actor, now: datetime) -> Area:
    """Rename an area, or change whether every guest's card opens it. Cards that exist keep what is on them."""
    name = rules.clean_name(name, rules.BadAreaName)
    with transaction() as session:
        area = queries.get_area(area_id)
        before = {"name": area.name, "for_every_guest": area.for_every_guest}
        after = {"name": name, "for_every_guest": for_every_guest}
        with _unique(session, rules.AreaNameTaken(name=name)):
            area.name, area.for_every_guest = name, for_every_guest
        if before != after:
            audit.record(
                actor=actor,
                action="locks.area_changed",
                subject=audit.Subject(kind="area", id=area.id, label=name),
                now=now,
                before=before,
                after=after,
            )
        return area


def give_door(
    *,
    room_id: int | None = None,
    area_id: int | None = None,
    lock_id: int | None = None,
    name: str = "",
    actor: Actor,
    now: datetime,
) -> Door:
    """A door for a room (which has one at most: then that one is taken) or one more for an area, with its lock."""
    if (room_id is None) == (area_id is None):
        raise rules.RoomOrArea
    with transaction() as session:
        door = _room_door(session, room_id, name) if room_id is not None else None
        is_new = door is None
        if door is None:
            place = _place_name(room_id, area_id)
            door = Door(
                number=properties.next_door_number(),
                name=rules.clean_name(name.strip() or place, rules.BadDoorName),
                room_id=room_id,
                area_id=area_id,
            )
            session.add(door)
            session.flush()
            ensure_scopes(now=now)
        if lock_id is not None and lock_id != door.lock_id:
            hang(session, door, lock_id)
        elif not is_new:
            return door
        audit.record(
            actor=actor,
            action="locks.door_given" if is_new else "locks.assigned",
            subject=_subject(door),
            now=now,
            after={"door": door.name, "lock": _lock_name(session, door.lock_id)},
        )
        return queries.get_door(door.id)


def assign_lock(*, door_id: int, lock_id: int, actor: Actor, now: datetime) -> Door:
    """Hang a loose lock on a door that has none. A lock that was set up for another door must be set up again."""
    with transaction() as session:
        door = _load_door(session, door_id)
        if door.lock_id == lock_id:
            return queries.get_door(door.id)
        hang(session, door, lock_id)
        audit.record(
            actor=actor,
            action="locks.assigned",
            subject=_subject(door),
            now=now,
            after={"door": door.name, "lock": _lock_name(session, lock_id)},
        )
        return queries.get_door(door.id)


def take_lock_off(*, door_id: int, actor: Actor, now: datetime) -> Door:
    """The lock no longer belongs to the door (it is replaced, or hangs elsewhere)."""
    with transaction() as session:
        door = _load_door(session, door_id)
        if door.lock_id is not None:
            subject, before = _subject(door), _lock_name(session, door.lock_id)
            door.lock_id = None
            session.flush()
            audit.record(
                actor=actor,
                action="locks.taken_off",
                subject=subject,
                now=now,
                before={"door": door.name, "lock": before},
            )
        return queries.get_door(door.id)


def rename_door(*, door_id: int, name: str, actor: Actor, now: datetime) -> Door:
    """What the door is called on pages; its number stays."""
    name = rules.clean_name(name, rules.BadDoorName)
    with transaction() as session:
        door = _load_door(session, door_id)
        if door.name != name:
            before, door.name = door.name, name
            audit.record(
                actor=actor,
                action="locks.door_renamed",
                subject=_subject(door),
                now=now,
                before={"name": before},
                after={"name": name},
            )
        return door


def _place_name(room_id: int | None, area_id: int | None) -> str:
    """What a door is called where nobody said otherwise; NotFound where there is no such place."""
    return rooms.get_room(room_id).number if room_id is not None else queries.get_area(area_id or 0).name


def _room_door(session: Session, room_id: int, name: str) -> Door | None:
    door = session.scalars(sa.select(Door).where(Door.room_id == room_id).with_for_update()).one_or_none()
    if door is not None and name.strip():
        door.name = rules.clean_name(name, rules.BadDoorName)
    return door


def hang(session: Session, door: Door, lock_id: int) -> None:
    """Inside the caller's transaction: the lock hangs on the door. DoorHasLock, LockTaken."""
    lock = session.get(Lock, lock_id, with_for_update=True)
    if lock is None:
        raise queries.NoSuchLock
    if door.lock_id is not None and door.lock_id != lock_id:
        raise rules.DoorHasLock(door=door.name, lock=_lock_name(session, door.lock_id))
    other = queries.door_of_lock(lock_id)
    if other is not None:
        raise rules.LockTaken(lock=lock.name, door=other.name)
    with _unique(session, rules.LockTaken(lock=lock.name, door="?")):
        door.lock_id = lock_id
    # One that was replaced, and repaired since, is in use again.
    lock.replaced_at = lock.replaced_by_id = None
    if lock.setup in (LockSetup.READY, LockSetup.MOVED):
        # It still holds the keys of the door that it was set up for, and no others.
        lock.setup = LockSetup.READY if lock.door_number == door.number else LockSetup.MOVED


@contextmanager
def _unique(session: Session, refusal: DomainError) -> Iterator[None]:
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        raise refusal from error


def _load_door(session: Session, door_id: int) -> Door:
    door = session.get(Door, door_id, with_for_update=True)
    return door if door is not None else queries.get_door(door_id)


def _lock_name(session: Session, lock_id: int | None) -> str:
    lock = session.get(Lock, lock_id) if lock_id is not None else None
    return lock.name if lock else ""


def _subject(door: Door) -> audit.Subject:
    return audit.Subject(kind="door", id=door.id, label=door.name, room_id=door.room_id, lock_id=door.lock_id)
