"""Which code a stay gets, and what is true of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pms.core.intervals import at_local
from pms.passcodes import rules
from pms.passcodes.models import PasscodeKind, PasscodeState
from pms.passcodes.rules import Clockwork, Life, Start
from pms.protocol.passcode import Days, Nights, window
from pms.stays.models import StayState

BERLIN = ZoneInfo("Europe/Berlin")
SUMMER = Clockwork(offset_quarters=8, check_out_hour=12)
NOON = datetime(2026, 6, 12, 10, tzinfo=UTC)


def choose(start=NOON, departure=date(2026, 6, 14), clockwork=SUMMER):
    return rules.choose(start=start, departure=departure, clockwork=clockwork)


def test_a_guest_in_house_starts_with_the_present_hour():
    start = rules.earliest_start(
        state=StayState.IN_HOUSE, now=NOON.replace(minute=59), arrives=at_local(date(2026, 6, 12), 15, BERLIN)
    )
    assert start == NOON


def test_an_expected_guest_starts_with_check_in():
    start = rules.earliest_start(state=StayState.CONFIRMED, now=NOON, arrives=at_local(date(2026, 6, 13), 15, BERLIN))
    assert start == datetime(2026, 6, 13, 13, tzinfo=UTC)


def test_a_guest_who_is_late_starts_now_and_not_in_the_past():
    start = rules.earliest_start(state=StayState.CONFIRMED, now=NOON, arrives=at_local(date(2026, 6, 11), 15, BERLIN))
    assert start == NOON


def test_the_start_is_a_full_hour_in_a_zone_with_half_hours():
    start = rules.earliest_start(
        state=StayState.CONFIRMED, now=NOON, arrives=at_local(date(2026, 6, 13), 15, ZoneInfo("Asia/Kolkata"))
    )
    assert start.minute == 0
    assert start == datetime(2026, 6, 13, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("nights", "kind"),
    [(1, PasscodeKind.NIGHTS), (31, PasscodeKind.NIGHTS), (32, PasscodeKind.DAYS), (399, PasscodeKind.DAYS)],
)
def test_up_to_31_nights_are_nights_above_are_days(nights, kind):
    departure = date(2026, 6, 12) + timedelta(days=nights)
    assert choose(start=NOON + timedelta(hours=3), departure=departure).kind is kind


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("nights", [1, 2, 30, 31, 33, 60])
def test_a_code_ends_with_check_out_of_the_departure_date_whatever_its_first_hour(hour, nights):
    start = datetime(2026, 6, 12, hour, tzinfo=UTC)
    departure = (start + timedelta(hours=2)).date() + timedelta(days=nights)
    choice = choose(start=start, departure=departure)
    assert choice.valid_until == datetime(departure.year, departure.month, departure.day, 10, tzinfo=UTC)
    begins, ends = window(choice.permission, 8, 12, int(start.timestamp()))
    assert (begins, ends) == (choice.valid_from.timestamp(), choice.valid_until.timestamp())


def test_a_code_of_days_counts_from_midnight_utc():
    choice = choose(departure=date(2026, 8, 1))
    assert isinstance(choice.permission, Days)
    assert choice.valid_from == datetime(2026, 6, 12, tzinfo=UTC)


def test_the_departure_day_before_check_out_still_gets_a_code():
    assert choose(start=NOON - timedelta(hours=1), departure=date(2026, 6, 12)).permission == Nights(
        int((NOON - timedelta(hours=1)).timestamp()), 1
    )


def test_after_check_out_of_the_departure_day_there_is_no_code():
    with pytest.raises(rules.TimeIsOver):
        choose(start=NOON, departure=date(2026, 6, 12))


def test_more_than_400_days_are_refused():
    with pytest.raises(rules.TooLong):
        choose(departure=date(2028, 1, 1))


def test_a_free_start_stays_in_the_epoch():
    others = [Start(NOON - timedelta(hours=1), is_gone=False), Start(NOON + timedelta(hours=5), is_gone=False)]
    assert not rules.must_move_on(choice=choose(), others=others)


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_start_that_another_party_has_moves_on(is_gone):
    assert rules.must_move_on(choice=choose(), others=[Start(NOON, is_gone=is_gone)])


def test_a_party_that_gave_up_and_would_start_later_moves_on():
    assert rules.must_move_on(choice=choose(), others=[Start(NOON + timedelta(days=1), is_gone=True)])


def test_a_party_that_gave_up_and_started_earlier_is_ended_by_the_first_use():
    assert not rules.must_move_on(choice=choose(), others=[Start(NOON - timedelta(days=1), is_gone=True)])


def test_days_move_on_if_anybody_started_on_that_day():
    long = choose(departure=date(2026, 8, 1))
    assert rules.must_move_on(choice=long, others=[Start(NOON - timedelta(hours=3), is_gone=False)])
    assert not rules.must_move_on(choice=long, others=[Start(NOON - timedelta(days=1), is_gone=False)])


def test_one_epoch_ahead_of_the_lock_is_the_most():
    rules.check_epoch(epoch=4, known_epoch=3, door="101")
    with pytest.raises(rules.LockTooFarBehind):
        rules.check_epoch(epoch=5, known_epoch=3, door="101")


def test_after_255_epochs_the_lock_must_be_set_up_again():
    with pytest.raises(rules.LockUsedUp):
        rules.check_epoch(epoch=256, known_epoch=255, door="101")


def life(state=PasscodeState.ACTIVE, is_ended=False, now=NOON):
    return rules.life(state=state, is_ended=is_ended, valid_from=NOON, valid_until=NOON + timedelta(days=2), now=now)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, Life.OPENS),
        ({"now": NOON - timedelta(minutes=15)}, Life.OPENS),
        ({"now": NOON - timedelta(minutes=16)}, Life.COMING),
        ({"now": NOON + timedelta(days=2, minutes=15)}, Life.OPENS),
        ({"now": NOON + timedelta(days=2, minutes=16)}, Life.TIME_OVER),
        ({"is_ended": True}, Life.STILL_OPENS),
        ({"is_ended": True, "now": NOON + timedelta(days=3)}, Life.TIME_OVER),
        ({"state": PasscodeState.REVOKING}, Life.BEING_REVOKED),
        ({"state": PasscodeState.REVOKING, "is_ended": True}, Life.BEING_REVOKED),
        ({"state": PasscodeState.REVOKED}, Life.REVOKED),
    ],
)
def test_the_truth_about_a_code(values, expected):
    assert life(**values) is expected


def test_only_time_one_use_and_the_door_kill_a_code():
    dead = [Life.TIME_OVER, Life.USED, Life.REVOKED]
    of_slots = [Life.REFUSED, Life.NOT_SENT]
    assert [state for state in Life if not rules.is_alive(state)] == [*dead, *of_slots]


def test_a_later_start_ends_an_earlier_one_and_days_only_those_of_earlier_days():
    nights, days = PasscodeKind.NIGHTS, PasscodeKind.DAYS
    midnight = NOON.replace(hour=0)

    def ended(old, old_start, new, new_start):
        return rules.is_ended_by(old_kind=old, old_start=old_start, new_kind=new, new_start=new_start)

    assert ended(nights, NOON, nights, NOON + timedelta(hours=1))
    assert not ended(nights, NOON, nights, NOON)
    assert not ended(days, midnight, nights, NOON)
    assert ended(days, midnight, nights, NOON + timedelta(days=1))
    assert not ended(PasscodeKind.CLEAR, NOON, nights, NOON + timedelta(days=1))


def test_a_name_is_one_line_of_what_can_be_printed():
    assert rules.holder_name(" Ms\x00 Kim\n laundry ", has_stay=False) == "Ms Kim laundry"
    assert rules.holder_name("", has_stay=True) == ""
    for name in ("", "\x00", "x" * 61):
        with pytest.raises(rules.NobodyNamed):
            rules.holder_name(name, has_stay=False)
