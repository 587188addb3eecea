from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.actor import SETUP, Actor
from pms.core.db import db, transaction
from pms.core.errors import ChangedMeanwhile, NotFound
from pms.rooms import queries, rules, service
from pms.rooms.models import HousekeepingStatus, Room
from pms.stays import service as stays
from pms.stays.models import TypeNight
from pms.stays.nights import TypeSoldOut
from pms.stays.service import CapacityTooLow
from tests import factories
from tests.races import race

TODAY = date(2026, 6, 12)
CLEAN, DIRTY = HousekeepingStatus.CLEAN, HousekeepingStatus.DIRTY
DESK = Actor(kind="account", name="Desk")


def _actions() -> list[str]:
    return list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


def _book(house, kind, now, *, room=None, nights=2):
    with transaction() as session:
        person = factories.guest()
        session.add(person)
    return stays.book(
        guest_id=person.id,
        room_type_id=kind.id,
        room_id=room.id if room else None,
        arrival_date=TODAY,
        departure_date=TODAY + timedelta(days=nights),
        actor=DESK,
        now=now,
    )


def test_a_room_that_was_marked_says_what_it_was_before(any_house, now):
    room = any_house.rooms["101"]
    assert service.set_housekeeping(room_id=room.id, status=DIRTY, actor=DESK, now=now) is CLEAN
    assert service.set_housekeeping(room_id=room.id, status=CLEAN, actor=DESK, now=now) is DIRTY
    entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.before, entry.after) == ({"housekeeping": "dirty"}, {"housekeeping": "clean"})
    assert entry.room_id == room.id


def test_the_same_word_on_the_same_day_is_noted_once_and_on_the_next_day_again(any_house, now):
    room = any_house.rooms["101"]
    for at in (now, now + timedelta(hours=1), now + timedelta(days=1)):
        service.set_housekeeping(room_id=room.id, status=CLEAN, actor=DESK, now=at)
    assert _actions() == ["rooms.housekeeping"] * 2
    assert queries.get_room(room.id).housekeeping_at == now + timedelta(days=1)


def test_two_housekeepers_who_tap_at_once_make_one_entry(any_house, now):
    room = any_house.rooms["101"]
    service.mark_dirty(room_id=room.id, actor=DESK, now=now)
    outcomes = race(2, lambda _: service.set_housekeeping(room_id=room.id, status=CLEAN, actor=DESK, now=now))
    assert sorted(o.value for o in outcomes) == ["clean", "dirty"]
    db.session.rollback()
    assert _actions() == ["rooms.housekeeping"] * 2


def test_a_room_out_of_order_leaves_what_can_be_sold(any_house, now):
    _book(any_house, any_house.suite, now)
    service.take_out_of_order(room_id=any_house.rooms["201"].id, reason=" Water ", actor=DESK, now=now)
    room = queries.get_room(any_house.rooms["201"].id)
    assert (room.out_of_order, room.out_of_order_reason) == (True, "Water")
    assert set(db.session.scalars(sa.select(TypeNight.capacity))) == {1}
    with pytest.raises(TypeSoldOut):
        _book(any_house, any_house.suite, now)
    service.put_back_in_order(room_id=room.id, actor=DESK, now=now)
    assert queries.get_room(room.id).housekeeping is DIRTY
    _book(any_house, any_house.suite, now)


def test_a_room_stays_in_order_while_every_room_of_its_type_is_promised(any_house, now):
    _book(any_house, any_house.suite, now)
    _book(any_house, any_house.suite, now, nights=1)
    with pytest.raises(CapacityTooLow) as refusal:
        service.take_out_of_order(room_id=any_house.rooms["201"].id, reason="Water", actor=DESK, now=now)
    assert refusal.value.params["night"] == TODAY
    assert not queries.get_room(any_house.rooms["201"].id).out_of_order
    assert "rooms.out_of_order" not in _actions()


def test_a_room_may_be_taken_out_of_order_while_somebody_lives_in_it(any_house, now):
    stay = _book(any_house, any_house.suite, now, room=any_house.rooms["201"])
    stays.check_in(stay_id=stay.id, actor=DESK, now=now)
    service.take_out_of_order(room_id=any_house.rooms["201"].id, reason="Window", actor=DESK, now=now)
    assert queries.get_room(any_house.rooms["201"].id).out_of_order


