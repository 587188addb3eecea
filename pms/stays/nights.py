"""Takes and gives back nights: the only writer of `room_night` and `type_night`; the hours of days are `days`'.

Locks are always taken in one order: the stay, its rooms, their types, nights of types, nights of rooms, days of rooms, each
of them sorted; so two clerks never wait for each other in a circle. The primary key of one table and the CHECKs of the others
refuse what would be sold twice.
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
from pms.stays import days, rules
from pms.stays.models import RoomClosure, RoomNight, Stay, TypeNight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

_TYPE = cast("sa.Table", TypeNight.__table__)
_ROOM = cast("sa.Table", RoomNight.__table__)


class RoomTaken(DomainError):
    """Somebody else has the room on one of the nights."""

    code = "room_taken"
    field = "room_id"
    message = N_("Room %(room)s is taken on %(night)s: %(guest)s, %(arrival)s to %(departure)s (%(code)s).")


class RoomClosed(DomainError):
    """The room is not let on one of the nights."""

    code = "room_closed"
    field = "room_id"
    message = N_("Room %(room)s is closed from %(from_date)s until %(until_date)s: %(reason)s")


class TypeSoldOut(DomainError):
    """No room of the type is left on one of the nights."""

    code = "type_sold_out"
    field = "room_type_id"
    message = N_("No %(type)s is left on %(night)s. Somebody else may just have booked the last one.")


class Hold(NamedTuple):
    """What a stay takes: nights of types, nights of rooms, hours of days."""

    types: frozenset[tuple[int, date]] = frozenset()
    rooms: frozenset[tuple[int, date]] = frozenset()
    days: frozenset[days.Place] = frozenset()


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


def hold_type_to_change(room_type_id: int) -> None:
    """Take the type's own lock: what it has for sale changes."""
    rooms.hold_types([room_type_id], to_change=True)


