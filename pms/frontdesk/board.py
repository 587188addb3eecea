"""The board of all rooms: who is where, what must be cleaned, which lock needs a hand.

Assembled from every feature in a fixed number of queries, whatever the number of rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import load_only

from pms.alarms import queries as alarm_queries
from pms.alarms.models import AlarmKind
from pms.availability import rules as availability_rules
from pms.core.db import db
from pms.core.text import N_
from pms.guests.models import Guest
from pms.keycards.models import CardState, KeyCard, Proof
from pms.locks import rules as lock_rules
from pms.locks.models import Door, Lock, LockSetup
from pms.properties import queries as properties
from pms.rooms import rules as room_rules
from pms.rooms.models import Building, Floor, HousekeepingStatus, Room, RoomType
from pms.stays.models import RoomClosure, RoomNight, Stay, StayState


class Occupancy(StrEnum):
    """Who is in a room on a day; the values are classes of the tiles."""

    VACANT = "vacant"
    ARRIVING = "arriving"
    OCCUPIED = "occupied"
    LEAVING = "leaving"
    OVERDUE = "overdue"


OCCUPANCY_WORDS: dict[Occupancy, str] = {
    Occupancy.VACANT: N_("Vacant"),
    Occupancy.ARRIVING: N_("Arriving"),
    Occupancy.OCCUPIED: N_("Occupied"),
    Occupancy.LEAVING: N_("Leaving"),
    Occupancy.OVERDUE: N_("Should have left"),
}

# The filter of the board: value, words.
SHOW_WORDS: dict[str, str] = {
    "": N_("All rooms"),
    "vacant": N_("Vacant"),
    "ready": N_("Ready"),
    "arriving": N_("Arriving"),
    "occupied": N_("Occupied"),
    "leaving": N_("Leaving"),
    "dirty": N_("To clean"),
    "out_of_order": N_("Out of order"),
    "closed": N_("Closed"),
    "door": N_("Check the lock"),
}


@dataclass(frozen=True, slots=True)
class StayMark:
    """What a tile says of a stay."""

    id: int
    guest: str
    arrival: date
    departure: date
    arrival_hour: int | None = None
    departure_hour: int | None = None
    is_day_use: bool = False
    waiting_since: datetime | None = None

    @property
    def is_long(self) -> bool:
        """Whether the room is done once a week only."""
        return availability_rules.is_long(self.arrival, self.departure)


class ClosedMark(NamedTuple):
    """Until when a room is not let, and why."""

    until: date
    reason: str


class KeyMark(NamedTuple):
    """How many live cards a stay has, and how many of them nobody is sure of."""

    live: int
    unknown: int


@dataclass(frozen=True, slots=True)
class LockMark:
    """What a tile says of the door."""

    battery_percent: int | None
    is_low: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """One room on one day."""

    id: int
    number: str
    type_code: str
    type_name: str
    type_id: int
    floor_id: int
    floor: str
    building: str
    housekeeping: HousekeepingStatus
    housekeeping_at: datetime | None
    out_of_order: bool
    out_of_order_reason: str
    present: StayMark | None
    coming: StayMark | None
    next_night: date | None
    keys: KeyMark
    lock: LockMark | None
    # What is open at the door and more than a weak battery, the oldest first.
    alarms: list[AlarmKind]
    closed: ClosedMark | None
    occupancy: Occupancy

    @property
    def is_vacant(self) -> bool:
        """Nobody is inside."""
        return self.present is None

    @property
    def is_ready(self) -> bool:
        """A guest could be let in now."""
        is_let = not self.out_of_order and self.closed is None
        return self.is_vacant and is_let and self.housekeeping is not HousekeepingStatus.DIRTY

    @property
    def needs_attention(self) -> bool:
        """The door cannot be relied on."""
        return self.lock is None or self.lock.is_low or self.lock.waits


@dataclass(slots=True)
class FloorOfTiles:
    """A line of the board."""

    id: int
    name: str
    building: str
    tiles: list[Tile] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the board is narrowed to."""

    floor_id: int | None = None
    type_id: int | None = None
    show: str = ""

    def keeps(self, tile: Tile) -> bool:
        """Whether the tile stays on the board."""
        return (
            (self.floor_id is None or tile.floor_id == self.floor_id)
            and (self.type_id is None or tile.type_id == self.type_id)
            and _SHOW[self.show](tile)
        )


_SHOW: dict[str, Callable[[Tile], bool]] = {
    "": lambda _tile: True,
    "vacant": lambda tile: tile.is_vacant and not tile.out_of_order and tile.closed is None,
    "ready": lambda tile: tile.is_ready,
    "arriving": lambda tile: tile.coming is not None,
    "occupied": lambda tile: tile.present is not None,
    "leaving": lambda tile: tile.occupancy in (Occupancy.LEAVING, Occupancy.OVERDUE),
    "dirty": lambda tile: tile.housekeeping is HousekeepingStatus.DIRTY,
    "out_of_order": lambda tile: tile.out_of_order,
    "closed": lambda tile: tile.closed is not None,
    "door": lambda tile: tile.needs_attention,
}


