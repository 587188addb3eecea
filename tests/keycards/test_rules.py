"""Numbers, times, what must be made again, when a card dies, what may be overwritten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pms.keycards import rules
from pms.keycards.models import CardReason, CardState, Proof
from pms.keycards.rules import CardFacts, CardKindSeen, KeyState, MakeAgain, Number, Wanted
from pms.stays.models import StayState

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 12, 10, tzinfo=UTC)
END = datetime(2026, 6, 14, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECONDS = int(NOON.timestamp())


def number_for(numbers=(), *, stay_id=1, begins_at=NOON, valid_until=END, now=NOON, lost=False):
    return rules.number_for(
        stay_id=stay_id, begins_at=begins_at, valid_until=valid_until, now=now, numbers=numbers, lost=lost
    )


# --- numbers


def test_the_first_number_of_a_door_is_the_beginning_in_seconds():
    assert number_for().issue == SECONDS


def test_a_party_is_above_every_party_that_does_not_begin_later():
    others = [Number(2, NOON - HOUR, SECONDS + 500), Number(3, NOON - 2 * HOUR, SECONDS - 7000)]
    assert number_for(others).issue == SECONDS + 501


def test_a_party_that_begins_later_does_not_push():
    later = Number(2, NOON + 30 * HOUR, int((NOON + 30 * HOUR).timestamp()))
    assert number_for([later]).issue == SECONDS


def test_copies_carry_the_same_number():
    assert number_for([Number(1, NOON, SECONDS + 9)], now=NOON + HOUR).issue == SECONDS + 9


def test_a_lost_card_adds_one():
    assert number_for([Number(1, NOON, SECONDS + 9)], now=NOON + HOUR, lost=True).issue == SECONDS + 10


def test_a_lost_card_moves_later_parties_on_where_there_is_no_room_between():
    later = [Number(2, NOON + HOUR, SECONDS + 1), Number(3, NOON + 2 * HOUR, SECONDS + 2)]
    found = number_for([Number(1, NOON, SECONDS), *later], lost=True)
    assert found.issue == SECONDS + 1
    assert found.raised == {2: SECONDS + 2, 3: SECONDS + 3}


def test_later_parties_with_room_enough_stay_as_they_are():
    later = Number(2, NOON + 2 * HOUR, SECONDS + 7200)
    assert number_for([Number(1, NOON, SECONDS), later], lost=True).raised == {}


def test_a_party_that_gave_the_door_up_is_left_below_where_its_cards_could_still_come():
    gone = Number(2, NOON + 3 * HOUR, SECONDS + 10_800, is_released=True)
    assert number_for([gone]).issue == SECONDS + 10_801


def test_a_party_that_gave_up_and_begins_after_our_end_does_not_matter():
    gone = Number(2, END + HOUR, int((END + HOUR).timestamp()), is_released=True)
    assert number_for([gone]).issue == SECONDS


def test_a_number_that_a_door_would_not_take_yet_is_never_given():
    gone = Number(2, NOON + 30 * HOUR, int((NOON + 30 * HOUR).timestamp()), is_released=True)
    assert number_for([gone]).issue == SECONDS


def test_an_old_party_gets_above_one_that_was_there_by_mistake():
    mistake = Number(2, NOON, SECONDS, is_released=True)
    own = Number(1, NOON - 20 * HOUR, SECONDS - 72_000)
    assert number_for([own, mistake], begins_at=own.begins_at).issue == SECONDS + 1


def test_two_parties_of_the_same_second_keep_their_order():
    first, second = Number(1, NOON, SECONDS), Number(2, NOON, SECONDS + 1)
    assert number_for([first], stay_id=2).issue == SECONDS + 1
    assert number_for([first, second], stay_id=1).issue == SECONDS
    assert number_for([first, second], stay_id=2).issue == SECONDS + 1


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 40), st.sampled_from(["card", "lost", "gone"])), max_size=25
    )
)
def test_over_any_history_numbers_are_unique_and_in_the_order_in_which_parties_begin(steps):
    book: dict[int, Number] = {}
    for stay_id, hours, act in steps:
        own = book.get(stay_id)
        begins = own.begins_at if own else NOON + timedelta(hours=hours)
        if act == "gone" and own:
            book[stay_id] = Number(stay_id, own.begins_at, own.issue, is_released=True)
            continue
        if own and own.is_released:
            continue
        found = number_for(
            list(book.values()),
            stay_id=stay_id,
            begins_at=begins,
            valid_until=begins + 2 * timedelta(days=1),
            lost=act == "lost" and own is not None,
        )
        for other_id, issue in found.raised.items():
            book[other_id] = Number(other_id, book[other_id].begins_at, issue)
        book[stay_id] = Number(stay_id, begins, found.issue)
        if own:
            assert found.issue >= own.issue + (act == "lost")
    issues = [number.issue for number in book.values()]
    assert len(set(issues)) == len(issues)
    live = sorted((number for number in book.values() if not number.is_released), key=lambda n: (n.begins_at, n.issue))
    assert [n.issue for n in live] == sorted(n.issue for n in live)


# --- validity


def test_a_guest_in_house_may_pass_at_once():
    assert rules.begins_at(state=StayState.IN_HOUSE, now=NOON, arrives=NOON + HOUR) == NOON


@pytest.mark.parametrize(("arrives", "expected"), [(NOON + HOUR, NOON + HOUR), (NOON - HOUR, NOON)])
def test_a_card_made_ahead_opens_from_check_in(arrives, expected):
    assert rules.begins_at(state=StayState.CONFIRMED, now=NOON, arrives=arrives) == expected


def test_after_the_end_no_card_is_made():
    with pytest.raises(rules.TimeIsOver):
        rules.check_window(END, END)
    rules.check_window(END - HOUR, END)


@pytest.mark.parametrize("copies", [0, 9, -1])
def test_a_handful_of_cards_at_a_time(copies):
    with pytest.raises(rules.BadCopies):
        rules.check_copies(copies)


def test_six_doors_fit_beside_the_rooms_own():
    rules.check_further(6)
    with pytest.raises(rules.TooManyDoors):
        rules.check_further(7)


@pytest.mark.parametrize("state", [StayState.CHECKED_OUT, StayState.CANCELLED, StayState.NO_SHOW])
def test_no_cards_for_a_stay_that_is_over(state):
    with pytest.raises(rules.StayEnded):
        rules.check_stay(state, has_room=True)
    assert not rules.can_make(state, has_room=True)


def test_no_cards_without_a_room():
    with pytest.raises(rules.NoRoomYet):
        rules.check_stay(StayState.CONFIRMED, has_room=False)
    assert not rules.can_make(StayState.CONFIRMED, has_room=False)
    assert rules.can_make(StayState.CONFIRMED, has_room=True)


def test_the_first_cards_are_new_further_ones_are_copies():
    assert rules.default_reason(0) is CardReason.NEW
    assert rules.default_reason(1) is CardReason.DUPLICATE


# --- what is true


def card(state=CardState.ACTIVE, proof=Proof.CONFIRMED, **values):
    return CardFacts(
        state=state,
        proof=proof,
        valid_from=values.pop("valid_from", NOON),
        valid_until=values.pop("valid_until", END),
        issues=values.pop("issues", {7: SECONDS}),
        **values,
    )


@pytest.mark.parametrize(
    ("facts", "at", "expected"),
    [
        (card(CardState.RESERVED), NOON, KeyState.IN_MAKING),
        (card(CardState.VOID), NOON, KeyState.NOT_MADE),
        (card(), NOON, KeyState.CONFIRMED),
        (card(proof=Proof.BELIEVED), NOON, KeyState.BELIEVED),
        (card(CardState.UNKNOWN, Proof.UNKNOWN), NOON, KeyState.UNKNOWN),
        (card(), END + timedelta(minutes=15), KeyState.CONFIRMED),
        (card(), END + timedelta(minutes=15, seconds=1), KeyState.TIME_OVER),
        (card(CardState.UNKNOWN, Proof.UNKNOWN), END + HOUR, KeyState.TIME_OVER),
        (card(refused_since=NOON), NOON, KeyState.DEAD),
        (card(CardState.ENDED, Proof.BELIEVED), NOON, KeyState.STILL_OPENS),
        (card(CardState.ENDED, Proof.UNKNOWN), NOON, KeyState.UNKNOWN_STILL),
        (card(CardState.ENDED, Proof.BELIEVED), END + timedelta(minutes=15), KeyState.STILL_OPENS),
        (card(CardState.ENDED, Proof.BELIEVED), END + HOUR, KeyState.DEAD),
        (card(CardState.ENDED, Proof.BELIEVED, refused_since=NOON), NOON, KeyState.DEAD),
    ],
)
def test_the_state_of_a_key(facts, at, expected):
    assert rules.key_state(facts, at) is expected


def test_a_check_out_does_not_kill_a_card():
    ended = card(CardState.ENDED, Proof.BELIEVED)
    assert rules.may_still_open(ended, NOON)
    assert not rules.is_live(ended, NOON)


def test_an_unknown_card_counts_as_possibly_valid():
    assert rules.is_live(card(CardState.UNKNOWN, Proof.UNKNOWN), NOON)


def wanted(**values):
    return Wanted(
        issues=values.pop("issues", {7: SECONDS}),
        begins_at=values.pop("begins_at", NOON),
        valid_until=values.pop("valid_until", END),
        **values,
    )


@pytest.mark.parametrize(
    ("facts", "want", "expected"),
    [
        (card(), wanted(), None),
        (card(), wanted(issues={7: SECONDS + 1}), MakeAgain.LOST),
        (card(issues={7: SECONDS, 8: 5}), wanted(issues={7: SECONDS, 8: 6}), MakeAgain.LOST),
        (card(), wanted(valid_until=END + HOUR), MakeAgain.TOO_SHORT),
        (card(), wanted(valid_until=END - HOUR), MakeAgain.TOO_LONG),
        (card(), wanted(rivals=[SECONDS + 1]), MakeAgain.NEWER_USED),
        (card(), wanted(rivals=[SECONDS - 1]), None),
        (card(valid_from=NOON + HOUR), wanted(), MakeAgain.TOO_EARLY),
        (card(valid_from=NOON + timedelta(minutes=15)), wanted(), None),
        (card(valid_from=NOON + HOUR), wanted(begins_at=NOON + HOUR), None),
        (card(refused_since=NOON), wanted(), MakeAgain.NEWER_USED),
        (card(CardState.ENDED, Proof.BELIEVED), wanted(issues={7: SECONDS + 1}), None),
        (card(CardState.VOID), wanted(valid_until=END + HOUR), None),
        (card(CardState.UNKNOWN, Proof.UNKNOWN), wanted(valid_until=END + HOUR), MakeAgain.TOO_SHORT),
    ],
)
def test_which_cards_must_be_made_again_and_why(facts, want, expected):
    assert rules.make_again(facts, want, NOON) is expected


def test_a_card_whose_time_ran_out_must_be_made_again_after_an_extension():
    late = END + 2 * HOUR
    assert rules.make_again(card(), wanted(valid_until=END + 24 * HOUR), late) is MakeAgain.TOO_SHORT
    assert rules.make_again(card(), wanted(), late) is None


# --- overwriting


@pytest.mark.parametrize(
    ("facts", "is_same_stay", "expected"),
    [
        (card(), True, CardKindSeen.OWN),
        (card(), False, CardKindSeen.GUEST),
        (card(CardState.UNKNOWN, Proof.UNKNOWN), False, CardKindSeen.GUEST),
        (card(CardState.RESERVED), False, CardKindSeen.GUEST),
        (card(CardState.ENDED, Proof.BELIEVED), False, CardKindSeen.DEAD),
        (card(valid_until=NOON - HOUR), False, CardKindSeen.DEAD),
        (card(CardState.VOID), False, CardKindSeen.DEAD),
        (card(refused_since=NOON), False, CardKindSeen.DEAD),
    ],
)
def test_whose_card_lies_on_the_machine(facts, is_same_stay, expected):
    assert rules.kind_of_known(facts, is_same_stay=is_same_stay, now=NOON) is expected


def test_only_what_somebody_may_need_asks_a_question():
    asked = {kind for kind in CardKindSeen if rules.needs_question(kind)}
    assert asked == {CardKindSeen.GUEST, CardKindSeen.STAFF, CardKindSeen.FOREIGN}
