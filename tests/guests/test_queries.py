from __future__ import annotations

import pytest

from pms.core.actor import SETUP
from pms.guests import queries, service
from pms.guests.rules import GuestFields


@pytest.fixture
def guests(any_house, now) -> dict[str, int]:
    """Four people, by a short name."""
    people = {
        "claire": {"family_name": "Moreau", "given_name": "Claire", "phone": "+33 142 685300"},
        "clara": {"family_name": "Müller-Vogel", "given_name": "Clara", "phone": "+49 171 2345678"},
        "wang": {"family_name": "王", "given_name": "秀英", "phone": "+86 138 0013 8000"},
        "ana": {
            "family_name": "Moraes",
            "given_name": "Ana Clara",
            "document_kind": "passport",
            "document_number": "FN 123-4567",
        },
    }
    return {
        name: service.create_guest(fields=GuestFields(**values), actor=SETUP, now=now).id
        for name, values in people.items()
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mor", {"claire", "ana"}),
        ("MOREAU", {"claire"}),
        ("cl", {"claire", "clara", "ana"}),
        ("clara m", {"clara", "ana"}),
        ("m clara", {"clara", "ana"}),
        ("muller", {"clara"}),
        ("müller", {"clara"}),
        ("vogel", {"clara"}),
        ("ana clara mor", {"ana"}),
        ("clara zz", set()),
        ("王", {"wang"}),
        ("王秀英", {"wang"}),
        ("秀英", {"wang"}),
        ("英", {"wang"}),
        ("0171 234", {"clara"}),
        ("+49 171/2345678", {"clara"}),
        ("0049 171", {"clara"}),
        ("171 2345678", {"clara"}),
        ("5678", {"clara"}),
        ("8000", {"wang"}),
        ("fn1234567", {"ana"}),
        ("FN 123 4567", {"ana"}),
        ("4567", {"ana"}),
        ("FN1234", set()),
        ("", set()),
        ("  ", set()),
        ("%", set()),
        ("_", set()),
        ("' OR 1=1", set()),
        ("\ud7ff", set()),
    ],
)
def test_what_is_typed_finds_whom_it_should(guests, text, found):
    assert {name for name, guest_id in guests.items() if guest_id in queries.search_ids(text)} == found


def test_the_exact_name_comes_before_longer_ones(any_house, now):
    longer = service.create_guest(fields=GuestFields(family_name="Annabel"), actor=SETUP, now=now)
    exact = service.create_guest(fields=GuestFields(family_name="Anna"), actor=SETUP, now=now)
    assert queries.search_ids("anna") == [exact.id, longer.id]
    assert [guest.id for guest in queries.search("anna")] == [exact.id, longer.id]


def test_many_namesakes_are_narrowed_by_a_second_word(any_house, now):
    """More of each word than the counting looks at, so that both ways of the search are walked."""
    for number in range(40):
        service.create_guest(fields=GuestFields(family_name=f"Ka{number:02}", given_name="Lena"), actor=SETUP, now=now)
    queries_common = queries._COMMON
    try:
        for bound in (10, 500):
            queries._COMMON = bound
            assert len(queries.search_ids("le ka", limit=100)) == 40
            assert len(queries.search_ids("lena ka1", limit=100)) == 10
            assert len(queries.search_ids("lena ka", limit=7)) == 7
            assert queries.search_ids("lena kb") == []
    finally:
        queries._COMMON = queries_common


def test_the_same_document_or_the_same_name_and_telephone_is_a_probable_duplicate(guests):
    def duplicates(**values) -> list[int]:
        return [guest.id for guest in queries.find_duplicates(GuestFields(**values))]

    assert duplicates(family_name="Somebody", document_number="fn1234567") == [guests["ana"]]
    assert duplicates(family_name="moreau", given_name="CLAIRE", phone="+33-142-685300") == [guests["claire"]]
    assert duplicates(family_name="Claire", given_name="Moreau", phone="+33142685300") == [guests["claire"]]
    assert duplicates(family_name="Moreau", given_name="Claire", phone="+33 1 0000") == []
    assert duplicates(family_name="Moreau", given_name="Claire") == []
    assert duplicates(family_name="Other", given_name="Name", phone="+33 142 685300") == []


def test_a_guest_is_no_duplicate_of_herself(guests):
    fields = GuestFields(family_name="Moraes", document_number="FN1234567")
    assert queries.find_duplicates(fields, except_id=guests["ana"]) == []


def test_the_list_is_read_a_page_at_a_time(guests):
    first = queries.list_guests(size=3)
    rest = queries.list_guests(before=int(first.next_key), size=3)
    assert [guest.id for guest in first.rows + rest.rows] == sorted(guests.values(), reverse=True)
    assert rest.next_key is None
