"""Reads of rooms that are closed for some nights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.rooms.models import Floor, Room
from pms.stays.models import RoomClosure

if TYPE_CHECKING:
    from datetime import date


def list_open(*, since: date, room_id: int | None = None) -> list[RoomClosure]:
    """Closures that are not over on that day nor opened again, the next one first."""
    query = (
        sa.select(RoomClosure)
        .where(RoomClosure.until_date > since, RoomClosure.reopened_at.is_(None))
        .options(
            joinedload(RoomClosure.room).options(
                joinedload(Room.room_type), joinedload(Room.floor).joinedload(Floor.building)
            )
        )
        .order_by(RoomClosure.from_date, RoomClosure.room_id)
    )
    if room_id is not None:
        query = query.where(RoomClosure.room_id == room_id)
    return list(db.session.scalars(query))
