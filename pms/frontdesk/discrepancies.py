"""Where desk, housekeeping and doors tell different stories, each with the door's last opening beside it.

A fixed number of queries, whatever the number of rooms. Nothing is stored: a difference is gone when the stories agree again,
and what a housekeeper found also when somebody has settled it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from pms.access_records.models import AccessRecord
from pms.core.db import db
from pms.core.intervals import at_local
from pms.core.text import N_
from pms.guests.models import Guest
from pms.locks.models import Door
from pms.protocol.record import RecordEvent, RecordMethod
from pms.rooms import queries as rooms
from pms.rooms.models import Room, RoomSighting, Sight
from pms.stays.models import RoomNight, Stay, StayState

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

# Who has just been given a key needs some time to the door; who has just left may have forgotten something.
TO_THE_DOOR = timedelta(hours=3)
OUT_OF_THE_DOOR = timedelta(minutes=15)
LOOK_BACK = timedelta(days=2)
EVENING_HOUR, MORNING_HOUR = 21, 6
# These open a door without any key of a guest.
_NO_KEY = (RecordMethod.COMMAND, RecordMethod.INSIDE_HANDLE)


class Difference(StrEnum):
    """What does not fit together; the order is that of the list."""

    FOUND_IN_USE = "found_in_use"
    USED_AFTER = "used_after"
    OPENED_VACANT = "opened_vacant"
    FOUND_EMPTY = "found_empty"
    NEVER_OPENED = "never_opened"


DIFFERENCE_WORDS: dict[Difference, str] = {
    Difference.FOUND_IN_USE: N_("Found in use, and nobody is checked in"),
    Difference.USED_AFTER: N_("Checked out, and the key was used since"),
    Difference.OPENED_VACANT: N_("Vacant, and opened last night"),
    Difference.FOUND_EMPTY: N_("Found empty, and a guest is checked in"),
    Difference.NEVER_OPENED: N_("Checked in, and never opened the door"),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """When a door was last opened, by whom as far as it is known, and by what (a number of the protocol)."""

    at: datetime
    who: str
    method: int
    stay_id: int | None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference: the room, the party that it is about (None: there is none), and since when."""

    kind: Difference
    room_id: int
    room: str
    at: datetime
    stay_id: int | None = None
    guest: str = ""
    sighting: RoomSighting | None = None
    last_opening: Opening | None = None


def find(*, now: datetime, zone: ZoneInfo) -> list[Discrepancy]:
    """Every difference of today, the most pressing kind first."""
    today = now.astimezone(zone).date()
    found = [
        *_sightings(at_local(today, 0, zone)),
        *_never_opened(now),
        *_opened_vacant(today, zone),
        *_used_after(now),
    ]
    openings = last_openings({one.room_id for one in found})
    order = list(Difference)
    found.sort(key=lambda one: (order.index(one.kind), one.room))
    return [
        Discrepancy(
            one.kind, one.room_id, one.room, one.at, one.stay_id, one.guest, one.sighting, openings.get(one.room_id)
        )
        for one in found
    ]


