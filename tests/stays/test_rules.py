from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pms.stays import rules
from pms.stays.models import StayState, StepKind

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = date(2026, 6, 12)
SATURDAY = FRIDAY + timedelta(days=1)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("local_now", "night"),
    [
        (at(FRIDAY, 14), FRIDAY),
        (at(FRIDAY, 23, 59), FRIDAY),
        (at(SATURDAY, 0, 1), FRIDAY),
        (at(SATURDAY, 5, 59), FRIDAY),
        (at(SATURDAY, 6), SATURDAY),
    ],
)
def test_until_six_in_the_morning_a_guest_is_last_nights_guest(local_now, night):
    assert rules.tonight(local_now) == night


def test_a_guest_of_one_night_may_come_after_midnight_but_not_for_breakfast():
    span = {"arrival": FRIDAY, "departure": SATURDAY, "room_id": 1}
    rules.check_check_in(**span, local_now=at(SATURDAY, 2))
    with pytest.raises(rules.TooLate):
        rules.check_check_in(**span, local_now=at(SATURDAY, 9))


def test_a_guest_may_come_early_on_the_day_but_not_the_day_before():
    span = {"arrival": SATURDAY, "departure": SATURDAY + timedelta(days=2), "room_id": 1}
    rules.check_check_in(**span, local_now=at(SATURDAY, 1))
    with pytest.raises(rules.TooEarly):
        rules.check_check_in(**span, local_now=at(FRIDAY, 23, 59))


def test_nobody_is_checked_in_without_a_room():
    with pytest.raises(rules.NoRoom):
        rules.check_check_in(arrival=FRIDAY, departure=SATURDAY, room_id=None, local_now=at(FRIDAY, 15))


@pytest.mark.parametrize("kind", list(rules.STEPS))
@pytest.mark.parametrize("state", list(StayState))
def test_a_step_is_refused_in_every_state_that_it_does_not_start_from(kind, state):
    starts, leads_to = rules.STEPS[kind]
    if state in starts:
        assert rules.check_step(kind, state) is (leads_to or state)
        assert kind in rules.allowed_steps(state)
    else:
        with pytest.raises(rules.WrongState):
            rules.check_step(kind, state)
        assert kind not in rules.allowed_steps(state)


@pytest.mark.parametrize(
    ("today", "departure"),
    [
        (FRIDAY, FRIDAY),
        (FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=1)),
        (FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=3)),
        (FRIDAY + timedelta(days=5), FRIDAY + timedelta(days=3)),
    ],
)
def test_an_early_departure_ends_today_and_a_late_one_as_booked(today, departure):
    found = rules.departure_after_check_out(arrival=FRIDAY, departure=FRIDAY + timedelta(days=3), today=today)
    assert found == departure


def test_a_stay_can_be_shortened_to_today_but_not_to_yesterday_or_to_nothing():
    span = {"arrival": FRIDAY, "departure": FRIDAY + timedelta(days=4)}
    rules.check_shortening(**span, new=SATURDAY, today=SATURDAY)
    for new, today in [(FRIDAY, FRIDAY), (SATURDAY, SATURDAY + timedelta(days=1)), (span["departure"], FRIDAY)]:
        with pytest.raises(rules.NotEarlier):
            rules.check_shortening(**span, new=new, today=today)


def test_an_extension_ends_later_and_within_400_nights():
    rules.check_extension(arrival=FRIDAY, departure=SATURDAY, new=SATURDAY + timedelta(days=1))
    with pytest.raises(rules.NotLater):
        rules.check_extension(arrival=FRIDAY, departure=SATURDAY, new=SATURDAY)
    with pytest.raises(rules.BadDates):
        rules.check_extension(arrival=FRIDAY, departure=SATURDAY, new=FRIDAY + timedelta(days=401))


def test_steps_of_a_guest_in_house_touch_nights_from_tonight_on():
    leaves = FRIDAY + timedelta(days=3)
    since = rules.changes_since(state=StayState.IN_HOUSE, departure=leaves, local_now=at(SATURDAY, 2))
    assert since == FRIDAY, "at two in the morning the night is still going on"
    assert rules.changes_since(state=StayState.IN_HOUSE, departure=FRIDAY, local_now=at(leaves, 12)) == FRIDAY
    assert rules.changes_since(state=StayState.CONFIRMED, departure=leaves, local_now=at(SATURDAY, 2)) == date.min


def test_what_concerns_doors_can_be_undone_for_a_day_and_bookings_longer():
    then = at(FRIDAY, 15)
    rules.check_undo(kind=StepKind.CHECKED_IN, at=then, now=then + timedelta(days=1))
    rules.check_undo(kind=StepKind.CANCELLED, at=then, now=then + timedelta(days=9))
    for kind in (StepKind.CHECKED_IN, StepKind.MOVED, StepKind.CHECKED_OUT):
        with pytest.raises(rules.TooLateToUndo):
            rules.check_undo(kind=kind, at=then, now=then + timedelta(days=1, seconds=1))


@pytest.mark.parametrize(
    ("old", "new", "is_other_room", "takes"),
    [
        (StayState.CONFIRMED, StayState.IN_HOUSE, False, True),
        (StayState.CONFIRMED, StayState.CONFIRMED, True, True),
        (StayState.CANCELLED, StayState.CONFIRMED, False, True),
        (StayState.IN_HOUSE, StayState.IN_HOUSE, False, False),
        (StayState.IN_HOUSE, StayState.CONFIRMED, False, False),
        (StayState.IN_HOUSE, StayState.CHECKED_OUT, False, False),
    ],
)
def test_only_a_step_into_a_room_asks_whether_the_room_is_in_order(old, new, is_other_room, takes):
    assert rules.takes_room(old, new, is_other_room=is_other_room) is takes


def test_overdue_is_who_should_be_here_or_gone():
    def is_overdue(state, arrival, departure, tonight=SATURDAY, **values):
        return rules.is_overdue(state, arrival, departure, today=SATURDAY, tonight=tonight, **values)

    assert is_overdue(StayState.CONFIRMED, FRIDAY, SATURDAY)
    assert not is_overdue(StayState.CONFIRMED, FRIDAY, SATURDAY, tonight=FRIDAY), "the night is not over"
    assert not is_overdue(StayState.CONFIRMED, FRIDAY, SATURDAY, is_waiting=True)
    assert not is_overdue(StayState.CONFIRMED, SATURDAY, SATURDAY)
    assert is_overdue(StayState.IN_HOUSE, FRIDAY, FRIDAY)
    assert not is_overdue(StayState.CHECKED_OUT, FRIDAY, FRIDAY)
