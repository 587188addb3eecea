"""Every write to rooms and what they stand in, behind one import."""

from __future__ import annotations

from pms.rooms.service.csv_import import BadFile, RoomPlan, import_rooms_csv, plan_rooms_csv
from pms.rooms.service.rounds import give_floor_back, note_sighting, settle_sighting, take_floor
from pms.rooms.service.state import (
    mark_dirty,
    note_fault,
    put_back_in_order,
    set_housekeeping,
    set_note,
    take_out_of_order,
)
from pms.rooms.service.structure import (
    change_building,
    change_floor,
    change_room,
    change_room_type,
    create_building,
    create_floor,
    create_room,
    create_room_type,
)

__all__ = [
    "BadFile",
    "RoomPlan",
    "change_building",
    "change_floor",
    "change_room",
    "change_room_type",
    "create_building",
    "create_floor",
    "create_room",
    "create_room_type",
    "give_floor_back",
    "import_rooms_csv",
    "mark_dirty",
    "note_fault",
    "note_sighting",
    "plan_rooms_csv",
    "put_back_in_order",
    "set_housekeeping",
    "set_note",
    "settle_sighting",
    "take_floor",
    "take_out_of_order",
]
