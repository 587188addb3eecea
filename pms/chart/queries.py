"""What the chart shows: plain tuples in a fixed number of queries, whatever the number of rooms and stays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import sqlalchemy as sa

from pms.audit.models import AuditEntry, AuditHead
from pms.core.db import db
from pms.guests.models import Guest
from pms.keycards.models import CardState, KeyCard, Proof
from pms.rooms import rules as room_rules
from pms.rooms.models import Building, Floor, HousekeepingStatus, Room, RoomType
from pms.stays.models import RoomClosure, RoomNight, Stay, StayState, TypeNight

if TYPE_CHECKING:
    from pms.chart.rules import Window

_ON_CHART = (StayState.CONFIRMED, StayState.IN_HOUSE, StayState.CHECKED_OUT)
_HERE_OR_COMING = (StayState.CONFIRMED, StayState.IN_HOUSE)
_STAY = cast("sa.Table", Stay.__table__)
_GUEST = cast("sa.Table", Guest.__table__)
# How a stay's list of wishes is stored where there are none.
NO_WISHES = "[]"
_WRITTEN = (CardState.ACTIVE, CardState.UNKNOWN)
# After more acts than this the page is loaded anew: that is faster than mending it.
MOST_CHANGES = 300


class RoomLine(NamedTuple):
    """A room as the first column shows it."""

    id: int
    number: str
    type_id: int
    type_code: str
    floor_id: int
    floor: str
    building: str
    housekeeping: HousekeepingStatus
    out_of_order: bool
    out_of_order_reason: str
    features: Sequence[str]


class TypeLine(NamedTuple):
    """A room type, and how many of its rooms are in order."""

    id: int
    code: str
    name: str
    rooms: int


class StayLine(NamedTuple):
    """A stay as a bar shows it."""

    id: int
    room_id: int | None
    room_type_id: int
    arrival: date
    departure: date
    state: StayState
    version: int
    family_name: str
    given_name: str
    arrival_hour: int | None
    departure_hour: int | None
    is_fixed: bool
    wishes: str
    waiting_since: datetime | None


class Keys(NamedTuple):
    """The live cards of a stay: how many, how many of them nobody is sure of, and when the first of them ends."""

    live: int
    unknown: int
    until: datetime


class Slept(NamedTuple):
    """Nights that a stay slept in a room where it is no longer."""

    stay_id: int
    room_id: int
    first: date
    last: date


class Closed(NamedTuple):
    """A closure of a room: its first night, the day on which it can be slept in again, and why."""

    room_id: int
    first: date
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Day:
    """The foot of a day: who comes, who leaves, how full the house is."""

    arrivals: int
    departures: int
    sold: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What was done since a mark: which stays and rooms it was about."""

    mark: int
    stay_ids: frozenset[int]
    room_ids: frozenset[int]
    is_too_much: bool = False


def rooms(grouping: str) -> list[RoomLine]:
    """Every room, by type or by floor, and inside of them in the order of a walk through the house."""
    rows = db.session.execute(
        sa.select(
            Room.id,
            Room.number,
            Room.room_type_id,
            RoomType.code,
            Room.floor_id,
            Floor.name,
            Building.name,
            Room.housekeeping,
            Room.out_of_order,
            Room.out_of_order_reason,
            Room.features,
            RoomType.position,
            Building.position,
            Floor.position,
        )
        .join(RoomType, RoomType.id == Room.room_type_id)
        .join(Floor, Floor.id == Room.floor_id)
        .join(Building, Building.id == Floor.building_id)
    ).all()

    def place(row: Any) -> tuple[Any, ...]:
        walk = (row[12], row[6], row[13], row[5], room_rules.number_key(row[1]))
        return (row[11], row[3], *walk) if grouping == "type" else walk

    return [RoomLine._make(row[:11]) for row in sorted(rows, key=place)]


def types() -> list[TypeLine]:
    """Every room type in the house's order, with how many of its rooms are in order."""
    in_order = sa.func.sum(sa.case((Room.out_of_order, 0), else_=1))
    rows = db.session.execute(
        sa.select(RoomType.id, RoomType.code, RoomType.name, in_order)
        .join(Room, Room.room_type_id == RoomType.id)
        .group_by(RoomType.id, RoomType.code, RoomType.name, RoomType.position)
        .order_by(RoomType.position, RoomType.code)
    )
    return [TypeLine._make(row) for row in rows]


def stays(window: Window, room_ids: Collection[int] | None, *, with_lane: bool) -> list[StayLine]:
    """Stays that touch the window, in the order of their arrival: of these rooms (None: of all), and those without a room."""
    # "+ 0": the rooms must not be looked up by their index, which holds the stays of all years; the dates are.
    wanted: list[sa.ColumnElement[bool]] = [
        _STAY.c.room_id.is_not(None) if room_ids is None else (_STAY.c.room_id + 0).in_(room_ids)
    ]
    if with_lane:
        wanted.append(sa.and_(_STAY.c.room_id.is_(None), _STAY.c.state == StayState.CONFIRMED))
    # Who should have left is drawn until today.
    is_there = sa.or_(_STAY.c.departure_date >= window.first, _STAY.c.state == StayState.IN_HOUSE)
    return _stay_lines(_STAY.c.arrival_date < window.until, is_there, _STAY.c.state.in_(_ON_CHART), sa.or_(*wanted))


def lane(window: Window) -> list[StayLine]:
    """Expected stays without a room that touch the window, in the order of their arrival."""
    return _stay_lines(
        _STAY.c.arrival_date < window.until,
        _STAY.c.departure_date >= window.first,
        _STAY.c.state == StayState.CONFIRMED,
        _STAY.c.room_id.is_(None),
    )