def set_capacity(session: Session, room_type_id: int, from_date: date) -> date | None:
    """Take over how many rooms are in order, closed and may be overbooked for nights from `from_date` on.

    Gives the first night on which more are promised than would be left, and then changes nothing.
    """
    capacity = count_rooms(session, room_type_id)
    overbooking = session.get_one(RoomType, room_type_id).overbooking_limit
    closed = _closed_nights(session, room_type_id, from_date)
    rows = session.execute(
        sa.select(_TYPE.c.night, _TYPE.c.sold)
        .where(_TYPE.c.room_type_id == room_type_id, _TYPE.c.night >= from_date)
        .order_by(_TYPE.c.night)
        .with_for_update()
    ).all()
    for row in rows:
        if row.sold + closed.get(row.night, 0) > capacity + overbooking:
            return cast("date", row.night)
    session.execute(
        sa.update(_TYPE)
        .where(_TYPE.c.room_type_id == room_type_id, _TYPE.c.night >= from_date)
        .values(capacity=capacity, closed=0, overbooking=overbooking)
    )
    for night, count in sorted(closed.items()):
        values = {
            "room_type_id": room_type_id,
            "night": night,
            "sold": 0,
            "capacity": capacity,
            "overbooking": overbooking,
            "closed": count,
        }
        session.execute(
            insert_into(TypeNight).on_conflict_do_update(
                index_elements=["room_type_id", "night"], set_={"closed": count}
            ),
            values,
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
        wanted = rules.held_nights(stay)
        return Hold(frozenset((stay.room_type_id, night) for night in wanted if night >= since))
    return Hold(
        frozenset((row.room_type_id, row.night) for row in rows),
        frozenset((row.room_id, row.night) for row in rows),
        days.held(session, stay),
    )


def wanted(session: Session, stay: Stay, since: date) -> Hold:
    """What the stay must take as it is now, from the night `since` on."""
    dates = [n for n in rules.held_nights(stay) if n >= since]
    if stay.room_id is None:
        return Hold(frozenset((stay.room_type_id, night) for night in dates))
    room_type_id = session.get_one(Room, stay.room_id).room_type_id
    return Hold(
        frozenset((room_type_id, night) for night in dates),
        frozenset((stay.room_id, night) for night in dates),
        days.wanted(session, stay, dates, since),
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
    given = before.rooms - after.rooms
    for room_id, night in sorted(given):
        session.execute(
            sa.delete(_ROOM).where(_ROOM.c.room_id == room_id, _ROOM.c.night == night, _ROOM.c.stay_id == stay.id)
        )
    _take_rooms(session, after.rooms - before.rooms, stay_id=stay.id, closure_id=None)
    days.move(session, stay, before.days, after.days)


def close(session: Session, closure: RoomClosure, closed_nights: list[date]) -> None:
    """Take nights of a room for a closure; RoomTaken, RoomClosed, TypeSoldOut where the type is promised to the last room."""
    room = session.get_one(Room, closure.room_id)
    _take_rooms(session, {(room.id, night) for night in closed_nights}, stay_id=None, closure_id=closure.id)
    if room.out_of_order:
        return  # it does not count as a room that could be sold
    full = set_capacity(session, room.room_type_id, min(closed_nights))
    if full is not None:
        raise TypeSoldOut(type=session.get_one(RoomType, room.room_type_id).name, night=full)


def reopen(session: Session, closure: RoomClosure, since: date) -> None:
    """Give the nights of a closure back from `since` on."""
    session.execute(sa.delete(_ROOM).where(_ROOM.c.closure_id == closure.id, _ROOM.c.night >= since))
    set_capacity(session, session.get_one(Room, closure.room_id).room_type_id, since)


def _take_rooms(
    session: Session, taken: Collection[tuple[int, date]], *, stay_id: int | None, closure_id: int | None
) -> None:
    if not taken:
        return
    rows = [
        {"room_id": room_id, "night": night, "stay_id": stay_id, "closure_id": closure_id}
        for room_id, night in sorted(taken)
    ]
    try:
        with session.begin_nested():
            session.execute(sa.insert(_ROOM), rows)
    except IntegrityError as error:
        raise _taken(session, taken) from error


def count_rooms(session: Session, room_type_id: int) -> int:
    """How many rooms of the type can be sold: those that are in order."""
    return session.scalars(
        sa.select(sa.func.count()).select_from(Room).where(Room.room_type_id == room_type_id, ~Room.out_of_order)
    ).one()


def _closed_nights(session: Session, room_type_id: int, from_date: date) -> dict[date, int]:
    rows = session.execute(
        sa.select(RoomNight.night, sa.func.count())
        .join(Room, Room.id == RoomNight.room_id)
        .where(
            RoomNight.closure_id.is_not(None),
            RoomNight.night >= from_date,
            Room.room_type_id == room_type_id,
            ~Room.out_of_order,
        )
        .group_by(RoomNight.night)
    )
    return {row[0]: row[1] for row in rows}


def _count_types(session: Session, changes: dict[tuple[int, date], int]) -> None:
    capacity: dict[int, int] = {}
    limit: dict[int, int] = {}
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
            limit[room_type_id] = session.get_one(RoomType, room_type_id).overbooking_limit
        row = {
            "room_type_id": room_type_id,
            "night": night,
            "sold": 1,
            "capacity": capacity[room_type_id],
            "overbooking": limit[room_type_id],
        }
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
        if row is None or row.sold + row.closed >= row.capacity + row.overbooking:
            full.append((night, room_type_id))
    if not full:
        return None
    night, room_type_id = min(full)
    return TypeSoldOut(type=session.get_one(RoomType, room_type_id).name, night=night)


def _taken(session: Session, keys: Iterable[tuple[int, date]]) -> DomainError:
    room_ids = {room_id for room_id, _ in keys}
    dates = [night for _, night in keys]
    closed = session.execute(
        sa.select(Room.number, RoomClosure)
        .join(RoomNight, RoomNight.closure_id == RoomClosure.id)
        .join(Room, Room.id == RoomNight.room_id)
        .where(RoomNight.room_id.in_(room_ids), RoomNight.night.in_(dates))
        .order_by(RoomNight.night)
        .limit(1)
    ).one_or_none()
    if closed is not None:
        closure = closed.RoomClosure
        return RoomClosed(
            room=closed.number, from_date=closure.from_date, until_date=closure.until_date, reason=closure.reason
        )
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