def test_booking_the_last_room_and_taking_it_out_of_order_cannot_both_win(any_house, now):
    for number in ("102", "103", "203"):
        service.take_out_of_order(room_id=any_house.rooms[number].id, reason="Works", actor=DESK, now=now)
    with transaction() as session:
        person = factories.guest()
        session.add(person)
    standard, last = any_house.standard.id, any_house.rooms["101"].id

    def act(index):
        if index:
            return service.take_out_of_order(room_id=last, reason="Works", actor=DESK, now=now)
        return stays.book(
            guest_id=person.id,
            room_type_id=standard,
            arrival_date=TODAY,
            departure_date=TODAY + timedelta(days=1),
            actor=DESK,
            now=now,
        )

    outcomes = race(2, act)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [type(error) for error in refused] in ([CapacityTooLow], [TypeSoldOut])
    db.session.rollback()
    row = db.session.scalars(sa.select(TypeNight)).one_or_none()
    in_order = db.session.scalar(sa.select(sa.func.count()).where(Room.room_type_id == standard, ~Room.out_of_order))
    assert (row.sold if row else 0) <= in_order


def test_two_who_take_the_last_two_rooms_out_of_order_leave_one_for_the_guest(any_house, now):
    _book(any_house, any_house.suite, now)
    ids = [any_house.rooms[number].id for number in ("201", "202")]
    outcomes = race(2, lambda index: service.take_out_of_order(room_id=ids[index], reason="Works", actor=DESK, now=now))
    assert [type(o) for o in outcomes if isinstance(o, Exception)] == [CapacityTooLow]
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).where(Room.out_of_order)) == 1


def test_a_dialog_that_was_opened_before_somebody_elses_change_changes_nothing(any_house, now):
    room = any_house.rooms["101"]
    old = queries.get_room(room.id).version
    service.set_note(room_id=room.id, note="Squeaky bed", version=old, actor=DESK, now=now)
    with pytest.raises(ChangedMeanwhile):
        service.take_out_of_order(room_id=room.id, reason="Bed", version=old, actor=DESK, now=now)
    with pytest.raises(ChangedMeanwhile):
        service.set_note(room_id=room.id, note="Other", version=old, actor=DESK, now=now)


def test_changing_the_type_of_a_room_is_refused_when_its_type_is_sold_out(any_house, now):
    _book(any_house, any_house.suite, now)
    _book(any_house, any_house.suite, now)
    room = queries.get_room(any_house.rooms["201"].id)
    values = {"version": room.version, "number": room.number, "floor_id": room.floor_id}
    with pytest.raises(CapacityTooLow):
        service.change_room(room_id=room.id, room_type_id=any_house.standard.id, **values, actor=DESK, now=now)
    service.change_room(
        room_id=room.id, room_type_id=any_house.suite.id, **{**values, "number": "201A"}, actor=DESK, now=now
    )
    assert queries.find_room_by_number("201A").id == room.id


def test_a_new_room_can_be_sold_at_once(any_house, now):
    for _ in range(2):
        _book(any_house, any_house.suite, now)
    floor = queries.list_floors()[0]
    service.create_room(number="104", floor_id=floor.id, room_type_id=any_house.suite.id, actor=DESK, now=now)
    _book(any_house, any_house.suite, now)


def test_names_numbers_and_codes_are_not_given_twice(any_house, now):
    floor = queries.list_floors()[0]
    with pytest.raises(rules.NumberTaken):
        service.create_room(number="101", floor_id=floor.id, room_type_id=any_house.suite.id, actor=DESK, now=now)
    with pytest.raises(rules.NameTaken):
        service.create_building(name="Main", actor=DESK, now=now)
    with pytest.raises(rules.NameTaken):
        service.create_floor(building_id=floor.building_id, name="1", actor=DESK, now=now)
    with pytest.raises(rules.CodeTaken):
        service.create_room_type(code="std", name="Other", actor=DESK, now=now)
    assert _actions() == []


