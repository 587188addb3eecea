"""What a text in the search field can be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pms.search import rules
from pms.search.rules import Kind
from pms.stays.models import Stay, StayState
from pms.web.rights import ROLE_RIGHTS
from tests.factories import TODAY


@pytest.mark.parametrize(
    ("text", "uid"),
    [
        ("04a1", "04a1"),
        ("04:A1:B2", "04a1b2"),
        ("04 a1 b2 c3", "04a1b2c3"),
        ("04-A1-B2-C3-D4-E5-F6", "04a1b2c3d4e5f6"),
        ("04a", ""),
        ("04g1", ""),
        ("weber", ""),
        ("0" * 21, ""),
    ],
)
def test_the_number_of_a_card_may_be_typed_as_readers_print_it(text, uid):
    assert rules.read(text).uid == uid


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("1234567890", "1234567890"),
        ("123 456 7890", "1234567890"),
        ("123-456-7890 #", "1234567890"),
        ("1234#", "1234"),
        ("123", ""),
        ("12345678901", ""),
        ("12345678a0", ""),
        ("１２３４５６", ""),
    ],
)
def test_a_passcode_may_be_typed_in_groups_and_with_the_key_that_ends_it(text, digits):
    assert rules.read(text).digits == digits


@pytest.mark.parametrize(
    ("text", "code"), [("k7m2qx", "K7M2QX"), ("K7", "K7"), ("k 7 m", "K7M"), ("k", ""), ("K7M2QXA", ""), ("LOIS", "")]
)
def test_a_booking_code_has_no_letters_that_are_mistaken_for_others(text, code):
    assert rules.read(text).code == code


def test_a_long_text_is_cut_and_spaces_are_folded():
    assert rules.read("  Anna   Weber ").text == "Anna Weber"
    assert len(rules.read("x" * 1000).text) == rules.MAX_TEXT
    assert rules.read("   ") == rules.Typed("")


def test_what_stands_in_an_address_is_no_passcode():
    typed = rules.without_secrets(rules.read("1234567890"))
    assert (typed.digits, typed.uid, typed.guest) == ("", "1234567890", "1234567890")


def test_each_role_finds_what_it_may_see():
    found = {role: rules.allowed_kinds(rights.__contains__) for role, rights in ROLE_RIGHTS.items()}
    assert found["housekeeping"] == found["maintenance"] == [Kind.ROOM]
    assert found["front_desk"] == found["manager"] == list(Kind)


def test_who_is_here_comes_before_who_is_expected():
    def stay(state: StayState, days: int) -> Stay:
        return Stay(state=state, arrival_date=TODAY + timedelta(days=days))

    late, later = stay(StayState.CONFIRMED, -1), stay(StayState.CONFIRMED, 3)
    found = [None, later, late, stay(StayState.IN_HOUSE, -9)]
    assert [rules.rank(one, TODAY) for one in found] == [3, 2, 1, 0]
    assert [rules.is_to_check_in(one, TODAY) for one in found] == [False, False, True, False]
