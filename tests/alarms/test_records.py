"""Records of doors become alarms, and end them; a batch costs as many questions whatever its length."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pms.alarms import queries
from pms.alarms.models import AlarmKind
from pms.protocol.record import RecordEvent, RecordMethod
from tests.alarms.cast import acknowledge, everything, note, raised, record, wrong_code

MINUTE = timedelta(minutes=1)


def states() -> dict[AlarmKind, tuple[int, bool]]:
    return {alarm.kind: (alarm.times, alarm.is_open) for alarm in everything()}


def test_each_event_that_sounds_is_an_alarm_of_its_kind(house, now):
    events = (
        RecordEvent.TAMPER_ALARM,
        RecordEvent.LOW_BATTERY,
        RecordEvent.LOCK_OUT,
        RecordEvent.DURESS,
        RecordEvent.DOOR_LEFT_OPEN,
    )
    note(house, now, ("101", [record(n, now + n * MINUTE, event, battery=14) for n, event in enumerate(events, 1)]))
    # The duress code opened the door, which ended the lock-out; the door was left open after that.
    assert states() == {
        AlarmKind.TAMPER: (1, True),
        AlarmKind.LOW_BATTERY: (1, True),
        AlarmKind.LOCK_OUT: (1, False),
        AlarmKind.DURESS: (1, True),
        AlarmKind.DOOR_LEFT_OPEN: (1, True),
    }
    assert next(alarm.details for alarm in everything() if alarm.kind is AlarmKind.LOW_BATTERY) == {"percent": 14}


@pytest.mark.parametrize(
    ("event", "method", "ends_open", "ends_lock_out"),
    [
        (RecordEvent.LOCKED, RecordMethod.COMMAND, True, False),
        (RecordEvent.OPENED, RecordMethod.OFFLINE_CARD, True, True),
        (RecordEvent.OPENED, RecordMethod.INSIDE_HANDLE, True, False),
        (RecordEvent.PASSAGE_ON, RecordMethod.COMMAND, True, False),
        (RecordEvent.REFUSED, RecordMethod.OFFLINE_CARD, False, False),
        (RecordEvent.CLOCK_SET, RecordMethod.COMMAND, False, False),
    ],
)
def test_what_the_door_notes_later_ends_an_open_door_and_a_lock_out(
    house, now, event, method, ends_open, ends_lock_out
):
    note(house, now, ("101", [record(1, now, RecordEvent.DOOR_LEFT_OPEN), record(2, now, RecordEvent.LOCK_OUT)]))
    note(house, now, ("102", [record(1, now + MINUTE, event, method=method)]))
    assert all(is_open for _times, is_open in states().values())
    note(house, now + 2 * MINUTE, ("101", [record(3, now + MINUTE, event, method=method)]))
    assert states() == {
        AlarmKind.DOOR_LEFT_OPEN: (1, not ends_open),
        AlarmKind.LOCK_OUT: (1, not ends_lock_out),
    }
    for alarm in everything():
        assert alarm.settled_at in (None, now + MINUTE)


def test_an_open_door_that_is_known_of_goes_on_until_it_is_closed(house, now):
    note(house, now, ("101", [record(1, now, RecordEvent.DOOR_LEFT_OPEN)]))
    acknowledge(house, everything()[0], now)
    note(house, now, ("101", [record(2, now + MINUTE, RecordEvent.DOOR_LEFT_OPEN)]))
    assert states() == {AlarmKind.DOOR_LEFT_OPEN: (2, False)}
    note(house, now, ("101", [record(3, now + 2 * MINUTE, RecordEvent.LOCKED)]))
    note(house, now, ("101", [record(4, now + 3 * MINUTE, RecordEvent.DOOR_LEFT_OPEN)]))
    assert [(alarm.times, alarm.is_open) for alarm in everything()] == [(2, False), (1, True)]


def test_what_comes_in_late_and_was_over_long_since_is_kept_as_over(house, now):
    note(house, now, ("101", [record(3, now + 2 * MINUTE, RecordEvent.OPENED)]))
    note(house, now, ("101", [record(2, now + MINUTE, RecordEvent.REFUSED), record(1, now, RecordEvent.LOCK_OUT)]))
    (alarm,) = everything()
    assert (alarm.kind, alarm.settled_at, queries.count_open()) == (AlarmKind.LOCK_OUT, now + 2 * MINUTE, 0)


def test_ten_wrong_codes_within_an_hour_at_one_door_are_guessing(any_house, now):
    house = any_house
    note(house, now, ("101", [wrong_code(n, now + n * 6 * MINUTE) for n in range(1, 10)]))
    assert everything() == []
    note(house, now, ("101", [wrong_code(10, now + 59 * MINUTE)]))
    (alarm,) = everything()
    assert (alarm.kind, alarm.times, alarm.details, alarm.door_id) == (
        AlarmKind.PASSCODE_GUESSING,
        10,
        {},
        house.doors["101"].id,
    )
    note(house, now, ("101", [wrong_code(11, now + 62 * MINUTE), wrong_code(12, now + 63 * MINUTE)]))
    assert [row.times for row in everything()] == [12]
    # What was looked at is no reason for another alarm; ten new ones are.
    acknowledge(house, alarm, now)
    note(house, now, ("101", [wrong_code(n, now + (50 + n) * MINUTE) for n in range(14, 23)]))
    assert [row.times for row in everything()] == [12]
    note(house, now, ("101", [wrong_code(30, now + 75 * MINUTE)]))
    assert [row.times for row in everything()] == [12, 10]


def test_one_code_along_a_corridor_is_one_alarm_of_the_house(house, now):
    for number, door in enumerate(("101", "102", "103")):
        note(house, now, (door, [wrong_code(1, now + 3 * number * MINUTE)]))
    assert everything() == []
    note(house, now, ("201", [wrong_code(1, now + 9 * MINUTE)]), ("202", [wrong_code(1, now + 30 * MINUTE)]))
    (alarm,) = everything()
    assert (alarm.thing, alarm.lock_id, alarm.details) == ("house", None, {"doors": ["101", "102", "103", "201"]})
    assert queries.with_place(alarm.id).place == ""
    note(house, now, ("203", [wrong_code(1, now + 12 * MINUTE)]))
    assert [(row.times, row.is_open) for row in everything()] == [(5, True)]


def test_a_quiet_batch_costs_one_question_however_long_it_is(house, now, count_queries):
    from pms.access_records.service import alarming
    from pms.alarms.service import Noted
    from pms.core.db import transaction
    from tests.alarms.cast import LOCK

    def quiet(count):
        records = [record(n, now, RecordEvent.OPENED)[0] for n in range(1, count + 1)]
        doors = list(house.doors.values())
        noted = [Noted(doors[n % 7].lock_id, n, one, now, LOCK) for n, one in enumerate(records)]

        def tell():
            with transaction():
                alarming.tell(noted, now)

        return tell

    assert count_queries(quiet(2)) == count_queries(quiet(300)) == 1


def test_many_wrong_codes_cost_as_many_questions_as_a_few(house, now, count_queries):
    def batch(start, count):
        # Far from each other, so that none of them is guessing.
        return lambda: note(
            house, now, ("101", [wrong_code(n, now + n * 10 * MINUTE) for n in range(start, start + count)])
        )

    few, many = count_queries(batch(1, 2)), count_queries(batch(10, 60))
    assert many == few


def test_an_alarm_that_lasts_is_counted_by_the_records_that_say_so_again(house, now):
    raised(house, now, AlarmKind.TAMPER)
    note(house, now, ("101", [record(n, now + n * MINUTE, RecordEvent.TAMPER_ALARM) for n in (1, 2)]))
    assert states() == {AlarmKind.TAMPER: (3, True)}
