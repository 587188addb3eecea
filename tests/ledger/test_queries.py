from __future__ import annotations

import random
from datetime import timedelta

import pytest

from pms.core.db import db
from pms.keycards.models import KeyCard
from pms.ledger import checks, queries, rules, sources
from pms.ledger.rules import Kind
from pms.ledger.sources import Filters
from pms.locks import service as locks
from pms.protocol.record import RecordEvent
from pms.slots.models import SlotState
from pms.stays import service as stays
from tests.keycards.desk import DESK
from tests.ledger.world import MINUTE, book


def _all(filters, now, size):
    lines, after, pages = [], None, 0
    while True:
        page = queries.list_page(filters, after=after, size=size, now=now)
        lines += page.rows
        pages += 1
        if page.next_key is None:
            return [line.place for line in lines], pages
        after = rules.read_place(page.next_key)


def _fill(world, stay, now):
    """Lines of every kind, a handful of instants, so that pages break in the middle of one."""
    order = random.Random(7)
    for number in range(5):
        at = now - order.randrange(3) * MINUTE
        card = world.card(stay, at, ended=at if number % 2 else None)
        world.code(at, stay=stay, ended=at if number == 1 else None)
        world.slot(at, stay=stay, state=SlotState.REMOVED if number == 2 else SlotState.ADDED)
        staff = world.staff(at)
        world.record(at, card=card)
        world.record(at, staff=staff)
    return 5 * 6 + 2 + 1 + 1


def test_pages_give_every_line_once_and_in_order_on_both_databases(any_world, any_house, now):
    stay = book(any_house, now)
    total = _fill(any_world, stay, now)
    whole, _pages = _all(Filters(), now, 500)
    assert len(whole) == total == queries.count(Filters(), now=now)
    assert whole == sorted(whole, reverse=True)
    assert {place.kind for place in whole} == set(Kind) - {Kind.STAFF_ENDED}
    for size in (1, 4, 7):
        assert _all(Filters(), now, size)[0] == whole


def test_a_page_takes_the_same_number_of_queries_however_long_it_is(world, house, now, count_queries):
    stay = book(house, now)
    _fill(world, stay, now)
    short = count_queries(lambda: queries.list_page(Filters(), size=40, now=now))
    _fill(world, stay, now)
    _fill(world, stay, now)
    assert count_queries(lambda: queries.list_page(Filters(), size=120, now=now)) == short <= 20


@pytest.fixture
def two_rooms(world, house, now):
    """Moreau in 101 with a card that was used, Weber in 102 without any; a staff card of everything."""
    locks.ensure_scopes(now=now)
    world.moreau, world.weber = book(house, now), book(house, now, "102", name="Weber")
    world.used = world.card(world.moreau, now)
    world.code(now, stay=world.weber, door="102")
    world.porter = world.staff(now, holder="Vera")
    world.record(now + MINUTE, card=world.used)
    world.record(now + 2 * MINUTE, staff=world.porter)
    world.record(now + 3 * MINUTE, door="102", event=RecordEvent.REFUSED, result=7)
    return world


def _kinds(now, **filters):
    return [line.kind for line in queries.list_page(Filters(**filters), now=now).rows]


def test_a_rooms_ledger_has_its_keys_and_all_that_its_door_noted(two_rooms, house, now):
    kinds = _kinds(now, room_id=house.rooms["101"].id)
    assert kinds == [Kind.DOOR, Kind.DOOR, Kind.CARD_MADE]
    assert _kinds(now, room_id=house.rooms["102"].id) == [Kind.DOOR, Kind.CODE_MADE]


def test_a_room_without_a_door_has_an_empty_ledger(world, house, now):
    world.card(book(house, now), now)
    assert _kinds(now, room_id=1) == []


def test_a_guests_ledger_has_only_what_was_made_for_the_guest_and_where_it_was_used(two_rooms, now):
    assert _kinds(now, guest_id=two_rooms.moreau.guest_id) == [Kind.DOOR, Kind.CARD_MADE]
    assert _kinds(now, stay_id=two_rooms.weber.id) == [Kind.CODE_MADE]


def test_a_card_is_found_by_its_plastic_and_by_its_credential(two_rooms, now):
    for number in (two_rooms.used.uid.upper(), str(two_rooms.used.credential_id)):
        assert _kinds(now, card=number) == [Kind.DOOR, Kind.CARD_MADE]
    assert _kinds(now, card=two_rooms.porter.uid) == [Kind.DOOR, Kind.STAFF_MADE]
    assert _kinds(now, card="nothing") == []


