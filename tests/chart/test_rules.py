from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pms.chart import rules
from pms.chart.rules import Action, KeyState, Span
from pms.config import ROOT
from pms.stays.models import StayState

FRIDAY = date(2026, 6, 12)
WEEK = rules.window(FRIDAY, "week", FRIDAY)
MONTH = rules.window(FRIDAY, "month", FRIDAY)


def test_the_chart_begins_yesterday_and_a_single_day_is_today():
    assert rules.window(None, "weeks", FRIDAY).first == FRIDAY - timedelta(days=1)
    assert rules.window(None, "day", FRIDAY).first == FRIDAY


@pytest.mark.parametrize("far", [timedelta(days=-3000), timedelta(days=3000)])
def test_a_day_far_from_today_is_not_shown(far):
    assert rules.window(FRIDAY + far, "week", FRIDAY).first == FRIDAY - timedelta(days=1)


def test_an_unknown_zoom_is_the_usual_one():
    assert rules.window(FRIDAY, "year", FRIDAY).zoom == rules.ZOOMS[rules.USUAL_ZOOM]


def test_a_window_has_as_many_days_as_its_zoom_says_and_ends_on_the_day_after_the_last():
    assert WEEK.days == [FRIDAY + timedelta(days=count) for count in range(7)]
    assert WEEK.until == FRIDAY + timedelta(days=7)


def test_a_bar_begins_and_ends_in_the_middle_of_a_day():
    begins, ends = MONTH.hour(FRIDAY, 15), MONTH.hour(FRIDAY + timedelta(days=2), 12)
    assert rules.span(MONTH, begins, ends) == Span(start=2, steps=8, goes_before=False, goes_after=False)


def test_the_next_bar_begins_where_the_last_one_ends_or_later():
    leaves = rules.span(MONTH, MONTH.hour(FRIDAY, -9), MONTH.hour(FRIDAY, 12))
    comes = rules.span(MONTH, MONTH.hour(FRIDAY, 15), MONTH.hour(FRIDAY, 36))
    assert leaves
    assert comes
    assert leaves.start + leaves.steps <= comes.start


def test_a_bar_that_goes_on_outside_says_on_which_side():
    before, after = rules.span(WEEK, -20, 12), rules.span(WEEK, 160, 200)
    assert before == Span(0, 4, goes_before=True, goes_after=False)
    assert after
    assert (after.goes_before, after.goes_after) == (False, True)
    assert after.start + after.steps == WEEK.zoom.steps


@pytest.mark.parametrize(("begins", "ends"), [(-30, 0), (168, 200), (30, 30)])
def test_what_lies_outside_is_not_drawn(begins, ends):
    assert rules.span(WEEK, begins, ends) is None


@given(st.integers(-900, 900), st.integers(1, 900), st.sampled_from(sorted(rules.ZOOMS)))
def test_every_bar_lies_inside_of_the_grid_and_covers_what_is_shown_of_it(begins, hours, zoom):
    window = rules.window(FRIDAY, zoom, FRIDAY)
    found = rules.span(window, begins, begins + hours)
    width = window.zoom.days * 24
    if found is None:
        assert begins >= width or begins + hours <= 0
        return
    assert 0 <= found.start < found.start + found.steps <= window.zoom.steps
    assert found.start * window.zoom.hours <= max(begins, 0)
    assert (found.start + found.steps) * window.zoom.hours >= min(begins + hours, width)


def test_the_stylesheet_knows_every_step():
    text = (ROOT / "static" / "css" / "chart_steps.css").read_text()
    most = max(zoom.steps for zoom in rules.ZOOMS.values())
    assert {int(n) for n in re.findall(r"\.b\.s(\d+) \{ --s: \1; \}", text)} == set(range(most))
    assert {int(n) for n in re.findall(r"\.b\.n(\d+) \{ --n: \1; \}", text)} == set(range(1, most + 1))


def test_the_stylesheet_has_the_days_and_steps_of_every_zoom():
    text = (ROOT / "static" / "css" / "chart.css").read_text()
    for name, zoom in rules.ZOOMS.items():
        assert f".chart.z-{name} {{ --days: {zoom.days}; --steps: {zoom.steps};" in text


YESTERDAY, TOMORROW = FRIDAY - timedelta(days=1), FRIDAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("state", "arrival", "departure", "is_waiting", "action"),
    [
        (StayState.CONFIRMED, FRIDAY, TOMORROW, False, Action.ARRIVES),
        (StayState.CONFIRMED, FRIDAY, TOMORROW, True, Action.WAITING),
        (StayState.CONFIRMED, YESTERDAY, TOMORROW, False, Action.OVERDUE),
        (StayState.CONFIRMED, TOMORROW, TOMORROW + timedelta(days=1), False, Action.COMING),
        (StayState.IN_HOUSE, YESTERDAY, TOMORROW, False, Action.IN_HOUSE),
        (StayState.IN_HOUSE, YESTERDAY, FRIDAY, False, Action.LEAVES),
        (StayState.IN_HOUSE, YESTERDAY - timedelta(days=2), YESTERDAY, False, Action.OVERDUE),
        (StayState.CHECKED_OUT, YESTERDAY, FRIDAY, False, Action.PAST),
    ],
)
def test_the_colour_says_what_there_is_to_do_today(state, arrival, departure, is_waiting, action):
    assert rules.action(state, arrival, departure, today=FRIDAY, tonight=FRIDAY, is_waiting=is_waiting) is action


@pytest.mark.parametrize(
    ("action", "live", "unknown", "is_short", "state"),
    [
        (Action.IN_HOUSE, 0, 0, False, KeyState.TO_DO),
        (Action.IN_HOUSE, 2, 0, False, KeyState.MADE),
        (Action.IN_HOUSE, 2, 0, True, KeyState.TO_DO),
        (Action.IN_HOUSE, 2, 1, True, KeyState.UNKNOWN),
        (Action.LEAVES, 0, 0, False, KeyState.NONE),
        (Action.ARRIVES, 0, 0, False, KeyState.NONE),
        (Action.ARRIVES, 1, 0, False, KeyState.MADE),
        (Action.PAST, 1, 1, True, KeyState.NONE),
    ],
)
def test_the_key_mark(action, live, unknown, is_short, state):
    assert rules.key_state(action, live=live, unknown=unknown, is_short=is_short) is state


def test_stays_without_a_room_share_lines_where_they_can():
    assert rules.pack([(0, 3), (1, 4), (3, 5), (4, 6), (4, 9)]) == [0, 1, 0, 1, 2]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=30))
def test_nothing_lies_over_anything_else_on_a_line_and_no_line_is_wasted(pairs):
    spans = sorted((begins, begins + length) for begins, length in pairs)
    lines = rules.pack(spans)
    for one in range(len(spans)):
        for other in range(one):
            if lines[one] == lines[other]:
                assert spans[other][1] <= spans[one][0]
    most = max((sum(b <= at < e for b, e in spans) for at in range(50)), default=0)
    assert len(set(lines)) == most


def test_the_rooms_come_in_parts_and_begin_anew_where_the_last_one_is_gone():
    assert rules.part_after([5, 6, 7, 8], None, 3) == (0, 3)
    assert rules.part_after([5, 6, 7, 8], 7, 3) == (3, 4)
    assert rules.part_after([5, 6, 7, 8], 99, 3) == (0, 3)
