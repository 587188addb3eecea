"""What a code can say: whatever is offered can be made, and is the nearest below and above what was wished."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pms.passcodes import rules
from pms.passcodes.models import PasscodeKind
from pms.passcodes.rules import Clockwork
from pms.protocol.passcode import DAY, HOUR, Cyclic, Pattern, holds, nth_checkout

SUMMER = Clockwork(offset_quarters=8, check_out_hour=12)
NOON = datetime(2026, 6, 12, 10, tzinfo=UTC)
clockworks = st.builds(Clockwork, offset_quarters=st.integers(-48, 56), check_out_hour=st.integers(0, 23))
starts = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
lengths = st.one_of(st.integers(1, 80 * 60), st.integers(1, 420 * 24 * 60)).map(lambda count: timedelta(minutes=count))


def ends_from(start: int, clockwork: Clockwork) -> set[int]:
    """Every end that a code beginning at this instant can have, counted out by hand."""
    if start % HOUR:
        return set()
    found = {start + count * HOUR for count in range(1, 73)}
    found |= {nth_checkout(start, n, clockwork.offset_quarters, clockwork.check_out_hour) for n in range(1, 32)}
    if start % DAY == 0:
        found |= {nth_checkout(start, n, clockwork.offset_quarters, clockwork.check_out_hour) for n in range(32, 401)}
    return found


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@settings(max_examples=150, deadline=None)
@given(starts, lengths, clockworks)
def test_what_is_offered_can_be_made_and_nothing_is_nearer(start, length, clockwork):
    until = start + length
    first, last = int(start.timestamp()), int(until.timestamp())
    options = rules.nearest(start=start, until=until, clockwork=clockwork)
    for option in options:
        assert int(option.valid_until.timestamp()) in ends_from(int(option.valid_from.timestamp()), clockwork)
        assert rules.span(option.permission, clockwork, option.valid_from) == (option.valid_from, option.valid_until)
        again = rules.timed(
            start=option.valid_from, until=option.valid_until, clockwork=clockwork, now=start - timedelta(days=2)
        )
        assert (again.valid_from, again.valid_until) == (option.valid_from, option.valid_until)
    inside = [one for one in options if one.valid_from >= start and one.valid_until <= until]
    covering = [one for one in options if one.valid_from <= start and one.valid_until >= until]
    up, down = -(-first // HOUR) * HOUR, first // HOUR * HOUR
    below = [end for end in ends_from(up, clockwork) if end <= last]
    above = [end for end in ends_from(down, clockwork) if end >= last]
    assert bool(inside) >= bool(below)
    if below:
        assert at(max(below)) in {one.valid_until for one in inside}
    if above:
        assert at(min(above)) in {one.valid_until for one in covering}
    elif covering:
        (long,) = [one for one in covering if one.kind is PasscodeKind.DAYS]
        assert not [
            end for end in ends_from(first // DAY * DAY, clockwork) if last <= end < long.valid_until.timestamp()
        ]


@settings(max_examples=60, deadline=None)
@given(starts, lengths, clockworks)
def test_a_length_is_made_exactly_or_refused(start, length, clockwork):
    until = start + length
    asked = {"start": start, "until": until, "clockwork": clockwork, "now": start - timedelta(days=1)}
    if int(until.timestamp()) in ends_from(int(start.timestamp()), clockwork):
        choice = rules.timed(**asked)
        assert (choice.valid_from, choice.valid_until) == (start, until)
        return
    with pytest.raises(rules.NotExpressible) as refusal:
        rules.timed(**asked)
    is_extreme = length > timedelta(days=400) or length < timedelta(hours=1)
    assert is_extreme or 1 <= len(refusal.value.options) <= 2


@pytest.mark.parametrize(
    ("until", "offered"),
    [
        # 80 hours: 72 hours, or the fourth check-out
        (NOON + timedelta(hours=80), [(NOON, NOON + timedelta(hours=72)), (NOON, NOON + timedelta(days=4))]),
        (NOON + timedelta(hours=4, minutes=30), [(NOON, NOON + timedelta(hours=n)) for n in (4, 5)]),
        (NOON + timedelta(minutes=30), [(NOON, NOON + timedelta(hours=1))]),
        (NOON + timedelta(days=500), [(NOON, NOON + timedelta(days=31))]),
        (
            NOON + timedelta(days=40),
            [(NOON, NOON + timedelta(days=31)), (NOON.replace(hour=0), NOON + timedelta(days=40))],
        ),
    ],
)
def test_the_nearest_lengths_are_those_of_the_table(until, offered):
    with pytest.raises(rules.NotExpressible) as refusal:
        rules.timed(start=NOON, until=until, clockwork=SUMMER, now=NOON)
    assert [(one.valid_from, one.valid_until) for one in refusal.value.options] == offered


def test_a_start_that_is_no_full_hour_is_offered_inside_and_around():
    start, until = NOON + timedelta(minutes=30), NOON + timedelta(hours=3)
    with pytest.raises(rules.NotExpressible) as refusal:
        rules.timed(start=start, until=until, clockwork=SUMMER, now=NOON)
    assert [(one.valid_from, one.valid_until) for one in refusal.value.options] == [
        (NOON + timedelta(hours=1), until),
        (NOON, until),
    ]


def test_hours_are_preferred_unless_nights_are_asked_for():
    until = NOON + timedelta(days=1)
    asked = {"start": NOON, "until": until, "clockwork": SUMMER, "now": NOON}
    assert rules.timed(**asked).kind is PasscodeKind.HOURS
    nights = (PasscodeKind.NIGHTS, PasscodeKind.HOURS)
    assert rules.timed(**asked, kinds=nights).kind is PasscodeKind.NIGHTS


def test_times_that_cannot_be_are_refused():
    def timed(start, until):
        return rules.timed(start=start, until=until, clockwork=SUMMER, now=NOON + timedelta(minutes=20))

    with pytest.raises(rules.EndsBeforeItBegins):
        timed(NOON, NOON)
    with pytest.raises(rules.EndsBeforeItBegins):
        timed(NOON - timedelta(hours=3), NOON - timedelta(hours=1))
    with pytest.raises(rules.StartIsPast):
        timed(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    with pytest.raises(rules.StartIsPast):
        timed(NOON - timedelta(days=2), NOON + timedelta(days=60))
    with pytest.raises(rules.StartTooFar):
        timed(NOON + timedelta(days=367), NOON + timedelta(days=368))
    assert timed(NOON, NOON + timedelta(hours=1)).kind is PasscodeKind.HOURS


def test_a_code_for_one_opening_begins_with_a_full_hour_that_is_not_past():
    assert rules.single_start(None, NOON + timedelta(minutes=59)) == NOON
    with pytest.raises(rules.NotAFullHour) as refusal:
        rules.single_start(NOON + timedelta(minutes=30), NOON)
    assert refusal.value.params == {"before": NOON, "after": NOON + timedelta(hours=1)}
    with pytest.raises(rules.StartIsPast):
        rules.single_start(NOON - timedelta(hours=1), NOON)
    with pytest.raises(rules.StartTooFar):
        rules.single_start(NOON + timedelta(days=400), NOON)


@settings(max_examples=80, deadline=None)
@given(
    clockworks,
    st.sampled_from(Pattern),
    st.integers(0, 23),
    st.integers(1, 24),
    st.integers(0, 11),
    st.integers(0, 23),
)
def test_a_code_of_certain_days_is_taken_at_both_ends_and_not_beyond(clockwork, pattern, hour, length, ahead, moment):
    now = NOON + timedelta(hours=moment)
    month = rules.months_to_choose(rules.local_day(now, clockwork))[ahead]
    asked = {"pattern": int(pattern), "start_hour": hour, "hours": length, "last_month": month, "now": now}
    try:
        choice = rules.cyclic(**asked, clockwork=clockwork)
    except rules.MonthIsOver:
        assert ahead == 0
        return

    def is_taken(instant: datetime) -> bool:
        seconds = int(instant.timestamp())
        return holds(choice.permission, clockwork.offset_quarters, clockwork.check_out_hour, seconds)

    assert is_taken(max(choice.valid_from, now))
    assert is_taken(choice.valid_until)
    assert is_taken(choice.valid_until + rules.GRACE)
    assert not is_taken(choice.valid_until + rules.GRACE + timedelta(seconds=1))
    assert rules.local_day(choice.valid_until - timedelta(hours=length), clockwork).replace(day=1) == month


def test_a_month_too_far_or_over_is_refused_with_the_last_that_can_be():
    asked = {"pattern": 0, "start_hour": 9, "hours": 2, "clockwork": SUMMER, "now": NOON}
    with pytest.raises(rules.MonthTooFar) as refusal:
        rules.cyclic(**asked, last_month=date(2027, 6, 1))
    assert refusal.value.params == {"most": "2027-05"}
    with pytest.raises(rules.MonthIsOver):
        rules.cyclic(**asked, last_month=date(2026, 5, 1))
    assert isinstance(rules.cyclic(**asked, last_month=date(2027, 5, 1)).permission, Cyclic)


def test_days_stand_in_the_way_of_nights_of_the_same_day_and_the_other_way_round():
    nights = rules.timed(start=NOON, until=NOON + timedelta(days=5), clockwork=SUMMER, now=NOON)
    days = rules.Start(NOON.replace(hour=0), is_gone=True, is_days=True)
    assert rules.must_move_on(choice=nights, others=[days])
    yesterday = rules.Start(NOON.replace(hour=0) - timedelta(days=1), is_gone=True, is_days=True)
    assert not rules.must_move_on(choice=nights, others=[yesterday])
