"""Scopes of staff: which doors are in them, who picks them, what a lock is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.core.errors import NotFound
from pms.locks import closed_cards, lock_keys, queries, rules, scope_queries, service
from pms.locks.models import Lock, LockSetup, Scope, ScopeKind
from pms.locks.words import scope_text
from pms.rooms import service as rooms
from pms.simulators.lock import VirtualLock
from tests import factories
from tests.client import text_of
from tests.races import race


def section(name="Pool and gym", doors=(), **changes):
    return service.create_section(name=name, door_ids=list(doors), actor=SETUP, now=clock.now(), **changes)


def numbers_of(door) -> list[int]:
    return [scope.number for scope in scope_queries.scopes_of_door(queries.get_door(door.id))]


def twin_of(lock_id) -> VirtualLock:
    row = queries.get_lock(lock_id)
    return VirtualLock.fresh(lock_keys.serial_of(row), lock_keys.mac_of(row), bytes.fromhex(row.lock_keys or ""))


def set_up(lock_id, twin, now) -> None:
    frame = service.start_setup(lock_id=lock_id, is_factory_new=True, actor=SETUP, now=now)
    answer = twin.receive(frame, int(now.timestamp()))
    service.finish_setup(lock_id=lock_id, answer=answer, actor=SETUP, now=now)
    db.session.expire_all()


# --- rules


def test_sixteen_scopes_fit_and_the_seventeenth_is_refused_with_the_doors_name():
    rules.check_scopes("101", 16)
    with pytest.raises(rules.TooManyScopes) as refused:
        rules.check_scopes("101", 17)
    assert refused.value.params == {"door": "101", "count": 17, "most": 16}


@pytest.mark.parametrize(
    ("wanted", "told", "missing"),
    [([3, 1], None, [1, 3]), ([3, 1], [1, 3], None), ([1], [1, 3], [1]), ([], None, []), ([], [], None)],
)
def test_a_lock_is_told_all_its_scopes_or_nothing(wanted, told, missing):
    assert rules.missing_scopes(wanted, told) == missing


def test_the_numbers_of_a_scope_begin_with_the_time():
    assert rules.first_issue(datetime(2026, 6, 12, tzinfo=UTC)) == 1781222400


# --- which doors are in which


def test_a_room_is_in_every_door_and_in_its_floor_and_a_common_door_in_every_door_only(any_house):
    scopes = any_house.scopes
    assert numbers_of(any_house.doors["101"]) == [scopes["all"].number, scopes["1"].number]
    assert numbers_of(any_house.doors["201"]) == [scopes["all"].number, scopes["2"].number]
    assert numbers_of(any_house.doors["lobby"]) == [scopes["all"].number]


def test_a_floor_follows_its_rooms_by_itself(any_house, now):
    room = any_house.rooms["101"]
    rooms.change_room(
        room_id=room.id,
        version=1,
        number="101",
        floor_id=any_house.rooms["201"].floor_id,
        room_type_id=room.room_type_id,
        actor=SETUP,
        now=now,
    )
    db.session.expire_all()
    assert any_house.scopes["2"].number in numbers_of(any_house.doors["101"])
    assert any_house.scopes["1"].number not in numbers_of(any_house.doors["101"])


def test_a_new_floor_gets_its_scope_and_the_house_one_of_every_door(any_house, now):
    with transaction() as session:
        session.execute(sa.delete(Scope))
    building = rooms.create_building(name="Annex", actor=SETUP, now=now)
    rooms.create_floor(building_id=building.id, name="7", actor=SETUP, now=now)
    found = scope_queries.list_scopes()
    assert [row.scope.kind for row in found] == [ScopeKind.ALL] + [ScopeKind.FLOOR] * 3
    assert len({row.scope.number for row in found}) == 4
    assert {row.label for row in found} == {"all doors", "Main 1", "Main 2", "Annex 7"}
    service.ensure_scopes(now=now)
    assert len(scope_queries.list_scopes()) == 4


def test_two_who_need_the_scopes_at_once_make_them_once(any_house, now):
    with transaction() as session:
        session.execute(sa.delete(Scope))
    race(4, lambda _number: service.ensure_scopes(now=now))
    assert len(scope_queries.list_scopes()) == 3


def test_the_database_holds_one_scope_of_every_door(any_house):
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(factories.scope(99, ScopeKind.ALL))
        session.flush()


# --- sections


def test_a_section_is_made_changed_and_counted(any_house, now):
    doors = any_house.doors
    made = section(doors=[doors["101"].id, doors["lobby"].id])
    assert made.number in numbers_of(doors["lobby"])
    service.change_section(scope_id=made.id, name="Gym", door_ids=[doors["201"].id], actor=SETUP, now=now)
    row = scope_queries.get_scope(made.id)
    assert (row.name, row.doors) == ("Gym", 1)
    assert made.number not in numbers_of(doors["lobby"])
    assert scope_queries.door_ids_of_section(made.id) == {doors["201"].id}


def test_a_section_has_a_name_of_its_own(any_house, now):
    made = section()
    with pytest.raises(rules.SectionNameTaken):
        section()
    with pytest.raises(rules.BadSectionName):
        section(name=" ")
    other = section(name="Other")
    with pytest.raises(rules.SectionNameTaken):
        service.change_section(scope_id=other.id, name=made.name, door_ids=[], actor=SETUP, now=now)
    with pytest.raises(NotFound):
        service.change_section(scope_id=any_house.scopes["1"].id, name="Mine", door_ids=[], actor=SETUP, now=now)
    with pytest.raises(NotFound):
        service.raise_scope_issue(scope_id=1, issue=1, now=now)


def test_a_door_in_sixteen_scopes_goes_into_no_further_section(any_house):
    door = any_house.doors["101"]
    for number in range(14):
        section(f"Section {number}", [door.id])
    with pytest.raises(rules.TooManyScopes):
        section("One too many", [any_house.doors["102"].id, door.id])
    assert len(numbers_of(door)) == 16
    assert "One too many" not in {row.name for row in scope_queries.list_scopes()}


def test_two_sections_that_take_the_same_door_at_once_are_counted_both(any_house):
    door_id = any_house.doors["101"].id
    for number in range(13):
        section(f"Section {number}", [door_id])
    outcomes = race(2, lambda number: section(f"Last {number}", [door_id]))
    assert sum(isinstance(outcome, rules.TooManyScopes) for outcome in outcomes) == 1


# --- what a lock is told


def test_a_lock_learns_its_scopes_their_issues_and_the_lost_cards_when_it_is_set_up(any_house, now, monkeypatch):
    class Book:
        noted = None

        def denied_cards(self, *, door_id, now):
            return [closed_cards.DeniedCard(77, now + timedelta(days=3))]

        def note_denied(self, *, lock_id, credential_ids, now):
            self.noted = (lock_id, list(credential_ids))

    book = Book()
    monkeypatch.setattr(closed_cards, "_books", [book])
    door = any_house.doors["101"]
    service.raise_scope_issue(scope_id=any_house.scopes["1"].id, issue=5, now=now)
    twin = twin_of(door.lock_id)
    set_up(door.lock_id, twin, now)
    lock, scopes = queries.get_lock(door.lock_id), scope_queries.scopes_of_door(queries.get_door(door.id))
    assert twin.state.scopes == lock.told_scopes == [scope.number for scope in scopes]
    assert twin.state.scope_issues == {scope.number: scope.issue for scope in scopes}
    assert lock.scope_issues == {str(scope.number): scope.issue for scope in scopes}
    assert twin.state.deny == {77: int((now + timedelta(days=3)).timestamp())}
    assert book.noted == (door.lock_id, [77])
    assert service.scopes_to_tell(lock) is None


def test_of_more_lost_cards_than_a_lock_can_be_told_those_that_live_longest_go(now, monkeypatch):
    class Book:
        def denied_cards(self, *, door_id, now):
            return [closed_cards.DeniedCard(number, now + timedelta(hours=number)) for number in range(1, 41)]

    monkeypatch.setattr(closed_cards, "_books", [Book()])
    told = [card.credential_id for card in closed_cards.denied_cards(door_id=1, now=now)]
    assert told == list(range(40, 9, -1))


def test_a_full_setup_fits_into_one_frame(any_house, now, monkeypatch):
    class Book:
        def denied_cards(self, *, door_id, now):
            return [closed_cards.DeniedCard(number, now + timedelta(hours=number)) for number in range(1, 41)]

        def note_denied(self, **_values):
            pass

    monkeypatch.setattr(closed_cards, "_books", [Book()])
    door = any_house.doors["lobby"]
    for number in range(15):
        section(f"Section {number}", [door.id])
    twin = twin_of(door.lock_id)
    set_up(door.lock_id, twin, now)
    assert (len(twin.state.scopes), len(twin.state.deny)) == (16, 31)


def test_a_lock_that_does_not_know_its_scopes_is_listed_until_it_does(any_house, now):
    door = any_house.doors["101"]
    lock = queries.get_lock(door.lock_id)
    wanted = numbers_of(door)
    assert service.scopes_to_tell(lock) == wanted
    assert len(scope_queries.list_untold()) == 7
    service.note_told(lock_id=lock.id, numbers=reversed(wanted))
    db.session.expire_all()
    assert service.scopes_to_tell(queries.get_lock(lock.id)) is None
    assert len(scope_queries.list_untold()) == 6
    made = section(doors=[door.id])
    (told,) = [one for one in scope_queries.list_untold() if one.door.id == door.id]
    assert not told.is_new
    assert service.scopes_to_tell(queries.get_lock(lock.id)) == sorted([*wanted, made.number])


def test_a_lock_that_is_not_set_up_or_hangs_nowhere_is_told_nothing(any_house, now):
    door = any_house.doors["101"]
    with transaction() as session:
        session.get_one(Lock, door.lock_id).setup = LockSetup.IMPORTED
        loose = factories.lock()
        session.add(loose)
    assert service.scopes_to_tell(queries.get_lock(door.lock_id)) is None
    assert service.scopes_to_tell(loose) is None
    assert door.id not in {one.door.id for one in scope_queries.list_untold()}
    with pytest.raises(queries.NoSuchLock):
        service.note_told(lock_id=1, numbers=[])
    with pytest.raises(queries.NoSuchLock):
        service.note_scope_issues(lock_id=1, issues={})


def test_what_a_lock_keeps_only_rises(any_house):
    lock_id = any_house.doors["101"].lock_id
    for issue in (5, 9, 7):
        service.note_scope_issues(lock_id=lock_id, issues={18: issue})
    db.session.expire_all()
    assert queries.get_lock(lock_id).scope_issues == {"18": 9}


def test_a_raised_number_is_above_the_time_and_every_one_before(any_house, now):
    scope = any_house.scopes["1"]
    first = service.raise_scope_issue(scope_id=scope.id, issue=3, now=now).issue
    second = service.raise_scope_issue(scope_id=scope.id, issue=first + 1, now=now).issue
    assert (first, second) == (int(now.timestamp()), int(now.timestamp()) + 1)


# --- pages


def test_the_page_shows_every_scope_and_who_must_be_told(client, house):
    client.log_in("technician")
    text = text_of(client.get("/locks/scopes"))
    for words in ("All doors", "Floor 1", "Floor 2", "Doors to tell 7", "Lobby entrance knows none yet"):
        assert words in text
    assert "Scopes of staff" in text_of(client.get("/locks/"))


def test_a_section_is_made_and_changed_by_hand(client, house):
    client.log_in("manager")
    doors = house.doors
    client.get("/locks/scopes/new", htmx=True)
    client.post("/locks/scopes/new", {"name": "Gym", "door_ids": [str(doors["lobby"].id)]}, status=303)
    (row,) = [row for row in scope_queries.list_scopes() if row.name == "Gym"]
    assert "checked" in client.get(f"/locks/scopes/{row.scope.id}", htmx=True).text
    client.post(f"/locks/scopes/{row.scope.id}", {"name": "Gym", "door_ids": [str(doors["101"].id)]}, status=303)
    db.session.expire_all()
    assert scope_queries.door_ids_of_section(row.scope.id) == {doors["101"].id}
    refused = client.post("/locks/scopes/new", {"name": "Gym", "door_ids": [str(doors["101"].id)]}, status=422)
    assert "There is already a section called “Gym”." in text_of(refused)
    assert "checked" in refused.text
    client.post("/locks/scopes/new", {"name": ""}, status=422)
    client.post("/locks/scopes/new", {"name": "x", "door_ids": ["nonsense"]}, status=422)
    client.get(f"/locks/scopes/{house.scopes['1'].id}", status=404)


def test_a_house_without_floors_is_told_what_to_do(client, house):
    with transaction() as session:
        session.execute(sa.delete(Scope))
    client.log_in("manager")
    assert "No scopes yet" in text_of(client.get("/locks/scopes"))


def test_floors_of_several_buildings_are_told_apart(client, house, now):
    building = rooms.create_building(name="Annex", actor=SETUP, now=now)
    rooms.create_floor(building_id=building.id, name="1", actor=SETUP, now=now)
    client.log_in("manager")
    text = text_of(client.get("/locks/scopes"))
    assert "Annex · Floor 1" in text
    assert "Main · Floor 1" in text
    with client.app.test_request_context():
        assert scope_text(scope_queries.list_scopes()[0]) == "All doors"
