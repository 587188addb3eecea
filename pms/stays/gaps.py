"""What stands before and after some nights in each room, for those who choose among free rooms."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from pms.core.db import db
from pms.stays.models import RoomDay, RoomNight

# Beyond that a room counts as free for as long as anybody wants.
HORIZON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Gap:
    """The free time of a room around some nights (None: nothing stands there), and the hours of whoever adjoins."""

    free_since: date | None = None
    free_until: date | None = None
    # On the arrival date somebody has the room until then, on the departure date somebody has it from then on.
    taken_until_hour: int | None = None
    taken_from_hour: int | None = None


def around(
    room_ids: Collection[int], *, arrival: date, departure: date, except_stay_id: int | None = None
) -> dict[int, Gap]:
    """The gap of each of these rooms in which the nights lie; three queries, however many rooms there are."""
    before = _edge(sa.func.max(RoomNight.night), room_ids, arrival - HORIZON, arrival, except_stay_id)
    after = _edge(sa.func.min(RoomNight.night), room_ids, departure, departure + HORIZON, except_stay_id)
    rows = db.session.scalars(
        sa.select(RoomDay).where(RoomDay.room_id.in_(room_ids), RoomDay.day.in_({arrival, departure}))
    )
    days = {(row.room_id, row.day): row for row in rows}
    return {
        room_id: Gap(
            free_since=before[room_id] + timedelta(days=1) if room_id in before else None,
            free_until=after.get(room_id),
            taken_until_hour=_taken_until(days.get((room_id, arrival)), except_stay_id),
            taken_from_hour=_taken_from(days.get((room_id, departure)), except_stay_id),
        )
        for room_id in room_ids
    }


def _edge(
    night: sa.ColumnElement[date],
    room_ids: Collection[int],
    first: date,
    end: date,
    except_stay_id: int | None,
) -> dict[int, date]:
    query = sa.select(RoomNight.room_id, night).where(
        RoomNight.room_id.in_(room_ids), RoomNight.night >= first, RoomNight.night < end
    )
    if except_stay_id is not None:
        query = query.where(sa.or_(RoomNight.stay_id != except_stay_id, RoomNight.stay_id.is_(None)))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(RoomNight.room_id))}


def _taken_until(day: RoomDay | None, stay_id: int | None) -> int | None:
    if day is None:
        return None
    hours = [
        hour
        for other, hour in ((day.leaving_stay_id, day.leaving_hour), (day.day_stay_id, day.day_until_hour))
        if hour is not None and other != stay_id
    ]
    return max(hours, default=None)


def _taken_from(day: RoomDay | None, stay_id: int | None) -> int | None:
    if day is None:
        return None
    hours = [
        hour
        for other, hour in ((day.arriving_stay_id, day.arriving_hour), (day.day_stay_id, day.day_from_hour))
        if hour is not None and other != stay_id
    ]
    return min(hours, default=None)
