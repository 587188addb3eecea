from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pms.frontdesk import readiness
from pms.frontdesk.proposals import RoomFacts, Wanted, propose
from pms.frontdesk.readiness import PartName, PartState
from pms.rooms.models import HousekeepingStatus

NOON = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)


def proposal(**values):
    facts = {"housekeeping": HousekeepingStatus.CLEAN, "is_vacant": True, **values}
    room = RoomFacts(room_id=1, number="101", room_type="Standard", type_distance=0, **facts)
    wanted = Wanted(
        booked_type="Standard",
        arrival=NOON.date(),
        departure=NOON.date() + timedelta(days=1),
    )
    return propose([room], wanted)[0]


COMPLETE = {"blank_fields": [], "has_document": True, "owed": 0, "has_machine": True}


def opens(**values) -> PartName | None:
    return readiness.first_missing(readiness.parts(**{**COMPLETE, "room": proposal(), **values}))


def test_nothing_is_missing_when_everything_is_there():
    parts = readiness.parts(**COMPLETE, room=proposal())
    assert [part.name for part in parts] == list(PartName)
    assert {part.state for part in parts} == {PartState.DONE}
    assert readiness.first_missing(parts) is None


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"has_document": False}, PartName.DOCUMENT),
        ({"room": None}, PartName.ROOM),
        ({"room": proposal(is_vacant=False)}, PartName.ROOM),
        ({"room": proposal(housekeeping=HousekeepingStatus.DIRTY)}, PartName.ROOM),
        ({"has_machine": False}, PartName.KEYS),
        ({"has_machine": False, "room": None, "has_document": False}, PartName.DOCUMENT),
        # A telephone number is nice to have; nobody waits at the desk for it.
        ({"blank_fields": ["phone", "birth_date"]}, None),
        # Most houses are paid at the end.
        ({"owed": 24000}, None),
    ],
)
def test_the_sheet_opens_at_the_first_part_that_misses_something(values, part):
    assert opens(**values) == part


@pytest.mark.parametrize(
    ("values", "minutes"),
    [
        ({"leaves_at": None, "is_dirty": True, "cleaning_hours": 2}, 120),
        ({"leaves_at": None, "is_dirty": False, "cleaning_hours": 2}, 30),
        ({"leaves_at": NOON + timedelta(hours=1), "is_dirty": False, "cleaning_hours": 2}, 180),
        # Who should have left long ago leaves now.
        ({"leaves_at": NOON - timedelta(hours=5), "is_dirty": True, "cleaning_hours": 1}, 60),
        ({"leaves_at": None, "is_dirty": True, "cleaning_hours": 0}, 30),
    ],
)
def test_a_room_is_expected_when_the_party_before_is_out_and_it_is_cleaned(values, minutes):
    assert readiness.expected_at(now=NOON, **values) == NOON + timedelta(minutes=minutes)


def test_rooms_are_expected_at_full_quarters():
    at = readiness.expected_at(
        now=NOON + timedelta(minutes=7, seconds=12), leaves_at=None, is_dirty=True, cleaning_hours=1
    )
    assert at == NOON + timedelta(minutes=75)


@pytest.mark.parametrize(
    ("housekeeping", "is_out_of_order", "is_occupied", "is_theirs"),
    [
        (HousekeepingStatus.CLEAN, False, False, True),
        (HousekeepingStatus.INSPECTED, False, False, True),
        (HousekeepingStatus.DIRTY, False, False, False),
        (HousekeepingStatus.INSPECTED, True, False, False),
        (HousekeepingStatus.INSPECTED, False, True, False),
    ],
)
def test_who_waits_has_the_room_once_it_is_clean_in_order_and_empty(
    housekeeping, is_out_of_order, is_occupied, is_theirs
):
    done = readiness.can_complete(housekeeping=housekeeping, is_out_of_order=is_out_of_order, is_occupied=is_occupied)
    assert done is is_theirs
