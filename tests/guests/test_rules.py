from __future__ import annotations

from datetime import date

import pytest

from pms.guests import rules
from pms.guests.rules import GuestFields

TODAY = date(2026, 6, 12)


def _fields(**values) -> GuestFields:
    return GuestFields(**{"family_name": "Moreau", **values})


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"phone": "+33 1 42 (0) 68-53.00"},
        {"phone": "0171/2345678"},
        {"email": "claire.moreau@guest.example"},
        {"birth_date": TODAY},
        {"birth_date": date(1901, 1, 1)},
        {"document_kind": "passport", "document_number": "C01X 0006-H"},
        {"document_kind": "passport"},
        {"document_number": ""},
    ],
)
def test_what_is_plausible_is_taken(values):
    rules.check(_fields(**values), today=TODAY)


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"family_name": "  "}, rules.NameMissing, "family_name"),
        ({"phone": "call me"}, rules.BadPhone, "phone"),
        ({"phone": "+"}, rules.BadPhone, "phone"),
        ({"phone": "1" * 16}, rules.BadPhone, "phone"),
        ({"email": "claire"}, rules.BadEmail, "email"),
        ({"email": "claire@guest"}, rules.BadEmail, "email"),
        ({"email": "a b@guest.example"}, rules.BadEmail, "email"),
        ({"birth_date": date(2026, 6, 13)}, rules.BornInFuture, "birth_date"),
        ({"birth_date": date(1900, 12, 31)}, rules.BornInFuture, "birth_date"),
        ({"document_kind": "passport", "document_number": "1 2-3"}, rules.BadDocumentNumber, "document_number"),
        ({"document_number": "C01X0006H"}, rules.DocumentIncomplete, "document_kind"),
        ({"document_kind": "library_card", "document_number": "C01X0006H"}, rules.DocumentIncomplete, "document_kind"),
    ],
)
def test_what_is_not_is_refused_beside_its_field(values, error, field):
    with pytest.raises(error) as refused:
        rules.check(_fields(**values), today=TODAY)
    assert refused.value.field == field


def test_document_numbers_are_compared_without_spaces_and_case():
    assert rules.plain_number(" c01x-0006 h_") == "C01X0006H"


def test_names_are_the_same_to_the_ear():
    assert rules.is_same_name("Müller", "Zoë", "MULLER", "zoe")
    assert rules.is_same_name("Zoe", "Müller", "Muller", "Zoe")
    assert not rules.is_same_name("Müller", "Zoe", "Müller", "Anna")


@pytest.mark.parametrize(
    ("text", "is_one"), [("+49 171", True), ("0171/23", True), ("C01X", False), ("+", False), ("王", False)]
)
def test_a_telephone_number_is_recognised(text, is_one):
    assert rules.is_number_like(text) is is_one
