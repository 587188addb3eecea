"""Buildings, floors, room types and rooms: making and changing them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core import money
from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.properties import queries as properties
from pms.rooms import inventory, queries, rules
from pms.rooms.models import Building, Floor, HousekeepingStatus, Room, RoomType
from pms.rooms.service.state import load_room, recount

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


def create_building(*, name: str, actor: Actor, now: datetime) -> Building:
    """A building at the end of the list; NameTaken where there is one of this name."""
    name = rules.clean_name(name, rules.MAX_BUILDING)
    with transaction() as session:
        building = Building(name=name, position=_last(session, Building.position) + 1)
        with _unique(session, rules.NameTaken(name=name)):
            session.add(building)
        _record("building", building.id, name, "rooms.building_created", None, {"name": name}, actor, now)
        return building


def change_building(*, building_id: int, name: str, position: int, actor: Actor, now: datetime) -> Building:
    """Rename a building or move it on the board."""
    name = rules.clean_name(name, rules.MAX_BUILDING)
    with transaction() as session:
        building = queries.get_building(building_id)
        before = {"name": building.name, "position": building.position}
        with _unique(session, rules.NameTaken(name=name)):
            building.name, building.position = name, position
        _changed(
            "building",
            building.id,
            name,
            "rooms.building_changed",
            before,
            {"name": name, "position": position},
            actor,
            now,
        )
        return building


def create_floor(*, building_id: int, name: str, position: int | None = None, actor: Actor, now: datetime) -> Floor:
    """A floor; without a position it stands where its number says, or above the others."""
    name = rules.clean_name(name, rules.MAX_FLOOR)
    with transaction() as session:
        building = queries.get_building(building_id)
        if position is None:
            position = floor_position(session, building.id, name)
        floor = Floor(building_id=building.id, name=name, position=position)
        with _unique(session, rules.NameTaken(name=name)):
            session.add(floor)
        after = {"name": name, "building": building.name, "position": position}
        _record("floor", floor.id, f"{building.name} {name}", "rooms.floor_created", None, after, actor, now)
        inventory.floor_added(now=now)
        return floor


def change_floor(*, floor_id: int, name: str, position: int, actor: Actor, now: datetime) -> Floor:
    """Rename a floor or move it on the board."""
    name = rules.clean_name(name, rules.MAX_FLOOR)
    with transaction() as session:
        floor = queries.get_floor(floor_id)
        before = {"name": floor.name, "position": floor.position}
        with _unique(session, rules.NameTaken(name=name)):
            floor.name, floor.position = name, position
        after = {"name": name, "position": position}
        _changed("floor", floor.id, name, "rooms.floor_changed", before, after, actor, now)
        return floor


def create_room_type(
    *,
    code: str,
    name: str,
    beds: int = 2,
    night_price: int = 0,
    overbooking_limit: int = 0,
    actor: Actor,
    now: datetime,
) -> RoomType:
    """A room type at the end of the list; CodeTaken where the code is in use."""
    code, name = _clean_type(code, name, beds)
    rules.check_sale(night_price, overbooking_limit)
    with transaction() as session:
        kind = RoomType(
            code=code,
            name=name,
            beds=beds,
            night_price=night_price,
            overbooking_limit=overbooking_limit,
            position=_last(session, RoomType.position) + 1,
        )
        with _unique(session, rules.CodeTaken(code=code)):
            session.add(kind)
        after = {name: value for name, value in _type_fields(kind).items() if name != "position" and value}
        _record("room_type", kind.id, name, "rooms.type_created", None, after, actor, now)
        return kind


def change_room_type(
    *,
    room_type_id: int,
    code: str,
    name: str,
    beds: int,
    position: int,
    night_price: int | None = None,
    overbooking_limit: int | None = None,
    actor: Actor,
    now: datetime,
) -> RoomType:
    """Change how a room type is called and sold; None leaves price and limit as they are.

    Stays keep the price that was agreed. A lower limit than is promised already is refused (`stays.service.CapacityTooLow`).
    """
    code, name = _clean_type(code, name, beds)
    rules.check_sale(night_price or 0, overbooking_limit or 0)
    with transaction() as session:
        kind = queries.get_room_type(room_type_id)
        is_other_limit = overbooking_limit not in (None, kind.overbooking_limit)
        if is_other_limit:
            queries.hold_types([kind.id], to_change=True)
        before = _type_fields(kind)
        with _unique(session, rules.CodeTaken(code=code)):
            kind.code, kind.name, kind.beds, kind.position = code, name, beds, position
            kind.night_price = kind.night_price if night_price is None else night_price
            kind.overbooking_limit = kind.overbooking_limit if overbooking_limit is None else overbooking_limit
        _changed("room_type", kind.id, name, "rooms.type_changed", before, _type_fields(kind), actor, now)
        if is_other_limit:
            recount(session, [kind.id], now)
        return kind


def _type_fields(kind: RoomType) -> dict[str, Any]:
    names = ("code", "name", "beds", "position", "overbooking_limit")
    currency = properties.get_property().currency
    price = f"{money.plain(kind.night_price, currency)} {currency}" if kind.night_price else 0
    return {**{name: getattr(kind, name) for name in names}, "night_price": price}


def create_room(
    *,
    number: str,
    floor_id: int,
    room_type_id: int,
    features: Collection[str] = (),
    note: str = "",
    actor: Actor,
    now: datetime,
) -> Room:
    """A room; NumberTaken where the number stands on another door already."""
    number, has = rules.clean_number(number), rules.clean_features(features)
    with transaction() as session:
        floor, kind = queries.get_floor(floor_id), queries.get_room_type(room_type_id)
        queries.hold_types([kind.id], to_change=True)
        room = Room(
            number=number,
            floor_id=floor.id,
            room_type_id=kind.id,
            housekeeping=HousekeepingStatus.CLEAN,
            out_of_order=False,
            features=has,
            note=note.strip()[: rules.MAX_NOTE],
        )
        with _unique(session, rules.NumberTaken(number=number)):
            session.add(room)
        after: dict[str, Any] = {
            "number": number,
            "floor": floor.name,
            "building": floor.building.name,
            "type": kind.name,
        }
        if has:
            after["features"] = has
        _record("room", room.id, number, "rooms.created", None, after, actor, now)
        recount(session, [kind.id], now)
        return room


def change_room(
    *,
    room_id: int,
    version: int,
    number: str,
    floor_id: int,
    room_type_id: int,
    features: Collection[str] | None = None,
    actor: Actor,
    now: datetime,
) -> Room:
    """Change number, floor, type or features (None keeps them).

    Another type changes what can be sold, and is refused where too much is promised.
    """
    number = rules.clean_number(number)
    with transaction() as session:
        room = load_room(session, room_id, version)
        floor, kind = queries.get_floor(floor_id), queries.get_room_type(room_type_id)
        has = list(room.features) if features is None else rules.clean_features(features)
        before = {
            "number": room.number,
            "floor": room.floor.name,
            "type": room.room_type.name,
            "features": list(room.features),
        }
        types = {room.room_type_id, kind.id}
        queries.hold_types(types, to_change=True)
        with _unique(session, rules.NumberTaken(number=number)):
            room.number, room.floor_id, room.room_type_id, room.features = number, floor.id, kind.id, has
        after = {"number": number, "floor": floor.name, "type": kind.name, "features": has}
        _changed("room", room.id, number, "rooms.changed", before, after, actor, now)
        if len(types) > 1:
            recount(session, sorted(types), now)
        session.refresh(room, ["floor", "room_type"])
        return room


def floor_position(session: Session, building_id: int, name: str) -> int:
    """Where a new floor stands: at its own number, or above the others."""
    try:
        return int(name)
    except ValueError:
        highest = session.scalars(sa.select(sa.func.max(Floor.position)).where(Floor.building_id == building_id)).one()
        return (highest or 0) + 1


@contextmanager
def _unique(session: Session, refusal: DomainError) -> Iterator[None]:
    """Whatever is written inside may collide with a name in use; then `refusal` is raised and nothing else is lost."""
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        raise refusal from error


def _clean_type(code: str, name: str, beds: int) -> tuple[str, str]:
    code = code.strip().upper()
    if not 1 <= len(code) <= 12:
        raise rules.EmptyName(most=12, field="code")
    rules.check_beds(beds)
    return code, rules.clean_name(name, 60)


def _last(session: Session, column: Any) -> int:
    highest: int = session.scalars(sa.select(sa.func.coalesce(sa.func.max(column), 0))).one()
    return highest


def _record(
    kind: str,
    row_id: int,
    label: str,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    subject = audit.Subject(kind=kind, id=row_id, label=label, room_id=row_id if kind == "room" else None)
    audit.record(actor=actor, action=action, subject=subject, now=now, before=before, after=after)


def _changed(
    kind: str,
    row_id: int,
    label: str,
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    """An audit line with the changed fields only, and none where nothing changed."""
    names = [name for name in before if before[name] != after[name]]
    if names:
        _record(
            kind,
            row_id,
            label,
            action,
            {name: before[name] for name in names},
            {name: after[name] for name in names},
            actor,
            now,
        )
