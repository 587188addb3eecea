"""What is left, read from the counts that the promises themselves are held to: one query, whatever the span."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from pms.availability import rules
from pms.availability.rules import Alternative, Offer, TypeNights
from pms.core.db import db
from pms.rooms.models import Room, RoomType
from pms.stays.models import TypeNight


def type_nights(*, from_date: date, until: date) -> list[TypeNights]:
    """Every type, in the house's order, with each night from `from_date` to the one before `until`."""
    rooms = (
        sa.select(Room.room_type_id, sa.func.count().label("count"))
        .where(~Room.out_of_order)
        .group_by(Room.room_type_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(
            RoomType.id,
            RoomType.code,
            RoomType.name,
            RoomType.beds,
            RoomType.night_price,
            RoomType.overbooking_limit,
            sa.func.coalesce(rooms.c.count, 0).label("capacity"),
            TypeNight.night,
            TypeNight.sold,
            TypeNight.closed,
        )
        .outerjoin(rooms, rooms.c.room_type_id == RoomType.id)
        .outerjoin(
            TypeNight,
            sa.and_(TypeNight.room_type_id == RoomType.id, TypeNight.night >= from_date, TypeNight.night < until),
        )
        .order_by(RoomType.position, RoomType.code, TypeNight.night)
    ).all()
    counts: dict[int, dict[date, tuple[int, int]]] = {}
    kinds = {}
    for row in rows:
        kinds[row.id] = row
        found = counts.setdefault(row.id, {})
        if row.night is not None:
            found[row.night] = (row.sold, row.closed)
    return [
        TypeNights(
            id=row.id,
            code=row.code,
            name=row.name,
            beds=row.beds,
            night_price=row.night_price,
            limit=row.overbooking_limit,
            nights=tuple(
                rules.fill(
                    counts[row.id],
                    from_date=from_date,
                    until=until,
                    capacity=row.capacity,
                    limit=row.overbooking_limit,
                )
            ),
        )
        for row in kinds.values()
    ]


def offers(*, arrival: date, departure: date) -> list[Offer]:
    """How many rooms of each type are left on every one of these nights, with the price of the whole stay."""
    until = max(departure, arrival + timedelta(days=1))
    return [rules.offer(kind, arrival, departure) for kind in type_nights(from_date=arrival, until=until)]


def nearest(*, type_id: int | None, arrival: date, departure: date, today: date) -> list[Alternative]:
    """What could be offered instead of a stay that cannot be had."""
    near = timedelta(days=rules.NEAR_DAYS)
    kinds = type_nights(from_date=arrival - near, until=max(departure, arrival + timedelta(days=1)) + near)
    return rules.alternatives(kinds, type_id=type_id, arrival=arrival, departure=departure, today=today)
