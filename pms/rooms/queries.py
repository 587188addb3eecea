"""Reads of buildings, floors, room types and rooms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.text import N_
from pms.rooms import rules
from pms.rooms.models import Building, Floor, FloorRound, Room, RoomSighting, RoomType


class NoSuchRoom(NotFound):
    """The room does not exist."""

    code = "no_such_room"
    field = "room_id"
    message = N_("There is no such room, or no longer.")


@dataclass(frozen=True, slots=True)
class FloorRow:
    """A floor of the set-up page, and how many rooms it has."""

    floor: Floor
    rooms: int


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A room type of the set-up page, and how many rooms are of it."""

    room_type: RoomType
    rooms: int


def find_room(room_id: int) -> Room | None:
    """The room with floor, building and type, or None."""
    return db.session.scalars(_rooms().where(Room.id == room_id)).one_or_none()


def get_room(room_id: int) -> Room:
    """The room with floor, building and type; NoSuchRoom where there is none."""
    room = find_room(room_id)
    if room is None:
        raise NoSuchRoom
    return room


def find_room_by_number(number: str) -> Room | None:
    """The room with this number on its door, or None."""
    return db.session.scalars(_rooms().where(Room.number == number.strip())).one_or_none()


def list_rooms() -> list[Room]:
    """Every room with floor, building and type, in the order of a walk through the house."""
    rooms = db.session.scalars(_rooms()).all()
    return sorted(
        rooms,
        key=lambda room: (
            room.floor.building.position,
            room.floor.building.name,
            room.floor.position,
            rules.number_key(room.number),
        ),
    )


def list_room_types() -> Sequence[RoomType]:
    """Every room type, in the house's order."""
    return db.session.scalars(sa.select(RoomType).order_by(RoomType.position, RoomType.code)).all()


def get_room_type(room_type_id: int) -> RoomType:
    """The room type; NotFound where there is none."""
    kind = db.session.get(RoomType, room_type_id)
    if kind is None:
        raise NotFound
    return kind


def list_buildings() -> Sequence[Building]:
    """Every building, in the house's order."""
    return db.session.scalars(sa.select(Building).order_by(Building.position, Building.name)).all()


def get_building(building_id: int) -> Building:
    """The building; NotFound where there is none."""
    building = db.session.get(Building, building_id)
    if building is None:
        raise NotFound
    return building


def list_floors() -> Sequence[Floor]:
    """Every floor with its building, building by building, from the ground up."""
    return db.session.scalars(
        sa.select(Floor)
        .join(Floor.building)
        .options(joinedload(Floor.building))
        .order_by(Building.position, Building.name, Floor.position, Floor.name)
    ).all()


def get_floor(floor_id: int) -> Floor:
    """The floor with its building; NotFound where there is none."""
    # Not session.get(): it gives a floor that is in memory already as it is, without its building.
    floor = db.session.scalars(
        sa.select(Floor).where(Floor.id == floor_id).options(joinedload(Floor.building))
    ).one_or_none()
    if floor is None:
        raise NotFound
    return floor


def list_floor_rows() -> list[FloorRow]:
    """Every floor with the number of its rooms."""
    counts = _counts(Room.floor_id)
    return [FloorRow(floor, counts.get(floor.id, 0)) for floor in list_floors()]


def list_type_rows() -> list[TypeRow]:
    """Every room type with the number of its rooms."""
    counts = _counts(Room.room_type_id)
    return [TypeRow(kind, counts.get(kind.id, 0)) for kind in list_room_types()]


def newest_sighting(room_id: int) -> RoomSighting | None:
    """What was last found in the room, or None."""
    return db.session.scalars(
        sa.select(RoomSighting).where(RoomSighting.room_id == room_id).order_by(RoomSighting.id.desc()).limit(1)
    ).one_or_none()


def newest_sightings(*, since: datetime) -> dict[int, RoomSighting]:
    """What was last found in each room since then, by room."""
    newest = (
        sa.select(sa.func.max(RoomSighting.id)).where(RoomSighting.found_at >= since).group_by(RoomSighting.room_id)
    )
    rows = db.session.scalars(sa.select(RoomSighting).where(RoomSighting.id.in_(newest)))
    return {row.room_id: row for row in rows}


def floor_rounds(day: date) -> dict[int, FloorRound]:
    """Who cleans which floor on that day, by floor."""
    rows = db.session.scalars(sa.select(FloorRound).where(FloorRound.day == day))
    return {row.floor_id: row for row in rows}


def hold_types(room_type_ids: Collection[int], *, to_change: bool = False) -> None:
    """Keep the number of rooms of these types as it is until the transaction ends.

    Who sells shares the hold with others who sell; who changes the number (`to_change`) waits until nobody holds it.
    SQLite has one writer at a time and needs none of it.
    """
    db.session.execute(
        sa.select(RoomType.id)
        .where(RoomType.id.in_(sorted(room_type_ids)))
        .order_by(RoomType.id)
        .with_for_update(read=not to_change)
    ).all()


def _rooms() -> sa.Select[Room]:
    return sa.select(Room).options(joinedload(Room.floor).joinedload(Floor.building), joinedload(Room.room_type))


def _counts(column: InstrumentedAttribute[int]) -> dict[int, int]:
    rows = db.session.execute(sa.select(column, sa.func.count()).group_by(column)).all()
    return {row[0]: row[1] for row in rows}