def test_a_clerks_ledger_has_the_keys_that_the_clerk_made_and_their_use(two_rooms, now):
    other = two_rooms.card(two_rooms.moreau, now, made_by="Noah")
    two_rooms.record(now + MINUTE, card=other)
    assert _kinds(now, made_by="Noah") == [Kind.DOOR, Kind.CARD_MADE]


def test_days_bound_the_ledger_from_the_first_instant_to_before_the_last(two_rooms, now):
    assert _kinds(now, since=now + MINUTE, until=now + 2 * MINUTE) == [Kind.DOOR]


def test_only_what_still_opens_is_one_line_a_key(two_rooms, now):
    two_rooms.card(two_rooms.moreau, now - timedelta(days=4), ended=now)  # its time is over
    two_rooms.card(two_rooms.moreau, now, ended=now, refused_since=now)
    lost = two_rooms.card(two_rooms.moreau, now, ended=now)
    two_rooms.slot(now, state=SlotState.REMOVED)
    lines = queries.list_page(Filters(is_open=True), now=now).rows
    assert sorted(line.kind for line in lines) == sorted(
        [Kind.CARD_MADE, Kind.CARD_MADE, Kind.CODE_MADE, Kind.STAFF_MADE]
    )
    assert lost.id in {line.place.id for line in lines}


def test_beside_each_opening_stands_who_had_the_room_then(two_rooms, house, now):
    """Moreau leaves on the 14th at noon; Ito comes on the 14th. Nobody had the room in between."""
    stays.check_out(stay_id=two_rooms.moreau.id, actor=DESK, now=now + timedelta(days=2))
    later = now + timedelta(days=2, hours=6)
    next_one = book(house, later, name="Ito")
    two_rooms.record(now + timedelta(days=2, hours=2), staff=two_rooms.porter)
    two_rooms.record(later + MINUTE, staff=two_rooms.porter)
    rows = queries.list_page(Filters(room_id=house.rooms["101"].id, kind="doors"), now=later).rows
    assert [line.booked.id if line.booked else None for line in rows] == [
        next_one.id,
        None,
        two_rooms.moreau.id,
        two_rooms.moreau.id,
    ]


def test_a_key_says_when_a_door_noted_it_last(two_rooms, now):
    lines = queries.list_page(Filters(kind="cards"), now=now).rows
    assert [line.seen_at for line in lines] == [now + MINUTE]


# --- checks


def test_a_guest_in_house_without_a_key_is_found_until_one_is_made(world, house, now):
    stay = book(house, now)
    assert [found.id for found in checks.without_key(now=now)] == [stay.id]
    card = world.card(stay, now, ended=now)
    assert len(checks.without_key(now=now)) == 1, "a card that ended is no key"
    world.code(now, stay=stay)
    assert checks.without_key(now=now) == []
    assert db.session.get(KeyCard, card.id) is not None


def test_keys_of_nobody_who_is_booked_are_found(world, house, now):
    stay = book(house, now, inside=False)
    world.card(stay, now)
    plumber = world.code(now)
    stored = world.slot(now)
    stays.cancel(stay_id=stay.id, actor=DESK, now=now)
    cancelled = world.card(stay, now)
    found = queries.list_page(checks.filters_of("no_stay", now=now), now=now).rows
    assert {plumber.id, stored.id, cancelled.id} <= {line.place.id for line in found}
    assert checks.counts(now=now)["no_stay"] == len(found)


def test_keys_that_open_after_the_departure_are_found(world, house, now):
    stay = book(house, now)
    leaves = now + timedelta(days=2)  # noon in the house
    world.card(stay, now, until=leaves)
    long = world.card(stay, now, until=leaves + timedelta(hours=1))
    assert checks.outliving_ids(now) == [long.id]
    early = now + timedelta(hours=2)
    stays.check_out(stay_id=stay.id, actor=DESK, now=early)
    assert len(checks.outliving_ids(early)) == 2, "who left early has no use for any of them"
    assert len(queries.list_page(checks.filters_of("after", now=early), now=early).rows) == 2


def test_staff_cards_are_listed_with_their_last_use(two_rooms, now):
    two_rooms.staff(now, holder="Anna")
    assert [(use.line.holder, use.seen_at) for use in checks.staff_use(now=now)] == [
        ("Anna", None),
        ("Vera", now + 2 * MINUTE),
    ]


def test_a_bound_of_paper_is_kept_over_several_reads(world, house, now, monkeypatch):
    stay = book(house, now)
    for number in range(7):
        world.card(stay, now - number * MINUTE)
    monkeypatch.setattr(queries, "_CHUNK", 2)
    assert len(list(queries.stream(Filters(), most=5, now=now))) == 5
    assert len(list(queries.stream(Filters(), now=now))) == 7
    assert sources.count(Filters(kind="doors"), now=now) == 0
