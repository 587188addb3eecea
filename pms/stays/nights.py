"""Takes and gives back nights: the only writer of `room_night` and `type_night`.

Locks are always taken in one order: the stay, its rooms, their types, nights of types, nights of rooms, each of them
sorted; so two clerks never wait for each other in a circle. The primary key of one table and the CHECK of the other refuse
what would be sold twice.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.core.db import insert_into
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.core.text import N_
from pms.guests.models import Guest
from pms.reservations.models import Reservation
from pms.rooms import queries as rooms
from pms.rooms.models import Room, RoomType
from pms.stays import rules
from pms.stays.models import RoomNight, Stay, TypeNight

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

_TYPE = cast("sa.Table", TypeNight.__table__)
_ROOM = cast("sa.Table", RoomNight.__table__)


class RoomTaken(DomainError):
    """Somebody else has the room on one of the nights."""

    code = "room_taken"
    field = "room_id"
    message = N_("Room %(room)s is taken on %(night)s: %(guest)s, %(arrival)s to %(departure)s (%(code)s).")


class TypeSoldOut(DomainError):
    """No room of the type is left on one of the nights."""

    code = "type_sold_out"
    field = "room_type_id"
    message = N_("No %(type)s is left on %(night)s. Somebody else may just have booked the last one.")


class Hold(NamedTuple):
    """What a stay takes: nights of types, nights of rooms."""

    types: frozenset[tuple[int, date]]
    rooms: frozenset[tuple[int, date]]


def lock(session: Session, *, type_ids: Iterable[int], room_ids: Iterable[int]) -> None:
    """Take the locks of rooms, then of types (shared: the number of rooms must not change meanwhile), each in order."""
    wanted_rooms, types = sorted(set(room_ids)), set(type_ids)
    if wanted_rooms:
        rows = session.execute(
            sa.select(Room.room_type_id)
            .where(Room.id.in_(wanted_rooms))
            .order_by(Room.id)
            .with_for_update(key_share=True)
        )
        types |= set(rows.scalars())
    rooms.hold_types(sorted(types))


def set_capacity(session: Session, room_type_id: int, from_date: date) -> date | None:
    """Take over the number of rooms that are in order for nights from `from_date` on.

    Gives the first night on which more are promised than would be left, and then changes nothing.
    """
    capacity = count_rooms(session, room_type_id)
    rows = session.execute(
        sa.select(_TYPE.c.night, _TYPE.c.sold)
        .where(_TYPE.c.room_type_id == room_type_id, _TYPE.c.night >= from_date)
        .order_by(_TYPE.c.night)
        .with_for_update()
    ).all()
    for row in rows:
        if row.sold > capacity:
            return cast("date", row.night)
    session.execute(
        sa.update(_TYPE)
        .where(_TYPE.c.room_type_id == room_type_id, _TYPE.c.night >= from_date)
        .values(capacity=capacity)
    )
    return None


def held(session: Session, stay: Stay, since: date) -> Hold:
    """What the stay takes now, from the night `since` on, read from the tables."""
    rows = session.execute(
        sa.select(RoomNight.room_id, RoomNight.night, Room.room_type_id)
        .join(Room, Room.id == RoomNight.room_id)
        .where(RoomNight.stay_id == stay.id, RoomNight.night >= since)
    ).all()
    if stay.room_id is None:
        wanted = rules.held_nights(stay.state, stay.arrival_date, stay.departure_date)
        return Hold(frozenset((stay.room_type_id, night) for night in wanted if night >= since), frozenset())
    return Hold(
        frozenset((row.room_type_id, row.night) for row in rows), frozenset((row.room_id, row.night) for row in rows)
    )


def wanted(session: Session, stay: Stay, since: date) -> Hold:
    """What the stay must take as it is now, from the night `since` on."""
    dates = [n for n in rules.held_nights(stay.state, stay.arrival_date, stay.departure_date) if n >= since]
    if stay.room_id is None:
        return Hold(frozenset((stay.room_type_id, night) for night in dates), frozenset())
    room_type_id = session.get_one(Room, stay.room_id).room_type_id
    return Hold(
        frozenset((room_type_id, night) for night in dates), frozenset((stay.room_id, night) for night in dates)
    )


def move(session: Session, stay: Stay, before: Hold, after: Hold) -> None:
    """Bring the tables from `before` to `after`; RoomTaken or TypeSoldOut where others were faster."""
    changes = dict.fromkeys(before.types - after.types, -1) | dict.fromkeys(after.types - before.types, 1)
    try:
        with session.begin_nested():
            _count_types(session, changes)
    except IntegrityError as error:
        refused = _sold_out(session, sorted(key for key, by in changes.items() if by > 0))
        if refused is None:
            raise
        raise refused from error
    given, taken = before.rooms - after.rooms, after.rooms - before.rooms
    for room_id, night in sorted(given):
        session.execute(
            sa.delete(_ROOM).where(_ROOM.c.room_id == room_id, _ROOM.c.night == night, _ROOM.c.stay_id == stay.id)
        )
    if not taken:
        return
    try:
        with session.begin_nested():
            rows = [{"room_id": room_id, "night": night, "stay_id": stay.id} for room_id, night in sorted(taken)]
            session.execute(sa.insert(_ROOM), rows)
    except IntegrityError as error:
        raise _taken(session, taken) from error


def count_rooms(session: Session, room_type_id: int) -> int:
    """How many rooms of the type can be sold: those that are in order."""
    return session.scalars(
        sa.select(sa.func.count()).select_from(Room).where(Room.room_type_id == room_type_id, ~Room.out_of_order)
    ).one()


def _count_types(session: Session, changes: dict[tuple[int, date], int]) -> None:
    capacity: dict[int, int] = {}
    for (room_type_id, night), by in sorted(changes.items()):
        if by < 0:
            session.execute(
                sa.update(_TYPE)
                .where(_TYPE.c.room_type_id == room_type_id, _TYPE.c.night == night)
                .values(sold=_TYPE.c.sold - 1)
            )
            continue
        if room_type_id not in capacity:
            capacity[room_type_id] = count_rooms(session, room_type_id)
        row = {"room_type_id": room_type_id, "night": night, "sold": 1, "capacity": capacity[room_type_id]}
        session.execute(
            insert_into(TypeNight).on_conflict_do_update(
                index_elements=["room_type_id", "night"], set_={"sold": _TYPE.c.sold + 1}
            ),
            row,
        )


def _sold_out(session: Session, keys: list[tuple[int, date]]) -> DomainError | None:
    """Names the first full night; None where the refusal had another cause, which is a fault of ours."""
    full = []
    for room_type_id, night in keys:
        row = session.get(TypeNight, (room_type_id, night), populate_existing=True)
        if row is None or row.sold >= row.capacity:
            full.append((night, room_type_id))
    if not full:
        return None
    night, room_type_id = min(full)
    return TypeSoldOut(type=session.get_one(RoomType, room_type_id).name, night=night)


def _taken(session: Session, keys: Iterable[tuple[int, date]]) -> DomainError:
    room_ids = {room_id for room_id, _ in keys}
    dates = [night for _, night in keys]
    row = session.execute(
        sa.select(RoomNight.night, Room.number, Guest, Stay, Reservation.code)
        .join(Room, Room.id == RoomNight.room_id)
        .join(Stay, Stay.id == RoomNight.stay_id)
        .join(Guest, Guest.id == Stay.guest_id)
        .join(Reservation, Reservation.id == Stay.reservation_id)
        .where(RoomNight.room_id.in_(room_ids), RoomNight.night.in_(dates))
        .order_by(RoomNight.night)
        .limit(1)
    ).one_or_none()
    if row is None:
        return ChangedMeanwhile()
    return RoomTaken(
        room=row.number,
        night=row.night,
        guest=row.Guest.name,
        arrival=row.Stay.arrival_date,
        departure=row.Stay.departure_date,
        code=row.code,
    )
