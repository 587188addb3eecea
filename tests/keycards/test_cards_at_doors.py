"""Cards made through rows, a pseudo-terminal and a simulated machine, then held to virtual locks."""

from __future__ import annotations

from datetime import timedelta

from pms.core import clock
from tests.keycards.desk import area_lock, door_lock, hold, stay


def test_a_card_opens_its_door_and_the_lobby_and_no_other_door(house, desk):
    stay_id = stay(house, "101")
    (card,) = desk.keys_of(stay_id)
    assert hold(door_lock(house.rooms["101"].id), card) == "opened"
    assert hold(area_lock(house), card) == "opened"
    assert hold(door_lock(house.rooms["102"].id), card) == "not_addressed"


def test_copies_live_side_by_side(house, desk):
    first, second = desk.keys_of(stay(house), copies=2)
    lock = door_lock(house.rooms["101"].id)
    assert [hold(lock, card) for card in (first, second, first)] == ["opened"] * 3


def test_a_card_dies_a_quarter_of_an_hour_after_check_out(house, desk):
    (card,) = desk.keys_of(stay(house, nights=1))
    lock = door_lock(house.rooms["101"].id)
    end = clock.now().replace(day=13, hour=10, minute=0)
    assert hold(lock, card, end + timedelta(minutes=15)) == "opened"
    assert hold(lock, card, end + timedelta(minutes=15, seconds=1)) == "expired"
