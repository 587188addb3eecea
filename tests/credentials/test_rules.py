"""Who may be asked for a finger, and what becomes of it: decided on plain values."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pms.credentials import rules
from pms.credentials.models import FingerState, PlaceState
from pms.credentials.rules import NotInHouse
from pms.stays.models import StayState


@pytest.mark.parametrize("state", [state for state in StayState if state is not StayState.IN_HOUSE])
def test_only_guests_in_house_are_asked(state):
    with pytest.raises(NotInHouse):
        rules.check_stay(state)
    rules.check_stay(StayState.IN_HOUSE)


def test_a_slot_is_the_lowest_free_one_until_the_lock_is_full():
    assert rules.free_slot(set()) == 1
    assert rules.free_slot({1, 2, 4}) == 3
    assert rules.free_slot(set(range(1, 301))) is None


@pytest.mark.parametrize(
    ("state", "is_sent", "after"),
    [
        (PlaceState.WANTED, False, PlaceState.NOT_SENT),
        (PlaceState.WAITING, False, PlaceState.NOT_SENT),
        # Handed to somebody: the lock may have stored it, whatever was heard since.
        (PlaceState.WAITING, True, PlaceState.REMOVING),
        (PlaceState.ADDED, True, PlaceState.REMOVING),
        (PlaceState.REFUSED, True, PlaceState.REFUSED),
        (PlaceState.REMOVED, True, PlaceState.REMOVED),
        (PlaceState.REMOVING, True, PlaceState.REMOVING),
    ],
)
def test_a_lock_that_may_know_the_finger_must_be_told(state, is_sent, after):
    assert rules.after_destruction(state, is_sent=is_sent) is after


def test_a_fingerprint_of_staff_is_kept_for_a_year(now):
    assert rules.staff_until(now) - now == timedelta(days=366)


def test_what_is_destroyed_is_not_open():
    assert {state for state in FingerState if rules.is_open(state)} == {FingerState.CAPTURING, FingerState.STORED}
