"""Cards made through rows, a pseudo-terminal and a simulated machine, then held to virtual locks."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from pms.core import clock
from pms.keycards import losses, queries, service
from pms.keycards.models import CardReason, EndReason
from pms.protocol.card_layout import Medium
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from tests.keycards.desk import DESK, area_lock, door_lock, hold, new_request, stay


def later(**by):
    clock.freeze(clock.now() + timedelta(**by))


def leave(stay_id):
    step_id = stays.check_out(stay_id=stay_id, actor=DESK, now=clock.now()).id
    service.end_for_stay(stay_id=stay_id, step_id=step_id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now())
    return step_id


def lock_of(house, room="101"):
    return door_lock(house.rooms[room].id)


@pytest.mark.parametrize("medium", [Medium.CLASSIC_1K, Medium.NTAG213, Medium.NTAG215])
def test_a_card_opens_its_door_and_the_lobby_and_no_other_door(house, desk, medium):
    (card,) = desk.make(desk.ask(stay(house, "101")), medium=medium)
    assert hold(lock_of(house), card) == "opened"
    assert hold(area_lock(house), card) == "opened"
    assert hold(lock_of(house, "102"), card) == "not_addressed"


def test_copies_live_side_by_side(house, desk):
    first, second = desk.keys_of(stay(house), copies=2)
    lock = lock_of(house)
    assert [hold(lock, card) for card in (first, second, first)] == ["opened"] * 3


def test_a_card_dies_a_quarter_of_an_hour_after_check_out(house, desk):
    (card,) = desk.keys_of(stay(house, nights=1))
    lock = lock_of(house)
    end = clock.now().replace(day=13, hour=10, minute=0)
    assert hold(lock, card, end + timedelta(minutes=15)) == "opened"
    assert hold(lock, card, end + timedelta(minutes=15, seconds=1)) == "expired"


def test_the_next_guests_card_ends_the_one_before_also_within_the_same_second(house, desk):
    first_stay = stay(house)
    (first,) = desk.keys_of(first_stay)
    lock = lock_of(house)
    assert hold(lock, first) == "opened"
    leave(first_stay)
    (second,) = desk.keys_of(stay(house, name="Sato"))
    assert hold(lock, first) == "opened"
    assert hold(lock, second) == "opened"
    assert hold(lock, first) == "superseded"


def test_a_lost_card_dies_and_the_party_goes_on_with_new_ones(house, desk):
    stay_id = stay(house)
    kept, lost = desk.keys_of(stay_id, copies=2)
    lock = lock_of(house)
    row = queries.cards_of_stay(stay_id)[0]
    batch_id = losses.report_lost(
        key_card_id=row.id, encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now()
    )
    replacement, again = desk.make(batch_id)
    assert hold(lock, kept) == "opened"
    assert [hold(lock, card) for card in (replacement, again)] == ["opened", "opened"]
    assert [hold(lock, card) for card in (kept, lost)] == ["superseded", "superseded"]
    live = [line for line in queries.lines_of_stay(stay_queries.get_stay(stay_id), now=clock.now()) if line.is_live]
    assert [line.card.reason for line in live] == [CardReason.REMADE, CardReason.REPLACEMENT]
    assert not [line for line in live if line.again]


def test_a_card_made_ahead_opens_from_check_in_and_not_before(house, desk):
    stay_id = stay(house, inside=False, arrival=date(2026, 6, 13))
    (card,) = desk.keys_of(stay_id)
    lock = lock_of(house)
    assert hold(lock, card) == "not_yet"
    check_in = clock.now().replace(day=13, hour=13, minute=0)
    assert hold(lock, card, check_in - timedelta(minutes=16)) == "not_yet"
    assert hold(lock, card, check_in - timedelta(minutes=15)) == "opened"


def test_cards_made_ahead_are_in_order_whatever_happens_to_the_present_guest(house, desk):
    present, coming = stay(house, nights=1), stay(house, inside=False, arrival=date(2026, 6, 13), name="Sato")
    (old,) = desk.keys_of(present)
    (ahead,) = desk.keys_of(coming)
    lost_row = queries.cards_of_stay(present)[0]
    batch_id = losses.report_lost(
        key_card_id=lost_row.id, encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now()
    )
    (fresh,) = desk.make(batch_id)
    lock = lock_of(house)
    assert hold(lock, fresh) == "opened"
    assert hold(lock, old) == "superseded"
    arrival = clock.now().replace(day=13, hour=13)
    assert hold(lock, ahead, arrival) == "opened"
    assert hold(lock, fresh, clock.now()) == "superseded"


def test_a_guest_who_comes_before_the_card_made_ahead_opens_gets_it_made_again(house, desk):
    stay_id = stay(house, inside=False)
    (card,) = desk.keys_of(stay_id)
    stays.check_in(stay_id=stay_id, actor=DESK, now=clock.now())
    assert len(queries.to_make_again(stay_queries.get_stay(stay_id), now=clock.now())) == 1
    batch_id = service.make_again(
        stay_id=stay_id, encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now()
    )
    desk.make(batch_id, card)
    assert hold(lock_of(house), card) == "opened"
    assert queries.to_make_again(stay_queries.get_stay(stay_id), now=clock.now()) == []


def test_an_extension_flags_the_cards_and_making_again_prolongs_them(house, desk):
    stay_id = stay(house, nights=1)
    (card,) = desk.keys_of(stay_id)
    stays.extend(stay_id=stay_id, departure_date=date(2026, 6, 15), actor=DESK, now=clock.now())
    assert queries.summary_for_stays([stay_id], now=clock.now())[stay_id].to_make_again == 1
    batch_id = service.make_again(
        stay_id=stay_id, encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now()
    )
    desk.make(batch_id, card)
    assert queries.summary_for_stays([stay_id], now=clock.now())[stay_id].to_make_again == 0
    assert hold(lock_of(house), card, clock.now() + timedelta(days=2)) == "opened"


def test_a_card_of_the_party_can_open_a_further_room(house, desk):
    first = stay(house, "101")
    other = stays.book(
        guest_id=stay_queries.get_stay(first).guest_id,
        room_type_id=house.rooms["102"].room_type_id,
        room_id=house.rooms["102"].id,
        arrival_date=date(2026, 6, 12),
        departure_date=date(2026, 6, 13),
        actor=DESK,
        now=clock.now(),
    )
    stays.check_in(stay_id=other.id, actor=DESK, now=clock.now())
    (own,) = desk.keys_of(other.id)
    (both,) = desk.keys_of(first, further_room_ids=[house.rooms["102"].id])
    locks = lock_of(house), lock_of(house, "102")
    assert [hold(lock, both) for lock in locks] == ["opened", "opened"]
    assert hold(locks[1], own) == "opened"
    assert queries.cards_of_stay(first)[0].valid_until == clock.now().replace(day=13, hour=10, minute=0)


def test_only_the_common_doors_that_were_ticked_open(house, desk):
    (card,) = desk.keys_of(stay(house), area_ids=[])
    assert hold(lock_of(house), card) == "opened"
    assert hold(area_lock(house), card) == "not_addressed"


def test_after_a_move_the_new_room_opens_and_the_next_guest_of_the_old_one_ends_the_old_card(house, desk):
    stay_id = stay(house, "101")
    (old,) = desk.keys_of(stay_id)
    step = stays.move_room(stay_id=stay_id, room_id=house.rooms["102"].id, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=stay_id, step_id=step.id, reason=EndReason.MOVED, actor=DESK, now=clock.now())
    (new,) = desk.keys_of(stay_id)
    assert hold(lock_of(house, "102"), new) == "opened"
    (next_guest,) = desk.keys_of(stay(house, "101", name="Sato"))
    lock = lock_of(house, "101")
    assert hold(lock, old) == "opened"
    assert hold(lock, next_guest) == "opened"
    assert hold(lock, old) == "superseded"


def test_who_moves_back_gets_above_the_party_that_was_there_meanwhile(house, desk):
    stay_id = stay(house, "101")
    desk.keys_of(stay_id)
    lock = lock_of(house, "101")

    def move(room):
        step = stays.move_room(stay_id=stay_id, room_id=house.rooms[room].id, actor=DESK, now=clock.now())
        service.end_for_stay(stay_id=stay_id, step_id=step.id, reason=EndReason.MOVED, actor=DESK, now=clock.now())

    move("102")
    later(hours=1)
    guest_between = stay(house, "101", name="Sato", nights=1)
    (between,) = desk.keys_of(guest_between)
    assert hold(lock, between) == "opened"
    leave(guest_between)
    later(hours=1)
    move("101")
    (back,) = desk.keys_of(stay_id)
    assert hold(lock, back) == "opened"
    assert hold(lock, between) == "superseded"


def test_undoing_a_check_out_brings_the_cards_back_as_believed(house, desk):
    stay_id = stay(house)
    (card,) = desk.keys_of(stay_id)
    step_id = leave(stay_id)
    service.reinstate(step_id=step_id, actor=DESK, now=clock.now())
    stays.undo_last(stay_id=stay_id, step_id=step_id, actor=DESK, now=clock.now())
    summary = queries.summary_for_stays([stay_id], now=clock.now())[stay_id]
    assert (summary.live, summary.believed, summary.to_make_again) == (1, 1, 0)
    assert hold(lock_of(house), card) == "opened"


def test_a_guest_put_into_the_wrong_room_for_a_moment_makes_the_right_ones_cards_due_again(house, desk):
    stay_id = stay(house, "101")
    (card,) = desk.keys_of(stay_id)
    step_id = leave(stay_id)
    later(minutes=5)
    wrong = stay(house, "101", name="Sato")
    (wrong_card,) = desk.keys_of(wrong)
    lock = lock_of(house)
    assert hold(lock, wrong_card) == "opened"
    move = stays.move_room(stay_id=wrong, room_id=house.rooms["102"].id, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=wrong, step_id=move.id, reason=EndReason.MOVED, actor=DESK, now=clock.now())
    service.reinstate(step_id=step_id, actor=DESK, now=clock.now())
    stays.undo_last(stay_id=stay_id, step_id=step_id, actor=DESK, now=clock.now())
    assert hold(lock, card) == "superseded"
    (flagged,) = queries.to_make_again(stay_queries.get_stay(stay_id), now=clock.now())
    assert flagged.uid == card.uid.hex()
    batch_id = service.make_again(
        stay_id=stay_id, encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now()
    )
    desk.make(batch_id, card)
    assert hold(lock, card) == "opened"
    assert hold(lock, wrong_card) == "superseded"


@pytest.mark.parametrize("seed", range(6))
def test_over_a_random_history_the_newest_party_opens_and_ends_all_before(house, desk, seed):
    """Guests come, copy, lose cards, move and leave; whoever is in the room always gets in, nobody before them does after."""
    chance = random.Random(seed)
    lock = lock_of(house)
    retired: list[object] = []
    for turn in range(5):
        stay_id = stay(house, "101", nights=1 + turn, name=f"Guest{turn}")
        held = desk.keys_of(stay_id, copies=chance.choice((1, 2)), area_ids=[])
        if chance.random() < 0.4:
            row = queries.cards_of_stay(stay_id)[0]
            lost = next(card for card in held if card.uid.hex() == row.uid)
            batch_id = losses.report_lost(
                key_card_id=row.id, encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now()
            )
            retired.append(lost)
            held = desk.make(batch_id)
        for card in held:
            assert hold(lock, card) == "opened"
        for card in retired:
            assert hold(lock, card) in ("superseded", "expired")
        retired += held
        if chance.random() < 0.5:
            step = stays.move_room(stay_id=stay_id, room_id=house.rooms["102"].id, actor=DESK, now=clock.now())
            service.end_for_stay(stay_id=stay_id, step_id=step.id, reason=EndReason.MOVED, actor=DESK, now=clock.now())
        leave(stay_id)
        later(seconds=chance.choice((0, 1, 4000)))
