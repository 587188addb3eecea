"""Two clerks move at the same moment: one of them does, the other is told who."""

from __future__ import annotations

import uuid

from pms.chart import moves, telling
from pms.chart.rules import Drop
from pms.core.actor import Actor
from pms.core.errors import ChangedMeanwhile
from pms.stays import nights
from pms.stays import queries as stays
from pms.stays.models import StayStep
from tests.races import race

CLERKS = (Actor(kind="account", name="Mia", account_id=1), Actor(kind="account", name="Nadia", account_id=2))
# On each of the two databases: a hundred rounds of every race in all.
ROUNDS = 50
FEW = 5


def drop(stay, room) -> Drop:
    return Drop(
        room_id=room.id, arrival_date=stay.arrival_date, departure_date=stay.departure_date, version=stay.version
    )


def move(number: int, stay, room, now) -> StayStep:
    return moves.move(
        stay_id=stay.id, drop=drop(stay, room), request_id=str(uuid.uuid4()), actor=CLERKS[number], now=now
    )


def one_winner(outcomes: list) -> tuple[int, Exception]:
    """Who moved, and what the other one was told."""
    won = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, StayStep)]
    assert len(won) == 1, outcomes
    return won[0], outcomes[1 - won[0]]


def test_two_bars_dropped_on_one_room_leave_one_there_and_the_other_clerk_hears_whose_it_is(any_house, book, now):
    rooms = any_house.rooms
    homes, names = ("101", "102"), ("Moreau", "Weber")
    parties = [book(any_house, name, room, 1, 2) for name, room in zip(names, homes, strict=True)]
    for _ in range(ROUNDS):
        seen = [stays.get_stay(party.id) for party in parties]
        outcomes = race(2, lambda number, seen=seen: move(number, seen[number], rooms["103"], now))
        winner, told = one_winner(outcomes)
        assert isinstance(told, nights.RoomTaken)
        assert told.params["guest"] == f"Claire {names[winner]}"
        assert stays.get_stay(parties[1 - winner].id).room_id == rooms[homes[1 - winner]].id
        move(winner, stays.get_stay(parties[winner].id), rooms[homes[winner]], now)


def test_one_bar_moved_by_two_clerks_goes_where_the_first_dropped_it_and_the_second_hears_of_it(any_house, book, now):
    rooms = any_house.rooms
    party, targets = book(any_house, "Moreau", "101", 1, 2), ("102", "103")
    for _ in range(FEW):
        seen = stays.get_stay(party.id)
        outcomes = race(2, lambda number, seen=seen: move(number, seen, rooms[targets[number]], now))
        winner, told = one_winner(outcomes)
        assert isinstance(told, ChangedMeanwhile)
        with_room = stays.get_stay(party.id)
        assert with_room.room_id == rooms[targets[winner]].id
        last = stays.list_steps(party.id)[0]
        assert (last.actor_name, telling.told(last, with_room)) == (CLERKS[winner].name, f"101 → {targets[winner]}")
        move(winner, with_room, rooms["101"], now)
