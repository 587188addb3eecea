from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from pms.ledger import rules
from pms.ledger.rules import Kind, Party, Place
from pms.web import sheet

NOON = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _places(order: random.Random) -> set[Place]:
    """Few instants and ids, so that most lines meet others at the same instant."""
    return {
        Place(NOON + order.randrange(4) * timedelta(minutes=1), order.choice(list(Kind)), order.randrange(1, 5))
        for _ in range(order.randrange(40))
    }


def _below(source: list[Place], after: Place | None, size: int) -> list[Place]:
    """What a table gives: its places below one, newest first, bounded."""
    return sorted((place for place in source if after is None or place < after), reverse=True)[:size]


def test_pages_follow_each_other_without_loss_and_without_repetition():
    for seed in range(200):
        _page_through(random.Random(seed))


def _page_through(order: random.Random) -> None:
    places, size = _places(order), order.randrange(1, 8)
    sources = [[place for place in places if place.kind is kind] for kind in Kind]
    seen: list[Place] = []
    after = None
    while True:
        page, key = rules.merge([_below(source, after, size + 1) for source in sources], size)
        assert len(page) <= size
        seen += page
        if key is None:
            break
        after = rules.read_place(key)
        assert after == page[-1]
    assert seen == sorted(places, reverse=True)


def test_a_place_comes_back_from_an_address_as_it_was():
    for place in _places(random.Random(1)) | {Place(NOON + timedelta(microseconds=1), Kind.DOOR, 2**63 - 1)}:
        assert rules.read_place(place.key()) == place


@pytest.mark.parametrize(
    "text",
    ["", "1-2", "a-1-1", "1-1-1-1", "1-99-1", "1-0-1", "-1-1-1", "99999999999999999-1-1", "1-1-99999999999999999999"],
)
def test_what_is_no_place_is_read_as_none(text):
    assert rules.read_place(text) is None


def _parties() -> tuple[Party, Party]:
    return Party(1, NOON - 20 * HOUR, NOON), Party(2, NOON + 3 * HOUR, NOON + 40 * HOUR)


@pytest.mark.parametrize(("at", "who"), [(-HOUR, 1), (0 * HOUR, None), (2 * HOUR, None), (3 * HOUR, 2), (5 * HOUR, 2)])
def test_between_two_parties_the_room_is_nobodys(at, who):
    last, this = _parties()
    assert rules.party_at(NOON + at, last_night=last, this_night=this) == who


def test_a_party_that_stays_on_has_the_room_all_day():
    last, _this = _parties()
    long = Party(1, last.begins_at, NOON + 40 * HOUR)
    assert rules.party_at(NOON + 2 * HOUR, last_night=long, this_night=long) == 1


def test_an_empty_room_is_nobodys():
    assert rules.party_at(NOON, last_night=None, this_night=None) is None


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@x", "\tx", "\rx"])
def test_no_cell_of_a_file_is_a_formula(cell):
    assert sheet.harmless(cell) == f"'{cell}"


def test_other_cells_stay_as_they_are():
    assert sheet.harmless("Moreau = Claire") == "Moreau = Claire"


def test_made_and_ended_lines_of_a_kind_are_shown_together():
    grouped = [kind for name, kinds in rules.GROUPS.items() if name for kind in kinds]
    assert sorted(grouped) == sorted(Kind)