def _stay_lines(*where: sa.ColumnElement[bool]) -> list[StayLine]:
    # Tables rather than entities: there are many rows, and the ORM would look at each of them.
    rows = db.session.execute(
        sa.select(
            _STAY.c.id,
            _STAY.c.room_id,
            _STAY.c.room_type_id,
            _STAY.c.arrival_date,
            _STAY.c.departure_date,
            _STAY.c.state,
            _STAY.c.version,
            _GUEST.c.family_name,
            _GUEST.c.given_name,
            _STAY.c.arrival_hour,
            _STAY.c.departure_hour,
            _STAY.c.is_fixed,
            sa.cast(_STAY.c.wishes, sa.Text),
            _STAY.c.waiting_since,
        )
        .join(_GUEST, _GUEST.c.id == _STAY.c.guest_id)
        .where(*where)
        .order_by(_STAY.c.arrival_date, _STAY.c.id)
    )
    return [StayLine._make(row) for row in rows]


def slept_elsewhere(window: Window) -> list[Slept]:
    """Nights of the window that were slept in a room before the guest moved to another one."""
    rows = db.session.execute(
        sa.select(RoomNight.stay_id, RoomNight.room_id, sa.func.min(RoomNight.night), sa.func.max(RoomNight.night))
        .join(Stay, Stay.id == RoomNight.stay_id)
        .where(
            RoomNight.night >= window.first - timedelta(days=1),
            RoomNight.night < min(window.until, window.today),
            RoomNight.room_id != Stay.room_id,
        )
        .group_by(RoomNight.stay_id, RoomNight.room_id)
    )
    return [Slept._make(row) for row in rows]


def keys(window: Window) -> dict[int, Keys]:
    """For each stay that is here or comes before the window ends, and has live cards, how they are."""
    rows = db.session.execute(
        sa.select(
            KeyCard.stay_id,
            sa.func.count(),
            sa.func.sum(sa.case((KeyCard.proof == Proof.UNKNOWN, 1), else_=0)),
            sa.func.min(KeyCard.valid_until),
        )
        .join(Stay, Stay.id == KeyCard.stay_id)
        .where(
            Stay.state.in_(_HERE_OR_COMING),
            Stay.arrival_date < window.until,
            KeyCard.state.in_(_WRITTEN),
            KeyCard.refused_since.is_(None),
        )
        .group_by(KeyCard.stay_id)
    )
    return {row[0]: Keys._make(row[1:]) for row in rows}


def sold(window: Window) -> dict[tuple[int, date], tuple[int, int]]:
    """For each type and day on which something is promised or closed: how many rooms are promised, how many there are."""
    rows = db.session.execute(
        sa.select(TypeNight.room_type_id, TypeNight.night, TypeNight.sold, TypeNight.capacity - TypeNight.closed).where(
            TypeNight.night >= window.first, TypeNight.night < window.until
        )
    )
    return {(type_id, night): (taken, capacity) for type_id, night, taken, capacity in rows}


def days(window: Window, lines: Sequence[TypeLine], taken: dict[tuple[int, date], tuple[int, int]]) -> dict[date, Day]:
    """Arrivals, departures and occupancy of each day that is shown."""
    arrivals, departures = _per_day(window, Stay.arrival_date), _per_day(window, Stay.departure_date)
    found = {}
    for day in window.days:
        counts = [taken.get((line.id, day), (0, line.rooms)) for line in lines]
        found[day] = Day(
            arrivals=arrivals.get(day, 0),
            departures=departures.get(day, 0),
            sold=sum(count[0] for count in counts),
            capacity=sum(count[1] for count in counts),
        )
    return found


def _per_day(window: Window, column: sa.orm.InstrumentedAttribute[date]) -> dict[date, int]:
    rows = db.session.execute(
        sa.select(column, sa.func.count())
        .where(column >= window.first, column < window.until, Stay.state.in_(_ON_CHART))
        .group_by(column)
    )
    return {row[0]: row[1] for row in rows}


def mark() -> int:
    """The number of the newest act of the house."""
    return db.session.scalars(sa.select(AuditHead.last_id)).one_or_none() or 0


def changes(since: int) -> Changes:
    """Which stays and rooms were acted on after the mark, and which rooms those stays are in now."""
    now = mark()
    if now - since > MOST_CHANGES or since > now:
        return Changes(now, frozenset(), frozenset(), is_too_much=True)
    rows = db.session.execute(
        sa.select(AuditEntry.stay_id, AuditEntry.room_id, Stay.room_id)
        .outerjoin(Stay, Stay.id == AuditEntry.stay_id)
        .where(AuditEntry.id > since, sa.or_(AuditEntry.stay_id.is_not(None), AuditEntry.room_id.is_not(None)))
        .distinct()
    ).all()
    return Changes(
        mark=now,
        stay_ids=frozenset(row[0] for row in rows if row[0] is not None),
        room_ids=frozenset(room_id for row in rows for room_id in row[1:] if room_id is not None),
    )


def closures(window: Window) -> list[Closed]:
    """Closures that touch the window; one that was ended early, as far as it went."""
    rows = db.session.execute(
        sa.select(
            RoomClosure.room_id,
            RoomClosure.from_date,
            sa.func.max(RoomNight.night),
            RoomClosure.reason,
        )
        .join(RoomNight, RoomNight.closure_id == RoomClosure.id)
        .where(RoomClosure.from_date < window.until, RoomClosure.until_date >= window.first)
        .group_by(RoomClosure.id, RoomClosure.room_id, RoomClosure.from_date, RoomClosure.reason)
    )
    return [Closed(room_id, first, last + timedelta(days=1), reason) for room_id, first, last, reason in rows]