def last_openings(room_ids: Collection[int]) -> dict[int, Opening]:
    """The last opening of each room's door, by room."""
    newest = (
        sa.select(Door.room_id, sa.func.max(AccessRecord.at).label("at"))
        .join(AccessRecord, AccessRecord.door_id == Door.id)
        .where(Door.room_id.in_(sorted(room_ids)), AccessRecord.event == RecordEvent.OPENED)
        .group_by(Door.room_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(AccessRecord, newest.c.room_id, Guest)
        .join(Door, Door.id == AccessRecord.door_id)
        .join(newest, sa.and_(newest.c.room_id == Door.room_id, newest.c.at == AccessRecord.at))
        .outerjoin(Stay, Stay.id == AccessRecord.stay_id)
        .outerjoin(Guest, Guest.id == Stay.guest_id)
        .where(AccessRecord.event == RecordEvent.OPENED)
        .options(joinedload(AccessRecord.staff_card))
        .order_by(AccessRecord.id)
    )
    return {
        room_id: Opening(
            record.at,
            guest.name if guest else record.staff_card.holder_name if record.staff_card else "",
            record.method,
            record.stay_id,
        )
        for record, room_id, guest in rows
    }


def _sightings(since: datetime) -> list[Discrepancy]:
    newest = {key: row for key, row in rooms.newest_sightings(since=since).items() if row.settled_at is None}
    inside = aliased(Stay)
    rows = db.session.execute(
        sa.select(Room.id, Room.number, inside.id.label("stay_id"), Guest)
        .outerjoin(inside, sa.and_(inside.room_id == Room.id, inside.state == StayState.IN_HOUSE))
        .outerjoin(Guest, Guest.id == inside.guest_id)
        .where(Room.id.in_(sorted(newest)))
    )
    found = []
    for room_id, number, stay_id, guest in rows:
        seen = newest[room_id]
        is_empty = seen.found is Sight.EMPTY
        if is_empty == (stay_id is None):
            continue
        kind = Difference.FOUND_EMPTY if is_empty else Difference.FOUND_IN_USE
        found.append(
            Discrepancy(kind, room_id, number, seen.found_at, stay_id, guest.name if guest else "", sighting=seen)
        )
    return found


def _never_opened(now: datetime) -> list[Discrepancy]:
    """Only where the door tells what it does: a lock that has never reported anything says nothing about a guest."""
    opened = sa.exists().where(
        AccessRecord.stay_id == Stay.id,
        AccessRecord.event == RecordEvent.OPENED,
        AccessRecord.at >= Stay.checked_in_at,
    )
    reports = sa.exists().where(AccessRecord.door_id == Door.id)
    rows = db.session.execute(
        sa.select(Room.id, Room.number, Stay.checked_in_at, Stay.id.label("stay_id"), Guest)
        .join(Room, Room.id == Stay.room_id)
        .join(Guest, Guest.id == Stay.guest_id)
        .join(Door, Door.room_id == Room.id)
        .where(Stay.state == StayState.IN_HOUSE, Stay.checked_in_at < now - TO_THE_DOOR, ~opened, reports)
    )
    return [_of(Difference.NEVER_OPENED, *row) for row in rows]


def _opened_vacant(today: date, zone: ZoneInfo) -> list[Discrepancy]:
    """Opened between evening and morning with a key, in a room that nobody slept in. Staff may; it is told of guests' keys."""
    last_night = today - timedelta(days=1)
    slept = sa.exists().where(
        RoomNight.room_id == Room.id, RoomNight.night == last_night, RoomNight.stay_id.is_not(None)
    )
    rows = db.session.execute(
        sa.select(Room.id, Room.number, sa.func.max(AccessRecord.at), sa.null(), sa.null())
        .join(Door, Door.room_id == Room.id)
        .join(AccessRecord, AccessRecord.door_id == Door.id)
        .where(
            AccessRecord.event == RecordEvent.OPENED,
            AccessRecord.at >= at_local(last_night, EVENING_HOUR, zone),
            AccessRecord.at < at_local(today, MORNING_HOUR, zone),
            AccessRecord.staff_card_id.is_(None),
            AccessRecord.method.not_in(_NO_KEY),
            ~slept,
        )
        .group_by(Room.id, Room.number)
    )
    return [_of(Difference.OPENED_VACANT, *row) for row in rows]


def _used_after(now: datetime) -> list[Discrepancy]:
    rows = db.session.execute(
        sa.select(Room.id, Room.number, sa.func.max(AccessRecord.at), Stay.id, Guest)
        .join(Door, Door.id == AccessRecord.door_id)
        .join(Room, Room.id == Door.room_id)
        .join(Stay, Stay.id == AccessRecord.stay_id)
        .join(Guest, Guest.id == Stay.guest_id)
        .where(
            Stay.state == StayState.CHECKED_OUT,
            Stay.checked_out_at >= now - LOOK_BACK,
            AccessRecord.event == RecordEvent.OPENED,
            AccessRecord.at >= now - LOOK_BACK,
        )
        .group_by(Room.id, Room.number, Stay.id, Stay.checked_out_at, Guest.id)
        .having(sa.func.max(AccessRecord.at) > Stay.checked_out_at)
    )
    found = [_of(Difference.USED_AFTER, *row) for row in rows]
    rows_of_stays = db.session.execute(
        sa.select(Stay.id, Stay.checked_out_at).where(Stay.id.in_([one.stay_id for one in found if one.stay_id]))
    )
    left = {row[0]: row[1] for row in rows_of_stays}
    return [one for one in found if one.at - (left.get(one.stay_id or 0) or one.at) > OUT_OF_THE_DOOR]


def _of(
    kind: Difference, room_id: int, room: str, at: datetime | None, stay_id: int | None, guest: Guest | None
) -> Discrepancy:
    if at is None:
        raise ValueError("a stay in house has an instant of its check-in")
    return Discrepancy(kind, room_id, room, at, stay_id, guest.name if guest else "")
