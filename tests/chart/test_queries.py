"""What the chart reads is the same on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pms.chart import queries, rules
from pms.core.db import transaction
from pms.rooms.models import Room
from pms.stays import closures
from pms.stays import service as stays
from tests.chart.conftest import CLERK
from tests.factories import TODAY

WEEK = rules.window(TODAY, "week", TODAY)


@pytest.fixture
def full(any_house, book, now):
    """Moreau in house since today, moved to 103 tomorrow; Weber expected without a room; Suter gone out of the window."""
    moreau = book(any_house, "Moreau", "101", 0, 3)
    book(any_house, "Weber", None, 2, 2, wishes=("quiet", "cot"), departure_hour=14)
    book(any_house, "Suter", "102", 9, 2)
    stays.check_in(stay_id=moreau.id, actor=CLERK, now=now)
    tomorrow = now + timedelta(days=1)
    stays.move_room(stay_id=moreau.id, room_id=any_house.rooms["103"].id, actor=CLERK, now=tomorrow)
    closures.close_room(
        room_id=any_house.rooms["202"].id,
        from_date=TODAY + timedelta(days=1),
        until_date=TODAY + timedelta(days=4),
        reason="Paint",
        actor=CLERK,
        now=now,
    )
    return any_house


def test_the_rows_of_the_chart(full):
    rooms = full.rooms
    placed, waiting = queries.stays(WEEK, None, with_lane=True)
    assert (placed.family_name, placed.room_id, placed.wishes) == ("Moreau", rooms["103"].id, queries.NO_WISHES)
    assert (waiting.family_name, waiting.room_id, waiting.departure_hour) == ("Weber", None, 14)
    assert queries.stays(WEEK, [rooms["101"].id], with_lane=False) == []
    assert queries.stays(WEEK, [rooms["103"].id], with_lane=False) == [placed]
    tomorrow = TODAY + timedelta(days=1)
    later = rules.window(TODAY, "week", tomorrow)
    assert queries.slept_elsewhere(later) == [queries.Slept(placed.id, rooms["101"].id, TODAY, TODAY)]
    assert queries.closures(WEEK) == [queries.Closed(rooms["202"].id, tomorrow, TODAY + timedelta(days=4), "Paint")]


def test_the_counts_of_the_chart(full):
    types, taken = queries.types(), queries.sold(WEEK)
    assert [(line.code, line.rooms) for line in types] == [("STD", 4), ("STE", 2)]
    assert taken[full.standard.id, TODAY + timedelta(days=2)] == (2, 4)
    assert taken[full.suite.id, TODAY + timedelta(days=2)] == (0, 1)
    counts = queries.days(WEEK, types, taken)
    assert counts[TODAY] == queries.Day(arrivals=1, departures=0, sold=1, capacity=6)
    assert counts[TODAY + timedelta(days=2)] == queries.Day(arrivals=1, departures=0, sold=2, capacity=5)
    assert counts[TODAY + timedelta(days=3)].departures == 1


def test_a_closure_that_ends_early_is_drawn_as_far_as_it_went(full, now):
    closure = closures.close_room(
        room_id=full.rooms["201"].id,
        from_date=TODAY,
        until_date=TODAY + timedelta(days=5),
        reason="Leak",
        actor=CLERK,
        now=now,
    )
    closures.reopen(closure_id=closure.id, actor=CLERK, now=now + timedelta(days=2))
    ends = {closed.reason: closed.until for closed in queries.closures(WEEK)}
    assert ends["Leak"] == TODAY + timedelta(days=2)


def test_the_rooms_stand_by_type_or_as_one_walks(full):
    assert [line.number for line in queries.rooms("floor")] == ["101", "102", "103", "201", "202", "203"]
    assert [line.number for line in queries.rooms("type")] == ["101", "102", "103", "203", "201", "202"]


def test_changes_name_the_stays_and_the_rooms_where_they_are_now(full, book, now):
    mark = queries.mark()
    assert queries.changes(mark) == queries.Changes(mark, frozenset(), frozenset())
    stay = book(full, "Kranz", "102", 1, 1)
    found = queries.changes(mark)
    assert found.stay_ids == {stay.id}
    assert found.room_ids == {full.rooms["102"].id}
    assert queries.changes(found.mark + 1).is_too_much


def test_features_come_as_words(full):
    with transaction() as session:
        session.get_one(Room, full.rooms["101"].id).features = ["quiet", "bath"]
    assert next(line.features for line in queries.rooms("floor") if line.number == "101") == ["quiet", "bath"]
