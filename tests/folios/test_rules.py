from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from pms.folios import rules
from pms.folios.models import PostingCode, PostingKind
from pms.folios.rules import NoAmount, NoPostingText, NoReversalReason, NotReversible
from pms.stays.models import StayState

HOUSE = SimpleNamespace(
    check_in_hour=15, check_out_hour=12, early_arrival_hour=9, late_departure_hour=18, early_fee=2500, late_fee=3500
)


def price(arrival: int, departure: int, **values) -> int:
    known = {"state": StayState.CONFIRMED, "is_day_use": False, "night_price": 9800, **values}
    return rules.price_of_nights(arrival=date(2026, 6, arrival), departure=date(2026, 6, departure), **known)


def stay(**values) -> SimpleNamespace:
    known = {
        "state": StayState.CONFIRMED,
        "arrival_hour": None,
        "departure_hour": None,
        "is_day_use": False,
        "night_price": 9800,
    }
    return SimpleNamespace(**known | values)


def test_nights_cost_their_number_and_day_use_once():
    assert price(1, 4) == 3 * 9800
    assert price(1, 1) == 0
    assert price(1, 1, is_day_use=True) == 9800


@pytest.mark.parametrize("state", [StayState.CANCELLED, StayState.NO_SHOW])
def test_who_never_came_owes_nothing_for_nights(state):
    assert price(1, 4, state=state) == 0
    assert rules.fees_of(stay(state=state, arrival_hour=10), HOUSE) == {}


@pytest.mark.parametrize(("hour", "fee"), [(16, 0), (15, 0), (14, 2500), (9, 2500), (8, 9800), (0, 9800)])
def test_early_costs_the_fee_and_very_early_a_night(hour, fee):
    assert rules.early_fee(hour=hour, house=HOUSE, night_price=9800) == fee


@pytest.mark.parametrize(("hour", "fee"), [(11, 0), (12, 0), (13, 3500), (18, 3500), (19, 9800), (24, 9800)])
def test_late_costs_the_fee_and_very_late_a_night(hour, fee):
    assert rules.late_fee(hour=hour, house=HOUSE, night_price=9800) == fee


def test_a_stay_has_the_fees_of_its_hours():
    assert rules.fees_of(stay(), HOUSE) == {}
    assert rules.fees_of(stay(arrival_hour=10, departure_hour=14), HOUSE) == {
        PostingCode.EARLY_ARRIVAL: 2500,
        PostingCode.LATE_DEPARTURE: 3500,
    }
    assert rules.fees_of(stay(arrival_hour=10, departure_hour=14, is_day_use=True), HOUSE) == {}


@pytest.mark.parametrize("amount", [0, -1, rules.MAX_AMOUNT + 1])
def test_an_amount_moves_money_and_not_all_of_it(amount):
    with pytest.raises(NoAmount):
        rules.check_amount(amount)


def test_something_else_says_what_it_is():
    assert rules.clean_text(PostingCode.MINIBAR, "  ") == ""
    assert rules.clean_text(PostingCode.OTHER, " Umbrella ") == "Umbrella"
    for code, text in ((PostingCode.OTHER, "  "), (PostingCode.MINIBAR, "x" * 201)):
        with pytest.raises(NoPostingText):
            rules.clean_text(code, text)


def test_a_reversal_has_a_reason_and_is_final():
    assert rules.clean_reason(" typed twice ") == "typed twice"
    with pytest.raises(NoReversalReason):
        rules.clean_reason(" ")
    with pytest.raises(NotReversible):
        rules.check_reversible(SimpleNamespace(kind=PostingKind.REVERSAL))


def test_everything_that_can_be_posted_has_its_words():
    assert set(rules.CODE_WORDS) == set(PostingCode)
    assert not {*rules.FEES, PostingCode.PAYMENT} & set(rules.CHARGES)
