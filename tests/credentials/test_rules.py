"""Who may be asked for a finger, and what becomes of it: decided on plain values."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pms.credentials import rules
from pms.credentials.models import FingerState
from pms.credentials.rules import NotInHouse
from pms.slots import rules as slot_rules
from pms.slots.models import SlotState
from pms.stays.models import StayState


@pytest.mark.parametrize("state", [state for state in StayState if state is not StayState.IN_HOUSE])
def test_only_guests_in_house_are_asked(state):
    with pytest.raises(NotInHouse):
        rules.check_stay(state)
    rules.check_stay(StayState.IN_HOUSE)


def test_a_slot_is_the_lowest_free_one_until_the_lock_is_full():
    assert slot_rules.free_slot(set()) == 1
    assert slot_rules.free_slot({1, 2, 4}) == 3
    assert slot_rules.free_slot(set(range(1, 301))) is None


@pytest.mark.parametrize(
    ("state", "is_sent", "after"),
    [
        (SlotState.WANTED, False, SlotState.NOT_SENT),
        (SlotState.WAITING, False, SlotState.NOT_SENT),
        # Handed to somebody: the lock may have stored it, whatever was heard since.
        (SlotState.WAITING, True, SlotState.REMOVING),
        (SlotState.ADDED, True, SlotState.REMOVING),
        (SlotState.REFUSED, True, SlotState.REFUSED),
        (SlotState.REMOVED, True, SlotState.REMOVED),
        (SlotState.REMOVING, True, SlotState.REMOVING),
    ],
)
def test_a_lock_that_may_know_the_finger_must_be_told(state, is_sent, after):
    assert slot_rules.after_removal(state, is_sent=is_sent) is after


def test_a_fingerprint_of_staff_is_kept_for_a_year(now):
    assert rules.staff_until(now) - now == timedelta(days=366)


def test_what_is_destroyed_is_not_open():
    assert {state for state in FingerState if rules.is_open(state)} == {FingerState.CAPTURING, FingerState.STORED}
