"""What is to do about keys, and what an act makes of them, on plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pms.frontdesk import fate_rules, key_rules, task_rules
from pms.frontdesk.fate_rules import Fate
from pms.frontdesk.key_rules import Key, KeySort, Stance
from pms.frontdesk.task_rules import Task, TaskKind
from pms.keycards.rules import KeyState, MakeAgain
from pms.passcodes.rules import Life
from pms.slots.models import SlotState

NOW = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)
LEAVES = NOW + timedelta(days=2)


def key(sort: KeySort = KeySort.CARD, stance: Stance = Stance.OPENS, **values) -> Key:
    base = {"id": 1, "doors": ("101",), "opens_until": LEAVES, "ends": LEAVES}
    return Key(sort=sort, stance=stance, **{**base, **values})


def tasks(*keys: Key, is_in_house: bool = True, is_leaving: bool = False, leaves: datetime = LEAVES) -> list[Task]:
    return task_rules.tasks(keys, is_in_house=is_in_house, is_leaving=is_leaving, now=NOW, leaves=leaves)


@pytest.mark.parametrize(
    ("state", "was_written", "stance"),
    [
        (KeyState.IN_MAKING, False, Stance.MAKING),
        (KeyState.CONFIRMED, True, Stance.OPENS),
        (KeyState.BELIEVED, True, Stance.OPENS),
        (KeyState.UNKNOWN, True, Stance.UNSURE),
        (KeyState.STILL_OPENS, True, Stance.LEFT),
        (KeyState.STILL_OPENS, False, Stance.GONE),
        (KeyState.UNKNOWN_STILL, True, Stance.LEFT),
        (KeyState.DEAD, True, Stance.GONE),
    ],
)
def test_a_card_stands_as_its_proof_allows(state, was_written, stance):
    assert key_rules.stance_of_card(state, was_written=was_written) is stance


@pytest.mark.parametrize(
    ("life", "is_wanted", "stance"),
    [
        (Life.OPENS, True, Stance.OPENS),
        (Life.COMING, True, Stance.OPENS),
        (Life.OPENS, False, Stance.LEFT),
        (Life.STILL_OPENS, True, Stance.LEFT),
        (Life.BEING_REVOKED, True, Stance.LEFT),
        (Life.USED, True, Stance.GONE),
        (Life.TIME_OVER, False, Stance.GONE),
    ],
)
def test_a_code_is_alive_until_the_door_has_said_otherwise(life, is_wanted, stance):
    assert key_rules.stance_of_code(life, is_wanted=is_wanted) is stance


@pytest.mark.parametrize(
    ("values", "need"),
    [
        ({}, None),
        ({"ends": LEAVES - timedelta(hours=4)}, MakeAgain.TOO_SHORT),
        # A longer one was told already: the short one may die.
        ({"ends": LEAVES - timedelta(hours=4), "reaches": LEAVES}, None),
        ({"ends": LEAVES + timedelta(hours=1)}, MakeAgain.TOO_LONG),
        ({"ends": None}, MakeAgain.TOO_LONG),
        ({"begins": NOW + timedelta(hours=1)}, MakeAgain.TOO_EARLY),
        ({"begins": NOW, "arrives": NOW + timedelta(days=1)}, MakeAgain.TOO_SOON),
        ({"begins": NOW - timedelta(days=1), "arrives": NOW - timedelta(hours=1)}, None),
    ],
)
def test_a_code_that_was_told_fits_the_stay_or_another_is_needed(values, need):
    base = {"begins": NOW, "ends": LEAVES, "arrives": NOW, "leaves": LEAVES, "now": NOW, "reaches": None}
    assert key_rules.code_need(**{**base, **values}) is need


@pytest.mark.parametrize(
    ("state", "is_sent", "is_listed", "stance"),
    [
        (SlotState.WAITING, False, False, Stance.WAITING),
        # Its answer may have been lost on the way.
        (SlotState.WAITING, True, False, Stance.UNSURE),
        (SlotState.ADDED, True, True, Stance.OPENS),
        (SlotState.CHANGING, True, True, Stance.CHANGING),
        (SlotState.REMOVING, True, True, Stance.LEAVING),
        (SlotState.REFUSED, True, False, Stance.REFUSED),
        (SlotState.NOT_SENT, False, False, Stance.GONE),
    ],
)
def test_what_a_lock_stores_stands_as_the_lock_has_said(state, is_sent, is_listed, stance):
    assert key_rules.stance_of_slot(state, is_sent=is_sent, is_listed=is_listed) is stance


@pytest.mark.parametrize(
    ("wanted", "listed", "is_listed", "need", "by"),
    [
        (LEAVES, LEAVES, True, None, None),
        (LEAVES, NOW, True, MakeAgain.TOO_SHORT, NOW),
        (NOW, LEAVES, True, MakeAgain.TOO_LONG, NOW),
        (LEAVES, None, True, MakeAgain.TOO_LONG, LEAVES),
        (LEAVES, None, False, None, None),
    ],
)
def test_the_end_that_the_lock_has_is_what_counts(wanted, listed, is_listed, need, by):
    assert key_rules.slot_need(wanted=wanted, listed=listed, is_listed=is_listed) is need
    assert key_rules.slot_by(need, wanted=wanted, listed=listed) == by


def test_a_card_is_written_again_before_the_moment_that_its_need_names():
    times = {"ends": NOW, "begins": NOW + timedelta(days=1), "leaves": LEAVES}
    assert key_rules.card_by(MakeAgain.TOO_SHORT, **times) == NOW
    assert key_rules.card_by(MakeAgain.TOO_EARLY, **times) == NOW + timedelta(days=1)
    assert key_rules.card_by(MakeAgain.TOO_LONG, **times) == LEAVES
    assert key_rules.card_by(MakeAgain.LOST, **times) is None


def test_a_guest_in_house_without_any_key_needs_one_unless_they_leave_today():
    assert [one.kind for one in tasks()] == [TaskKind.MAKE_CARDS]
    assert tasks(is_leaving=True) == tasks(is_in_house=False) == []
    assert tasks(key(KeySort.PASSCODE)) == []
    assert [one.kind for one in tasks(key(stance=Stance.LEFT))] == [TaskKind.MAKE_CARDS]


def test_cards_to_write_again_are_one_line_with_the_first_deadline():
    first, second = NOW + timedelta(hours=5), NOW + timedelta(hours=9)
    short = [key(id=n, again=MakeAgain.TOO_SHORT, by=by) for n, by in enumerate((second, first))]
    assert tasks(*short) == [Task(TaskKind.WRITE_AGAIN, 2, first, MakeAgain.TOO_SHORT, ("101",))]
    unsure = key(stance=Stance.UNSURE)
    assert tasks(unsure) == [Task(TaskKind.WRITE_AGAIN, 1, None, None, ("101",))]
    over = key(stance=Stance.GONE, again=MakeAgain.TOO_SHORT, by=NOW)
    assert tasks(over) == [Task(TaskKind.WRITE_AGAIN, 1, NOW, MakeAgain.TOO_SHORT, ("101",))]
    assert tasks(key(stance=Stance.MAKING, again=MakeAgain.TOO_SHORT)) == []


def test_the_rest_of_a_late_departure_is_told_in_the_last_three_days():
    code = key(KeySort.PASSCODE, again=MakeAgain.TOO_SHORT, ends=LEAVES - timedelta(hours=4))
    assert [one.kind for one in tasks(code)] == [TaskKind.TELL_CODE]
    far = NOW + timedelta(days=9)
    code = replace(code, ends=far - timedelta(hours=4))
    assert tasks(code, leaves=far) == []
    assert [one.kind for one in tasks(replace(code, ends=far - timedelta(days=2)), leaves=far)] == [TaskKind.TELL_CODE]
    assert tasks(replace(code, again=MakeAgain.TOO_LONG)) == []


@pytest.mark.parametrize("stance", [Stance.WAITING, Stance.CHANGING, Stance.LEAVING, Stance.UNSURE])
def test_a_lock_is_visited_where_nothing_reaches_it_by_itself(stance):
    stored = key(KeySort.STORED_CARD, stance)
    others = [key(KeySort.PASSCODE)]
    assert [one.kind for one in tasks(stored, *others)] == [TaskKind.VISIT_LOCK]
    assert tasks(replace(stored, is_reached=True), *others) == []


def test_a_lock_that_said_no_is_to_do_also_where_a_gateway_reaches_it():
    for wrong in (key(KeySort.FACE, Stance.REFUSED), key(KeySort.FACE, status=4)):
        found = tasks(replace(wrong, is_reached=True), key())
        assert [one.kind for one in found] == [TaskKind.VISIT_LOCK]
    lacking = key(KeySort.STORED_CARD, again=MakeAgain.TOO_SHORT, is_reached=True)
    assert [one.kind for one in tasks(lacking)] == [TaskKind.VISIT_LOCK]


def test_who_leaves_today_needs_only_what_ends_before_they_go():
    early = key(again=MakeAgain.NEWER_USED)
    short = key(id=2, again=MakeAgain.TOO_SHORT, ends=NOW, by=NOW)
    assert tasks(early, is_leaving=True) == []
    assert [one.kind for one in tasks(early, short, is_leaving=True)] == [TaskKind.WRITE_AGAIN]


STORED = KeySort.STORED_PASSCODE


@pytest.mark.parametrize(
    ("before", "after", "fate"),
    [
        (key(), key(), Fate.KEEPS),
        (key(), key(again=MakeAgain.TOO_SHORT), Fate.ENDS_EARLY),
        (key(), key(again=MakeAgain.TOO_LONG), Fate.ENDS_LATE),
        (key(), key(again=MakeAgain.TOO_EARLY), Fate.BEGINS_LATE),
        (key(), key(again=MakeAgain.TOO_SOON), Fate.BEGINS_SOON),
        (key(), key(again=MakeAgain.NEWER_USED), Fate.OUTDATED),
        (key(), key(stance=Stance.LEFT), Fate.LEFT),
        (key(stance=Stance.LEFT), key(stance=Stance.LEFT), None),
        (key(stance=Stance.LEFT), key(), Fate.COUNTS_AGAIN),
        (key(stance=Stance.LEFT), key(again=MakeAgain.TOO_SHORT), Fate.ENDS_EARLY),
        (key(stance=Stance.MAKING), None, Fate.NOT_MADE),
        (key(stance=Stance.MAKING), key(stance=Stance.GONE), Fate.NOT_MADE),
        (key(), None, Fate.GONE),
        (None, key(), Fate.COUNTS_AGAIN),
        (None, key(stance=Stance.LEFT), None),
        (None, key(STORED, Stance.WAITING), Fate.STORED),
        (key(STORED), key(STORED, Stance.LEAVING), Fate.TAKEN_AWAY),
        (key(STORED, Stance.WAITING), None, Fate.NOT_MADE),
        (key(STORED), key(STORED, Stance.CHANGING, ends=NOW), Fate.CHANGED),
        (key(STORED), key(STORED, ends=NOW), Fate.UNCHANGED),
        (key(STORED), key(STORED, Stance.REFUSED), Fate.GONE),
        (key(STORED, Stance.REFUSED), key(STORED, Stance.REFUSED), None),
    ],
)
def test_what_an_act_makes_of_a_key(before, after, fate):
    assert fate_rules.fate_of(before, after) is fate


def test_cards_are_called_as_before_the_act():
    before = [key(id=1, number=1, of=2), key(id=2, number=2, of=2)]
    after = [key(id=1, stance=Stance.LEFT), key(id=2, stance=Stance.LEFT)]
    found = fate_rules.outcomes(before, after)
    assert [(one.key.number, one.key.of, one.fate) for one in found] == [(1, 2, Fate.LEFT), (2, 2, Fate.LEFT)]