def test_buildings_floors_and_types_can_be_changed(any_house, now):
    building = service.create_building(name="Annex", actor=DESK, now=now)
    floor = service.create_floor(building_id=building.id, name="Garden", actor=DESK, now=now)
    assert floor.position == 1
    service.change_building(building_id=building.id, name="Garden house", position=9, actor=DESK, now=now)
    service.change_floor(floor_id=floor.id, name="Ground", position=0, actor=DESK, now=now)
    service.change_room_type(
        room_type_id=any_house.suite.id, code="JST", name="Junior suite", beds=3, position=5, actor=DESK, now=now
    )
    db.session.rollback()
    assert [b.name for b in queries.list_buildings()] == ["Main", "Garden house"]
    assert (queries.get_floor(floor.id).name, queries.get_floor(floor.id).position) == ("Ground", 0)
    assert queries.get_room_type(any_house.suite.id).code == "JST"


def test_what_does_not_exist_cannot_be_changed(any_house, now):
    with pytest.raises(queries.NoSuchRoom):
        service.mark_dirty(room_id=1, actor=DESK, now=now)
    with pytest.raises(queries.NoSuchRoom):
        queries.get_room(1)
    for get in (queries.get_floor, queries.get_building, queries.get_room_type):
        with pytest.raises(NotFound):
            get(1)


CSV = b"number,floor,building,type\n104,1,Main,STD\n301,3,Main,Suite\nG1,Ground,Garden house,ste\n"


def test_an_import_makes_rooms_floors_and_buildings_and_says_the_second_time_that_they_exist(any_house, now):
    first = service.import_rooms_csv(document=CSV, actor=SETUP, now=now)
    assert first.created == ["104", "301", "G1"]
    room = queries.find_room_by_number("301")
    assert (room.floor.position, room.room_type.code) == (3, "STE")
    again = service.import_rooms_csv(document=CSV, actor=SETUP, now=now)
    assert (again.new, again.existing) == ([], ["104", "301", "G1"])
    assert len(queries.list_rooms()) == 9


def test_one_bad_line_and_nothing_is_imported(any_house, now):
    bad = CSV + b"302,3,Main,Palace\n101,2,Main,STD\n303,3,Main\n"
    with pytest.raises(service.BadFile) as refusal:
        service.import_rooms_csv(document=bad, actor=SETUP, now=now)
    assert [fault.line for fault in refusal.value.faults] == [5, 6, 7]
    assert len(queries.list_rooms()) == 6
    assert _actions() == []


def test_checking_a_file_writes_nothing(any_house):
    plan = service.plan_rooms_csv(document=CSV)
    assert (plan.created, plan.new_buildings) == (["104", "301", "G1"], ["Garden house"])
    assert plan.new_floors == [("Main", "3"), ("Garden house", "Ground")]
    assert len(queries.list_rooms()) == 6


def test_a_types_limit_of_overbooking_is_sold_and_not_taken_back_below_what_is_promised(any_house, now):
    def change(limit: int) -> None:
        service.change_room_type(
            room_type_id=any_house.suite.id,
            code="STE",
            name="Suite",
            beds=4,
            position=2,
            night_price=21900,
            overbooking_limit=limit,
            actor=DESK,
            now=now,
        )

    change(1)
    db.remove()
    assert queries.get_room_type(any_house.suite.id).night_price == 21900
    guest = factories.guest()
    with transaction() as session:
        session.add(guest)
    day = now.date()
    for _ in range(3):
        wish = stays.RoomWish(
            room_type_id=any_house.suite.id, room_id=None, arrival_date=day, departure_date=day + timedelta(days=1)
        )
        booked = stays.book_many(guest_id=guest.id, wishes=[wish], actor=DESK, now=now)[0]
        assert booked.night_price == 21900
    with pytest.raises(CapacityTooLow):
        change(0)
    change(2)
    for values, refusal in (((-1, 0), rules.BadPrice), ((0, 100), rules.BadOverbooking)):
        with pytest.raises(refusal):
            rules.check_sale(*values)