def room_board(today: date) -> list[Tile]:
    """Every room as it is now, in the order of a walk through the house. `today` is the date on the house's wall."""
    present, coming = _stays(today)
    nights = _next_nights(today)
    keys = _keys(mark.id for mark in (*present.values(), *coming.values()))
    locks, alarms = _locks(), alarm_queries.open_by_room()
    closed = _closed(today)
    tiles = []
    for row in _rooms():
        now, then = present.get(row.id), coming.get(row.id)
        marked = now or then
        tiles.append(
            Tile(
                id=row.id,
                number=row.number,
                type_code=row.type_code,
                type_name=row.type_name,
                type_id=row.type_id,
                floor_id=row.floor_id,
                floor=row.floor,
                building=row.building,
                housekeeping=row.housekeeping,
                housekeeping_at=row.housekeeping_at,
                out_of_order=row.out_of_order,
                out_of_order_reason=row.out_of_order_reason,
                present=now,
                coming=then,
                next_night=nights.get(row.id),
                keys=keys.get(marked.id, KeyMark(0, 0)) if marked else KeyMark(0, 0),
                lock=locks.get(row.id),
                alarms=alarms.get(row.id, []),
                closed=closed.get(row.id),
                occupancy=_occupancy(now, then, today),
            )
        )
    return tiles


def by_floor(tiles: Iterable[Tile]) -> list[FloorOfTiles]:
    """The tiles line by line, as the board shows them."""
    floors: dict[int, FloorOfTiles] = {}
    for tile in tiles:
        floors.setdefault(tile.floor_id, FloorOfTiles(tile.floor_id, tile.floor, tile.building)).tiles.append(tile)
    return list(floors.values())


def count_shown(tiles: list[Tile]) -> dict[str, int]:
    """How many rooms each filter would leave."""
    return {name: sum(map(keeps, tiles)) for name, keeps in _SHOW.items()}


def _occupancy(present: StayMark | None, coming: StayMark | None, today: date) -> Occupancy:
    if present is None:
        return Occupancy.ARRIVING if coming else Occupancy.VACANT
    if present.departure < today:
        return Occupancy.OVERDUE
    return Occupancy.LEAVING if present.departure == today else Occupancy.OCCUPIED


def _rooms() -> list[Any]:
    rows = db.session.execute(
        sa.select(
            Room.id,
            Room.number,
            RoomType.code.label("type_code"),
            RoomType.name.label("type_name"),
            RoomType.id.label("type_id"),
            Floor.id.label("floor_id"),
            Floor.name.label("floor"),
            Building.name.label("building"),
            Room.housekeeping,
            Room.housekeeping_at,
            Room.out_of_order,
            Room.out_of_order_reason,
            Building.position,
            Floor.position,
        )
        .join(RoomType, RoomType.id == Room.room_type_id)
        .join(Floor, Floor.id == Room.floor_id)
        .join(Building, Building.id == Floor.building_id)
    ).all()
    return sorted(rows, key=lambda row: (row[12], row[7], row[13], row[6], room_rules.number_key(row.number)))


def _stays(today: date) -> tuple[dict[int, StayMark], dict[int, StayMark]]:
    """Who is in which room, and who is expected in it by today."""
    rows = db.session.execute(
        sa.select(
            Stay.id,
            Stay.room_id,
            Stay.state,
            Guest,
            Stay.arrival_date,
            Stay.departure_date,
            Stay.arrival_hour,
            Stay.departure_hour,
            Stay.is_day_use,
            Stay.waiting_since,
        )
        .join(Guest, Guest.id == Stay.guest_id)
        .options(load_only(Guest.family_name, Guest.given_name))
        .where(
            Stay.room_id.is_not(None),
            sa.or_(
                Stay.state == StayState.IN_HOUSE,
                sa.and_(
                    Stay.state == StayState.CONFIRMED,
                    Stay.arrival_date <= today,
                    sa.or_(Stay.departure_date > today, sa.and_(Stay.is_day_use, Stay.departure_date == today)),
                ),
            ),
        )
        .order_by(Stay.arrival_date.desc())
    )
    present: dict[int, StayMark] = {}
    coming: dict[int, StayMark] = {}
    for stay_id, room_id, state, guest, *when in rows:
        side = present if state is StayState.IN_HOUSE else coming
        side[room_id or 0] = StayMark(stay_id, guest.name, *when)
    return present, coming


def _next_nights(today: date) -> dict[int, date]:
    """The next night on which each room is promised to somebody."""
    rows = db.session.execute(
        sa.select(RoomNight.room_id, sa.func.min(RoomNight.night))
        .where(RoomNight.night > today, RoomNight.stay_id.is_not(None))
        .group_by(RoomNight.room_id)
    )
    return {row[0]: row[1] for row in rows}


def _closed(today: date) -> dict[int, ClosedMark]:
    """The rooms that are closed tonight."""
    rows = db.session.execute(
        sa.select(RoomNight.room_id, RoomClosure.until_date, RoomClosure.reason)
        .join(RoomClosure, RoomClosure.id == RoomNight.closure_id)
        .where(RoomNight.night == today)
    )
    return {row[0]: ClosedMark(row[1], row[2]) for row in rows}


def _keys(stay_ids: Iterable[int]) -> dict[int, KeyMark]:
    is_unknown = sa.case((KeyCard.proof == Proof.UNKNOWN, 1), else_=0)
    rows = db.session.execute(
        sa.select(KeyCard.stay_id, sa.func.count(), sa.func.sum(is_unknown))
        .where(KeyCard.stay_id.in_(list(stay_ids)), KeyCard.state.in_([CardState.ACTIVE, CardState.UNKNOWN]))
        .group_by(KeyCard.stay_id)
    )
    return {stay_id: KeyMark(live, unknown) for stay_id, live, unknown in rows}


def _locks() -> dict[int, LockMark]:
    low_at = properties.low_battery()
    rows = db.session.execute(
        sa.select(Door.room_id, Lock.battery_percent, Lock.setup)
        .join(Lock, Lock.id == Door.lock_id)
        .where(Door.room_id.is_not(None))
    )
    return {
        room_id or 0: LockMark(battery, lock_rules.is_low(battery, low_at), setup is not LockSetup.READY)
        for room_id, battery, setup in rows
    }
