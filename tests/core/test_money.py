from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pms.core import money
from pms.core.money import AmbiguousAmount, BadAmount, TooManyDecimals


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("12", "EUR", 1200),
        ("12.5", "EUR", 1250),
        ("12,50", "EUR", 1250),
        ("1,234.50", "EUR", 123450),
        ("1.234,5", "EUR", 123450),
        ("1 234,50", "EUR", 123450),
        ("1\u202f234,50", "EUR", 123450),
        ("1’234.50", "CHF", 123450),
        ("1,234,567", "EUR", 123456700),
        ("0.5", "EUR", 50),
        ("１２．５", "CNY", 1250),
        ("1,234", "JPY", 1234),
        ("12.500", "KWD", 12500),
        ("1,234.500", "KWD", 1234500),
        ("0", "EUR", 0),
    ],
)
def test_amounts_are_read_as_people_write_them(typed, currency, amount):
    assert money.read(typed, currency) == amount


@pytest.mark.parametrize(("typed", "currency"), [("12,345", "EUR"), ("12.345", "EUR"), ("1,500", "KWD")])
def test_what_could_be_two_amounts_is_refused_with_both(typed, currency):
    with pytest.raises(AmbiguousAmount) as refused:
        money.read(typed, currency)
    for said in (refused.value.params["thousands"], refused.value.params["decimals"]):
        money.read(str(said), currency)


@pytest.mark.parametrize("typed", ["", "-5", "+5", "5.", ".5", "1.2.3,4", "12,34,567", "€5", "five", "1e3", "9" * 13])
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(BadAmount):
        money.read(typed, "EUR")


@pytest.mark.parametrize(("typed", "currency"), [("1.234567", "EUR"), ("0.345", "EUR"), ("12.5", "JPY")])
def test_nothing_is_smaller_than_the_smallest_coin(typed, currency):
    with pytest.raises(TooManyDecimals):
        money.read(typed, currency)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, money.LARGEST), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_written_plainly_is_read_back_exactly(amount, currency):
    assert money.read(money.plain(amount, currency), currency) == amount


def test_amounts_are_shown_as_the_reader_writes_them():
    assert money.text(123450, "EUR", "en") == "€1,234.50"
    assert money.text(123450, "CNY", "zh") == "¥1,234.50"
    assert money.text(1234, "JPY", "en") == "¥1,234"
    assert money.text(-1, "KWD", "en").replace("\xa0", "") == "-KWD0.001"


def test_only_currencies_of_the_list_are_known():
    assert money.is_known("EUR")
    assert all(money.is_known(currency) for currency in money.USUAL)
    assert not money.is_known("eur")
    assert not money.is_known("XXY")
