"""What stands before and after some nights in each room, for those who choose among free rooms."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from pms.core.db import db
from pms.stays.models import RoomNight

# Beyond that a room counts as free for as long as anybody wants.
HORIZON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Gap:
    """The free time of a room around some nights (None: nothing stands there)."""

    free_since: date | None = None
    free_until: date | None = None


def around(
    room_ids: Collection[int], *, arrival: date, departure: date, except_stay_ids: Collection[int] = ()
) -> dict[int, Gap]:
    """The gap of each of these rooms in which the nights lie; two queries, however many rooms there are."""
    before = _edge(sa.func.max(RoomNight.night), room_ids, arrival - HORIZON, arrival, except_stay_ids)
    after = _edge(sa.func.min(RoomNight.night), room_ids, departure, departure + HORIZON, except_stay_ids)
    return {
        room_id: Gap(
            free_since=before[room_id] + timedelta(days=1) if room_id in before else None,
            free_until=after.get(room_id),
        )
        for room_id in room_ids
    }


def _edge(
    night: sa.ColumnElement[date],
    room_ids: Collection[int],
    first: date,
    end: date,
    except_stay_ids: Collection[int],
) -> dict[int, date]:
    query = sa.select(RoomNight.room_id, night).where(
        RoomNight.room_id.in_(room_ids),
        RoomNight.night >= first,
        RoomNight.night < end,
        sa.or_(RoomNight.stay_id.not_in(except_stay_ids), RoomNight.stay_id.is_(None)),
    )
    return {row[0]: row[1] for row in db.session.execute(query.group_by(RoomNight.room_id))}
