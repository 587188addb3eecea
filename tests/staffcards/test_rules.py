"""Windows, ends, what goes on a card, what a door's answer proves, what needs a look."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pms.core import weeks as windows
from pms.core.weeks import Window
from pms.keycards import rules as key_rules
from pms.keycards.rules import Number
from pms.locks.models import ScopeKind
from pms.protocol.card import CardBody, CardKind
from pms.protocol.command import WeekWindow
from pms.protocol.record import RecordResult
from pms.staffcards import rules
from pms.staffcards.models import StaffCardKind
from pms.staffcards.rules import Attention, LostAnswer

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 12, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STAFF, EMERGENCY, ONE_SHOT = StaffCardKind.STAFF, StaffCardKind.EMERGENCY, StaffCardKind.ONE_SHOT

# --- when a card opens


@pytest.mark.parametrize(
    ("days", "start", "end", "made"),
    [
        ([0, 1, 2, 3, 4], "06:00", "14:30", Window(0b0011111, 360, 870)),
        ([5, 6], "22:00", "06:00", Window(0b1100000, 1320, 360)),
        ([0], "00:00", "00:00", Window(1, 0, 1440)),
        ([0], " 08:00 ", "00:00", Window(1, 480, 1440)),
        ([3, 3, 9, -1], "23:59", "23:59", Window(8, 1439, 1439)),
    ],
)
def test_days_and_times_make_a_window(days, start, end, made):
    assert windows.window(days, start, end) == made


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [("", "14:00", "start"), ("6:00", "14:00", "start"), ("06:00", "24:00", "end"), ("06:00", "14.30", "end")],
)
def test_what_is_no_time_is_refused_beside_its_field(start, end, field):
    with pytest.raises(windows.BadTime) as refused:
        windows.window([0], start, end)
    assert refused.value.params["field"] == field


@pytest.mark.parametrize("days", [[], [7], [-1, 12]])
def test_a_window_has_a_day(days):
    with pytest.raises(windows.BadWeekdays):
        windows.window(days, "06:00", "14:00")


@pytest.mark.parametrize(
    ("window", "always", "whole", "crosses"),
    [
        (Window(), True, True, False),
        (Window(0b0011111), False, True, False),
        (Window(0b1111111, 600, 600), True, True, False),
        (Window(1, 360, 870), False, False, False),
        (Window(1, 1320, 360), False, False, True),
        (Window(1, 1320, 1440), False, False, False),
    ],
)
def test_what_kind_of_window_it_is(window, always, whole, crosses):
    assert (window.is_always, window.is_whole_day, window.crosses_midnight) == (always, whole, crosses)


@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1439),
)
def test_every_window_that_can_be_entered_can_be_written_on_a_card(days, start, end):
    window = windows.window(days, windows.clock_time(start), windows.clock_time(end))
    body = CardBody(
        CardKind.STAFF, 1, 0, 1, 1, weekdays=window.weekdays, start_minute=window.start, end_minute=window.end
    )
    assert CardBody.decode(body.encode()) == body
    assert windows.days_of(window.weekdays) == sorted(days)


@given(st.integers(0, 6), st.integers(0, 1439))
def test_the_whole_day_is_the_whole_day_at_the_lock_too(day, minute):
    for window in (Window(), windows.window(range(7), "00:00", "00:00"), windows.window(range(7), "10:00", "10:00")):
        assert window.is_always
        assert WeekWindow(window.weekdays, window.start, window.end).contains(day, minute)


# --- how long


def test_a_card_is_good_to_the_end_of_its_last_day_on_the_wall():
    assert rules.end_of(date(2026, 6, 20), BERLIN) == datetime(2026, 6, 20, 22, tzinfo=UTC)
    # The night in which the clocks are put back.
    assert rules.end_of(date(2026, 10, 25), BERLIN) == datetime(2026, 10, 25, 23, tzinfo=UTC)


@pytest.mark.parametrize(("kind", "days"), [(STAFF, 92), (EMERGENCY, 31)])
@pytest.mark.parametrize("month", range(1, 13))
def test_the_last_day_offered_is_the_latest_that_is_allowed(kind, days, month):
    now = datetime(2026, month, 12, 10, tzinfo=UTC)
    last = rules.last_day(kind, now, BERLIN)
    rules.check_end(kind, rules.end_of(last, BERLIN), now, BERLIN)
    with pytest.raises(rules.EndsTooLate) as refused:
        rules.check_end(kind, rules.end_of(last + DAY, BERLIN), now, BERLIN)
    assert refused.value.params == {"days": days, "last": last}


def test_a_card_of_yesterday_is_not_made():
    with pytest.raises(rules.EndsTooEarly):
        rules.check_end(STAFF, rules.end_of(date(2026, 6, 11), BERLIN), NOON, BERLIN)
    rules.check_end(STAFF, rules.end_of(date(2026, 6, 12), BERLIN), NOON, BERLIN)


@pytest.mark.parametrize("hours", [0, 25, -1])
def test_a_visitor_comes_within_a_day(hours):
    with pytest.raises(rules.BadHours):
        rules.visitor_end(hours, NOON)


def test_a_visitors_longest_card_is_what_the_protocol_allows():
    until = rules.visitor_end(24, NOON)
    assert until - NOON == rules.LONGEST[ONE_SHOT]
    CardBody(CardKind.ONE_SHOT, 1, int(NOON.timestamp()), int(until.timestamp()), 1)


@pytest.mark.parametrize(("left", "soon"), [(14 * DAY, True), (14 * DAY + HOUR, False), (HOUR, True)])
def test_two_weeks_before_its_end_a_card_is_listed(left, soon):
    assert rules.ends_soon(NOON + left, NOON) is soon


# --- what goes on a card

KINDS = {
    1: ScopeKind.ALL,
    2: ScopeKind.FLOOR,
    3: ScopeKind.FLOOR,
    4: ScopeKind.SECTION,
    5: ScopeKind.SECTION,
    6: ScopeKind.SECTION,
}


@pytest.mark.parametrize(
    ("chosen", "kind", "made"),
    [
        ([2, 3], STAFF, (2, 3)),
        ([3, 2, 3, 99], STAFF, (3, 2)),
        ([2, 1, 4, 5, 6], STAFF, (1,)),
        ([], EMERGENCY, (1,)),
        ([2], EMERGENCY, (1,)),
    ],
)
def test_what_was_chosen_goes_on_the_card_and_every_door_stands_alone(chosen, kind, made):
    assert rules.choose_scopes(chosen, KINDS, kind) == made


@pytest.mark.parametrize("chosen", [[], [99]])
def test_a_card_opens_something(chosen):
    with pytest.raises(rules.NothingToOpen):
        rules.choose_scopes(chosen, KINDS, STAFF)


def test_a_card_has_four_places():
    rules.choose_scopes([2, 3, 4, 5], KINDS, STAFF)
    with pytest.raises(rules.TooManyOnCard):
        rules.choose_scopes([2, 3, 4, 5, 6], KINDS, STAFF)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_card_has_a_holder(name):
    with pytest.raises(rules.NoHolder):
        rules.clean_holder(name)
    assert rules.clean_holder("  Ms   Kim ") == "Ms Kim"


@pytest.mark.parametrize("name", ["", "x" * 41])
def test_a_shift_has_a_name(name):
    with pytest.raises(rules.BadShiftName):
        rules.clean_shift_name(name)
    assert rules.clean_shift_name(" Early  shift") == "Early shift"


# --- lost cards


@pytest.mark.parametrize(
    ("kind", "scopes", "left", "possible"),
    [
        (STAFF, 1, False, ["carry", "both", "deny", "raise", "later"]),
        (STAFF, 4, False, ["both", "deny", "raise", "later"]),
        (EMERGENCY, 1, False, ["both", "deny", "raise", "later"]),
        (STAFF, 1, True, ["deny", "later"]),
        (ONE_SHOT, 0, False, ["deny", "later"]),
    ],
)
def test_what_can_be_done_about_a_lost_card(kind, scopes, left, possible):
    assert rules.answers(kind, scopes, holder_left=left) == [LostAnswer(answer) for answer in possible]


def test_a_full_card_has_no_room_for_a_denial():
    rules.check_carries(STAFF, 3)
    for kind, scopes in ((STAFF, 4), (EMERGENCY, 1)):
        with pytest.raises(rules.NoRoomForDenial):
            rules.check_carries(kind, scopes)


def test_a_card_is_denied_to_its_end_and_a_little_while_at_least():
    assert rules.denied_until(NOON + DAY, NOON) == NOON + DAY
    assert rules.denied_until(NOON - HOUR, NOON) == NOON + key_rules.GRACE


@pytest.mark.parametrize("result", list(RecordResult))
def test_only_an_answer_that_comes_after_the_denial_proves_it(result):
    proves = {"OPENED", "VOIDED", "SUPERSEDED", "OUTSIDE_HOURS", "EXPIRED", "NOT_YET", "PRIVACY"}
    took = rules.took_denial(result, at=NOON, valid_from=NOON - HOUR, denied_until=NOON + HOUR)
    assert took is (result.name in proves)


@pytest.mark.parametrize(
    ("at", "took"),
    [
        (NOON - timedelta(minutes=15), True),
        (NOON - timedelta(minutes=16), False),
        (NOON + HOUR + timedelta(minutes=15), True),
        (NOON + HOUR + timedelta(minutes=16), False),
    ],
)
def test_a_denial_out_of_its_time_proves_nothing(at, took):
    assert rules.took_denial(RecordResult.OPENED, at=at, valid_from=NOON, denied_until=NOON + HOUR) is took


def test_a_raised_number_is_above_every_one_before_also_after_a_restore():
    seconds = int(NOON.timestamp())
    assert rules.raised(5, NOON) == seconds
    assert rules.raised(seconds, NOON) == seconds + 1
    assert rules.raised(seconds + 9, NOON) == seconds + 10


@pytest.mark.parametrize(
    ("issues", "told", "known", "closed"),
    [
        ({1: 5}, [1], {1: 6}, True),
        ({1: 5}, [1], {1: 5}, False),
        ({1: 5}, [1], {}, False),
        ({1: 5, 2: 5}, [1, 2], {1: 6}, False),
        ({1: 5, 2: 5}, [1], {1: 6}, True),
        ({1: 5, 2: 5}, [1, 2], {1: 6, 2: 6}, True),
    ],
)
def test_a_lock_refuses_a_card_when_every_scope_that_they_share_was_raised_there(issues, told, known, closed):
    assert rules.is_closed(issues, told=told, known=known) is closed


# --- what needs a look


@pytest.mark.parametrize(
    ("left", "outdated", "until", "need"),
    [
        (True, True, NOON + HOUR, Attention.TO_DENY),
        (False, True, NOON + HOUR, Attention.RAISED),
        (False, False, NOON + 13 * DAY, Attention.ENDS_SOON),
        (False, False, NOON + 15 * DAY, None),
    ],
)
def test_the_gravest_need_is_named(left, outdated, until, need):
    assert rules.attention(holder_left=left, is_outdated=outdated, valid_until=until, now=NOON) is need


# --- a visitor's number (keycards)


def number(stay_id, hours, issue, *, released=False):
    return Number(stay_id, NOON + hours * HOUR, issue, released)


@pytest.mark.parametrize(
    ("numbers", "present", "issue"),
    [
        ([], None, 0),
        ([number(1, -5, 100)], 1, 100),
        # The party in the room counts, also where the next one's time has come already.
        ([number(1, -5, 100), number(2, -1, 300)], 1, 100),
        # Nobody is there: the last one that has begun.
        ([number(1, -5, 100), number(2, -1, 300), number(3, 4, 500)], None, 300),
        ([number(1, -5, 100), number(3, 4, 500)], 7, 100),
        # Who gave the door up has no number of its own any more.
        ([number(1, -5, 100, released=True), number(2, -6, 90)], 1, 100),
        ([number(3, 4, 500)], None, 0),
    ],
)
def test_a_visitor_carries_the_number_of_whoever_lives_there(numbers, present, issue):
    assert key_rules.visitor_issue(numbers, present_stay_id=present, now=NOON) == issue
