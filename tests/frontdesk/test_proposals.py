from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pms.frontdesk.proposals import LockState, RoomFacts, Wanted, propose
from pms.rooms.models import HousekeepingStatus

MONDAY, THURSDAY = date(2026, 6, 15), date(2026, 6, 18)
WANTED = Wanted(booked_type="Superior", arrival=MONDAY, departure=THURSDAY)
PLAIN = RoomFacts(
    room_id=305,
    number="305",
    room_type="Superior",
    type_distance=0,
    housekeeping=HousekeepingStatus.CLEAN,
    is_vacant=True,
)


def room(number: str, **values) -> RoomFacts:
    return replace(PLAIN, room_id=int(number), number=number, **values)


def order(*rooms: RoomFacts, **wanted) -> list[str]:
    return [proposal.facts.number for proposal in propose(rooms, replace(WANTED, **wanted))]


def said(facts: RoomFacts, **wanted) -> list[str]:
    [proposal] = propose([facts], replace(WANTED, **wanted))
    return [reason.text % reason.params for reason in proposal.reasons]


def test_the_reason_names_what_was_booked_how_it_is_and_until_when_it_is_free():
    facts = room("305", housekeeping=HousekeepingStatus.INSPECTED, features=["quiet"], free_until=date(2026, 6, 20))
    assert said(facts, wishes=["quiet"]) == [
        "Superior as booked",
        "inspected",
        "as wished: ['quiet']",
        "free until 2026-06-20",
    ]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (room("109"), room("101", type_distance=1)),
        (room("109"), room("101", housekeeping=HousekeepingStatus.DIRTY)),
        (room("109", housekeeping=HousekeepingStatus.INSPECTED), room("101")),
        (room("109", housekeeping=HousekeepingStatus.DIRTY), room("101", is_vacant=False)),
        (room("109", type_distance=1), room("101", type_distance=3)),
        (room("109"), room("101", lock=LockState.LOW)),
        (room("109", lock=LockState.LOW), room("101", lock=LockState.NOT_SET_UP)),
        (room("109", is_near_group=True), room("101")),
        (room("109", free_since=MONDAY, free_until=THURSDAY), room("101", free_since=MONDAY)),
        (room("109", free_until=date(2026, 6, 19)), room("101", free_until=date(2026, 6, 24))),
    ],
    ids=[
        "the booked type",
        "ready",
        "inspected before clean",
        "empty before occupied",
        "the nearest other type",
        "a lock with power",
        "a lock at all",
        "near the group",
        "fills a gap",
        "leaves the smaller gap",
    ],
)
def test_the_better_room_comes_first_although_its_number_is_higher(better, worse):
    assert order(worse, better) == ["109", "101"]


def test_a_promised_room_stays_the_first_choice_even_before_it_is_clean():
    assert order(room("101"), room("109", is_own=True, housekeeping=HousekeepingStatus.DIRTY)) == ["109", "101"]


def test_a_wish_outweighs_a_gap_but_never_the_type_that_was_paid_for():
    quiet = {"features": ["quiet"]}
    assert order(room("101", free_until=THURSDAY), room("109", **quiet), wishes=["quiet"]) == ["109", "101"]
    assert order(room("101"), room("109", type_distance=1, **quiet), wishes=["quiet"]) == ["101", "109"]


def test_all_else_equal_the_lower_number_comes_first_and_9_before_10():
    assert order(room("10"), room("9"), room("11")) == ["9", "10", "11"]


@pytest.mark.parametrize(
    ("free", "text"),
    [
        ({"free_since": MONDAY, "free_until": THURSDAY}, "fills a gap between two stays"),
        ({"free_until": THURSDAY}, "taken again on the day of departure"),
        ({"free_until": date(2026, 6, 25)}, "free until 2026-06-25"),
        ({"free_until": date(2026, 8, 1)}, "free for weeks after"),
        ({}, "free for weeks after"),
    ],
)
def test_what_stands_around_the_stay_is_said(free, text):
    assert said(room("101", **free))[-1] == text


def test_a_room_is_good_when_it_is_ready_and_nothing_serious_speaks_against_it():
    found = propose(
        [
            room("101", lock=LockState.LOW),
            room("102", housekeeping=HousekeepingStatus.DIRTY),
            room("104", lock=LockState.MISSING),
        ],
        WANTED,
    )
    by_number = {proposal.facts.number: proposal.is_good for proposal in found}
    assert by_number == {"101": True, "102": False, "104": False}
