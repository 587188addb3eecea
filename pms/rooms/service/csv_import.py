"""Takes a CSV of rooms over: all of it, or nothing and the list of what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import Invalid
from pms.core.text import N_
from pms.rooms import csv_rows, queries
from pms.rooms.csv_rows import Fault, Row
from pms.rooms.service import structure

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.rooms.models import Floor, Room, RoomType

MAIN = "Main"


class BadFile(Invalid):
    """Nothing was imported; `faults` names every line that needs a correction."""

    code = "bad_file"
    field = "file"
    message = N_("Nothing was imported. First fault, line %(line)s: %(first)s")

    def __init__(self, faults: list[Fault]) -> None:
        first = faults[0]
        super().__init__(line=first.line, first=first.message % first.params)
        self.faults = faults


@dataclass(slots=True)
class RoomPlan:
    """What an import would do (or did)."""

    new: list[Row] = field(default_factory=list)
    existing: list[str] = field(default_factory=list)
    new_floors: list[tuple[str, str]] = field(default_factory=list)  # building, floor
    new_buildings: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def created(self) -> list[str]:
        """The numbers of the rooms that are new."""
        return [row.number for row in self.new]


def plan_rooms_csv(*, document: bytes) -> RoomPlan:
    """What importing the file would do; writes nothing, raises nothing for bad files."""
    rows, faults = csv_rows.read(document)
    plan = RoomPlan(faults=list(faults))
    types = {name.casefold(): kind for kind in queries.list_room_types() for name in (kind.code, kind.name)}
    rooms = {room.number: room for room in queries.list_rooms()}
    buildings = [building.name for building in queries.list_buildings()]
    floors = {(floor.building.name, floor.name) for floor in queries.list_floors()}
    default = buildings[0] if buildings else MAIN
    for row in rows:
        whole = Row(row.line, row.number, row.floor, row.building or default, row.type)
        fault = _fault(whole, types.get(row.type.casefold()), rooms.get(row.number), types)
        if fault is not None:
            plan.faults.append(fault)
        elif row.number in rooms:
            plan.existing.append(row.number)
        else:
            plan.new.append(whole)
    plan.faults.sort(key=lambda fault: fault.line)
    wanted = list(dict.fromkeys((row.building, row.floor) for row in plan.new))
    plan.new_floors = [pair for pair in wanted if pair not in floors]
    plan.new_buildings = [name for name in dict.fromkeys(name for name, _ in wanted) if name not in buildings]
    return plan


def import_rooms_csv(*, document: bytes, actor: Actor, now: datetime) -> RoomPlan:
    """Make every room of the file that does not exist yet, with floors and buildings; BadFile where any line is wrong."""
    with transaction():
        plan = plan_rooms_csv(document=document)
        if plan.faults:
            raise BadFile(plan.faults)
        for name in plan.new_buildings:
            structure.create_building(name=name, actor=actor, now=now)
        buildings = {building.name: building.id for building in queries.list_buildings()}
        for building, name in plan.new_floors:
            structure.create_floor(building_id=buildings[building], name=name, actor=actor, now=now)
        floors: dict[tuple[str, str], Floor] = {(f.building.name, f.name): f for f in queries.list_floors()}
        types = {name.casefold(): kind.id for kind in queries.list_room_types() for name in (kind.code, kind.name)}
        for row in plan.new:
            structure.create_room(
                number=row.number,
                floor_id=floors[row.building, row.floor].id,
                room_type_id=types[row.type.casefold()],
                actor=actor,
                now=now,
            )
        audit.record(
            actor=actor,
            action="rooms.imported",
            subject=audit.Subject(kind="rooms", id="csv", label=str(len(plan.new))),
            now=now,
            after={"created": len(plan.new), "existing": len(plan.existing)},
        )
        return plan


def _fault(row: Row, kind: RoomType | None, room: Room | None, types: dict[str, RoomType]) -> Fault | None:
    if kind is None:
        known = ", ".join(sorted({each.code for each in types.values()})) or "–"
        return Fault(
            row.line,
            N_("There is no room type “%(type)s”. Set it up first; there are: %(known)s."),
            {"type": row.type, "known": known},
        )
    if room is None:
        return None
    present = (room.floor.building.name, room.floor.name, room.room_type_id)
    if present != (row.building, row.floor, kind.id):
        return Fault(
            row.line,
            N_("Room %(number)s exists already, but as %(type)s on floor %(floor)s of %(building)s."),
            {
                "number": row.number,
                "type": room.room_type.name,
                "floor": room.floor.name,
                "building": room.floor.building.name,
            },
        )
    return None
