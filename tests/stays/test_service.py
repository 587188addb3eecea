from __future__ import annotations

import uuid
from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
import sqlalchemy as sa

from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.errors import ChangedMeanwhile, DomainError, NotFound
from pms.stays import nights, rules, service
from pms.stays.models import RoomNight, Stay, StayState, StayStep, TypeNight
from tests import factories
from tests.factories import TODAY
from tests.races import race

DESK = Actor(kind="account", name="Desk", account_id=1)
TOMORROW = TODAY + timedelta(days=1)
IN_THREE = TODAY + timedelta(days=3)


@pytest.fixture
def guest_id(any_house):
    with transaction() as session:
        row = factories.guest()
        session.add(row)
    return int(row.id)


@pytest.fixture
def book(any_house, guest_id, now):
    """Book the standard type from today for three nights, unless told otherwise."""

    def book_one(**values):
        values = {
            "guest_id": guest_id,
            "room_type_id": any_house.standard.id,
            "arrival_date": TODAY,
            "departure_date": IN_THREE,
            "actor": DESK,
            "now": now,
            **values,
        }
        return service.book(**values)

    return book_one


def room_nights(stay_id: int) -> list[tuple[int, date]]:
    rows = db.session.execute(
        sa.select(RoomNight.room_id, RoomNight.night).where(RoomNight.stay_id == stay_id).order_by(RoomNight.night)
    )
    return [tuple(row) for row in rows]


def assert_nights_are_those_of_the_stays() -> None:
    """room_night and type_night are exactly what the stays say."""
    db.remove()
    rooms, types = set(), Counter()
    for stay in db.session.scalars(sa.select(Stay)):
        for night in rules.held_nights(stay):
            if stay.room_id is not None:
                rooms.add((night, stay.id))
            else:
                types[stay.room_type_id, night] += 1
    stored = db.session.execute(
        sa.select(RoomNight.night, RoomNight.stay_id, factories.Room.room_type_id).join(factories.Room)
    ).all()
    assert {(row.night, row.stay_id) for row in stored} == rooms
    for row in stored:
        types[row.room_type_id, row.night] += 1
    sold = {(r.room_type_id, r.night): r.sold for r in db.session.scalars(sa.select(TypeNight)) if r.sold}
    assert sold == dict(types)


def test_a_booking_without_a_room_holds_nights_of_its_type(book, any_house):
    stay = book()
    assert room_nights(stay.id) == []
    sold = db.session.execute(sa.select(TypeNight.night, TypeNight.sold, TypeNight.capacity)).all()
    assert [tuple(row) for row in sold] == [(TODAY + timedelta(days=i), 1, 4) for i in range(3)]


def test_a_booking_into_a_room_holds_that_room(book, any_house):
    room = any_house.rooms["101"]
    stay = book(room_id=room.id)
    assert room_nights(stay.id) == [(room.id, TODAY + timedelta(days=i)) for i in range(3)]


def test_the_departure_day_is_free_for_the_next_guest(book, any_house):
    book(room_id=any_house.rooms["101"].id)
    book(room_id=any_house.rooms["101"].id, arrival_date=IN_THREE, departure_date=IN_THREE + timedelta(days=1))
    assert_nights_are_those_of_the_stays()


def test_a_taken_room_is_refused_with_the_name_of_who_has_it(book, any_house):
    first = book(room_id=any_house.rooms["101"].id)
    with pytest.raises(nights.RoomTaken) as refusal:
        book(room_id=any_house.rooms["101"].id, arrival_date=TOMORROW)
    assert refusal.value.params["guest"] == "Claire Moreau"
    assert refusal.value.params["night"] == TOMORROW
    assert refusal.value.params["room"] == "101"
    assert first.id
    assert_nights_are_those_of_the_stays()


def test_32_clerks_who_book_the_last_room_of_a_type_make_one_booking(book, any_house, now):
    book(room_type_id=any_house.suite.id)
    outcomes = race(32, lambda _n: book(room_type_id=any_house.suite.id, arrival_date=TOMORROW))
    refusals = [o for o in outcomes if isinstance(o, nights.TypeSoldOut)]
    assert len(refusals) == 31
    assert sum(isinstance(o, Stay) for o in outcomes) == 1
    assert {r.params["night"] for r in refusals} == {TOMORROW}
    assert_nights_are_those_of_the_stays()


def test_32_clerks_who_book_the_same_room_make_one_booking(book, any_house):
    random = Random(7)
    spans = [(random.randint(0, 3), random.randint(4, 7)) for _ in range(32)]

    def work(number: int) -> Stay:
        first, last = spans[number]
        return book(
            room_id=any_house.rooms["102"].id,
            arrival_date=TODAY + timedelta(days=first),
            departure_date=TODAY + timedelta(days=last),
        )

    outcomes = race(32, work)
    assert sum(isinstance(o, Stay) for o in outcomes) == 1
    assert sum(isinstance(o, nights.RoomTaken) for o in outcomes) == 31
    assert_nights_are_those_of_the_stays()


def test_an_extension_and_a_booking_that_race_for_a_night_leave_one_winner(book, any_house, now):
    for _ in range(5):
        stay = book(room_id=any_house.rooms["103"].id)

        def work(number: int, stay_id: int = stay.id) -> object:
            later = IN_THREE + timedelta(days=1)
            if number:
                return book(room_id=any_house.rooms["103"].id, arrival_date=IN_THREE, departure_date=later)
            return service.extend(stay_id=stay_id, departure_date=later, actor=DESK, now=now)

        outcomes = race(2, work)
        assert sum(isinstance(o, nights.RoomTaken) for o in outcomes) == 1
        assert_nights_are_those_of_the_stays()
        with transaction():
            for other in db.session.scalars(sa.select(Stay).where(Stay.state == StayState.CONFIRMED)).all():
                service.cancel(stay_id=other.id, actor=DESK, now=now)


def test_two_guests_who_swap_rooms_at_once_do_not_block_each_other(book, any_house, now):
    one = book(room_id=any_house.rooms["101"].id)
    two = book(room_id=any_house.rooms["102"].id)
    for stay in (one, two):
        service.check_in(stay_id=stay.id, actor=DESK, now=now)
    targets = {0: (one.id, "102"), 1: (two.id, "101")}

    def work(number: int) -> object:
        stay_id, room = targets[number]
        return service.move_room(stay_id=stay_id, room_id=any_house.rooms[room].id, actor=DESK, now=now)

    outcomes = race(2, work)
    assert all(isinstance(o, DomainError) for o in outcomes), "each room is taken until the other has left it"
    assert_nights_are_those_of_the_stays()


def test_a_double_click_books_once(book):
    request_id = str(uuid.uuid4())
    outcomes = race(4, lambda _n: book(request_id=request_id))
    stays = {o.id for o in outcomes if isinstance(o, Stay)}
    assert len(stays) == 1
    assert book(request_id=request_id).id in stays
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Stay)) == 1


@pytest.mark.parametrize(
    ("arrival", "departure", "refusal"),
    [
        (TODAY, TODAY, rules.BadDates),
        (TOMORROW, TODAY, rules.BadDates),
        (TODAY, TODAY + timedelta(days=401), rules.BadDates),
        (TODAY - timedelta(days=1), TOMORROW, rules.ArrivalInThePast),
    ],
)
def test_impossible_dates_are_refused(book, arrival, departure, refusal):
    with pytest.raises(refusal):
        book(arrival_date=arrival, departure_date=departure)


def test_after_midnight_the_night_that_is_going_on_can_still_be_sold(book, now):
    two_in_the_morning = now + timedelta(hours=14)
    assert book(now=two_in_the_morning, departure_date=TOMORROW).arrival_date == TODAY


def test_check_in_needs_a_room_and_the_right_day(book, any_house, now):
    stay = book(arrival_date=TOMORROW)
    with pytest.raises(rules.NoRoom):
        service.check_in(stay_id=stay.id, actor=DESK, now=now)
    service.assign_room(stay_id=stay.id, room_id=any_house.rooms["101"].id, actor=DESK, now=now)
    with pytest.raises(rules.TooEarly):
        service.check_in(stay_id=stay.id, actor=DESK, now=now)
    with pytest.raises(rules.TooLate):
        service.check_in(stay_id=stay.id, actor=DESK, now=now + timedelta(days=5))
    service.check_in(stay_id=stay.id, actor=DESK, now=now + timedelta(days=1))
    with pytest.raises(rules.WrongState):
        service.check_in(stay_id=stay.id, actor=DESK, now=now + timedelta(days=1))


def test_nobody_is_checked_in_to_a_room_where_somebody_still_is(book, any_house, now):
    room_id = any_house.rooms["101"].id
    first = book(room_id=room_id, departure_date=TOMORROW)
    service.check_in(stay_id=first.id, actor=DESK, now=now)
    second = book(room_id=room_id, arrival_date=TOMORROW)
    with pytest.raises(service.RoomOccupied) as refusal:
        service.check_in(stay_id=second.id, actor=DESK, now=now + timedelta(days=1))
    assert refusal.value.params == {"guest": "Claire Moreau", "room": "101"}
    service.check_out(stay_id=first.id, actor=DESK, now=now + timedelta(days=1))
    service.check_in(stay_id=second.id, actor=DESK, now=now + timedelta(days=1))


def test_a_room_that_is_out_of_order_is_given_to_nobody(book, any_house):
    with transaction() as session:
        room = session.get_one(factories.Room, any_house.rooms["101"].id)
        room.out_of_order, room.out_of_order_reason = True, "Water"
    with pytest.raises(service.RoomOutOfOrder):
        book(room_id=any_house.rooms["101"].id)


def test_a_move_keeps_the_nights_slept_where_they_were_slept(book, any_house, now):
    old, new = any_house.rooms["101"].id, any_house.rooms["201"].id
    stay = book(room_id=old)
    service.check_in(stay_id=stay.id, actor=DESK, now=now)
    service.move_room(stay_id=stay.id, room_id=new, actor=DESK, now=now + timedelta(days=1))
    assert [room for room, _ in room_nights(stay.id)] == [old, new, new]
    with pytest.raises(rules.SameRoom):
        service.move_room(stay_id=stay.id, room_id=new, actor=DESK, now=now + timedelta(days=1))
    assert_nights_are_those_of_the_stays()


def test_an_early_departure_gives_the_remaining_nights_back(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    service.check_in(stay_id=stay.id, actor=DESK, now=now)
    service.check_out(stay_id=stay.id, actor=DESK, now=now + timedelta(days=1))
    assert len(room_nights(stay.id)) == 1
    assert_nights_are_those_of_the_stays()


def test_extend_and_shorten_ask_for_sensible_dates(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    with pytest.raises(rules.NotLater):
        service.extend(stay_id=stay.id, departure_date=IN_THREE, actor=DESK, now=now)
    with pytest.raises(rules.NotEarlier):
        service.shorten(stay_id=stay.id, departure_date=TODAY, actor=DESK, now=now)
    service.extend(stay_id=stay.id, departure_date=IN_THREE + timedelta(days=2), actor=DESK, now=now)
    service.shorten(stay_id=stay.id, departure_date=TOMORROW, actor=DESK, now=now)
    assert len(room_nights(stay.id)) == 1


def test_nobody_is_a_no_show_before_the_arrival_day(book, now):
    stay = book(arrival_date=TOMORROW)
    with pytest.raises(rules.NotYetNoShow):
        service.mark_no_show(stay_id=stay.id, actor=DESK, now=now)
    service.mark_no_show(stay_id=stay.id, actor=DESK, now=now + timedelta(days=1))
    assert_nights_are_those_of_the_stays()


def test_a_form_that_is_older_than_the_stay_is_refused(book, any_house, now):
    stay = book()
    version = stay.version
    service.assign_room(stay_id=stay.id, room_id=any_house.rooms["101"].id, version=version, actor=DESK, now=now)
    with pytest.raises(ChangedMeanwhile):
        service.assign_room(stay_id=stay.id, room_id=any_house.rooms["102"].id, version=version, actor=DESK, now=now)
    with pytest.raises(NotFound):
        service.cancel(stay_id=1, actor=DESK, now=now)


def test_undo_restores_state_dates_room_and_nights(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    service.check_in(stay_id=stay.id, actor=DESK, now=now)
    before = room_nights(stay.id)
    step = service.check_out(stay_id=stay.id, actor=DESK, now=now + timedelta(hours=1))
    service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now + timedelta(hours=2))
    assert db.session.get_one(Stay, stay.id).state is StayState.IN_HOUSE
    assert room_nights(stay.id) == before
    with pytest.raises(service.NothingToUndo):
        service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now + timedelta(hours=2))


def test_undo_is_refused_when_the_nights_were_sold_meanwhile(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    step = service.cancel(stay_id=stay.id, actor=DESK, now=now)
    book(room_id=any_house.rooms["101"].id)
    with pytest.raises(nights.RoomTaken):
        service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now)
    assert db.session.get_one(Stay, stay.id).state is StayState.CANCELLED


def test_a_booking_itself_is_cancelled_not_undone(book, now):
    stay = book()
    step = db.session.scalars(sa.select(StayStep).where(StayStep.stay_id == stay.id)).one()
    with pytest.raises(service.NothingToUndo):
        service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now)


def test_capacity_cannot_fall_below_what_is_promised(book, any_house, now):
    for _ in range(2):
        book(room_type_id=any_house.suite.id, arrival_date=TOMORROW)
    with transaction() as session:
        session.get_one(factories.Room, any_house.rooms["203"].id).out_of_order = True
        service.set_capacity(room_type_id=any_house.standard.id, from_date=TODAY, now=now)
    with pytest.raises(service.CapacityTooLow) as refusal, transaction() as session:
        session.get_one(factories.Room, any_house.rooms["201"].id).out_of_order = True
        service.set_capacity(room_type_id=any_house.suite.id, from_date=TODAY, now=now)
    assert refusal.value.params["night"] == TOMORROW


def test_whatever_is_done_the_nights_are_those_of_the_stays(book, any_house, now):
    """240 random acts, refused or not."""
    random = Random(20260612)
    rooms = [room.id for room in any_house.rooms.values()]
    stays: list[int] = []
    at = now

    def one() -> None:
        stay_id = random.choice(stays)
        step = db.session.scalars(
            sa.select(StayStep).where(StayStep.stay_id == stay_id).order_by(StayStep.id.desc()).limit(1)
        ).one()
        room_id = random.choice(rooms)
        today = at.date()
        acts = [
            lambda: service.assign_room(stay_id=stay_id, room_id=room_id, actor=DESK, now=at),
            lambda: service.unassign_room(stay_id=stay_id, actor=DESK, now=at),
            lambda: service.check_in(stay_id=stay_id, actor=DESK, now=at),
            lambda: service.move_room(stay_id=stay_id, room_id=room_id, actor=DESK, now=at),
            lambda: service.extend(
                stay_id=stay_id, departure_date=today + timedelta(days=random.randint(1, 6)), actor=DESK, now=at
            ),
            lambda: service.shorten(
                stay_id=stay_id, departure_date=today + timedelta(days=random.randint(0, 3)), actor=DESK, now=at
            ),
            lambda: service.check_out(stay_id=stay_id, actor=DESK, now=at),
            lambda: service.cancel(stay_id=stay_id, actor=DESK, now=at),
            lambda: service.mark_no_show(stay_id=stay_id, actor=DESK, now=at),
            lambda: service.undo_last(stay_id=stay_id, step_id=step.id, actor=DESK, now=at),
            lambda: service.change(
                stay_id=stay_id,
                arrival_date=today,
                departure_date=today + timedelta(days=2),
                room_type_id=random.choice([any_house.standard.id, any_house.suite.id]),
                adults=1,
                children=0,
                actor=DESK,
                now=at,
            ),
        ]
        random.choice(acts)()

    done = 0
    for number in range(240):
        if number % 25 == 24:
            at += timedelta(days=1)
        try:
            if len(stays) < 4 or random.random() < 0.2:
                today = at.date()
                stays.append(
                    book(
                        room_type_id=random.choice([any_house.standard.id, any_house.suite.id]),
                        room_id=random.choice([None, *rooms]),
                        arrival_date=today,
                        now=at,
                        departure_date=today + timedelta(days=random.randint(1, 4)),
                    ).id
                )
            else:
                one()
            done += 1
        except DomainError:
            db.session.rollback()
    assert done > 60
    assert_nights_are_those_of_the_stays()


def test_undoing_twice_undoes_once(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    service.check_in(stay_id=stay.id, actor=DESK, now=now)
    step = service.extend(stay_id=stay.id, departure_date=IN_THREE + timedelta(days=1), actor=DESK, now=now)
    outcomes = race(2, lambda _n: service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now))
    assert sum(isinstance(o, service.NothingToUndo) for o in outcomes) == 1
    db.remove()
    assert db.session.get_one(Stay, stay.id).departure_date == IN_THREE
    assert len(room_nights(stay.id)) == 3
    assert_nights_are_those_of_the_stays()


def test_a_check_in_of_yesterday_can_no_longer_be_undone(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    step = service.check_in(stay_id=stay.id, actor=DESK, now=now)
    with pytest.raises(rules.TooLateToUndo):
        service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now + timedelta(hours=25))


def test_an_undone_move_is_refused_when_the_old_room_went_out_of_order(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    service.check_in(stay_id=stay.id, actor=DESK, now=now)
    step = service.move_room(stay_id=stay.id, room_id=any_house.rooms["103"].id, actor=DESK, now=now)
    with transaction() as session:
        room = session.get_one(factories.Room, any_house.rooms["101"].id)
        room.out_of_order, room.out_of_order_reason = True, "Water"
    with pytest.raises(service.RoomOutOfOrder):
        service.undo_last(stay_id=stay.id, step_id=step.id, actor=DESK, now=now)


def test_a_double_click_on_a_verb_makes_one_step(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    version, request_id, later = stay.version, str(uuid.uuid4()), IN_THREE + timedelta(days=1)

    def work(_number: int) -> StayStep:
        return service.extend(
            stay_id=stay.id, departure_date=later, version=version, request_id=request_id, actor=DESK, now=now
        )

    outcomes = race(4, work)
    assert len({o.id for o in outcomes if isinstance(o, StayStep)}) == 1
    assert not [o for o in outcomes if isinstance(o, DomainError)]
    kinds = db.session.scalars(sa.select(StayStep.kind).where(StayStep.stay_id == stay.id)).all()
    assert sorted(kinds) == ["booked", "extended"]


def test_a_guest_who_stayed_on_is_extended_over_the_gap(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id, departure_date=TOMORROW)
    service.check_in(stay_id=stay.id, actor=DESK, now=now)
    late = now + timedelta(days=3)
    service.extend(stay_id=stay.id, departure_date=TODAY + timedelta(days=5), actor=DESK, now=late)
    assert [night for _, night in room_nights(stay.id)] == [TODAY + timedelta(days=i) for i in range(5)]
    assert_nights_are_those_of_the_stays()


def test_a_move_at_two_in_the_morning_takes_the_night_that_is_going_on(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id, departure_date=TOMORROW)
    service.check_in(stay_id=stay.id, actor=DESK, now=now)
    late_guest = book(room_id=any_house.rooms["102"].id, departure_date=TOMORROW)
    night = now + timedelta(hours=14)
    with pytest.raises(nights.RoomTaken):
        service.move_room(stay_id=stay.id, room_id=any_house.rooms["102"].id, actor=DESK, now=night)
    service.move_room(stay_id=stay.id, room_id=any_house.rooms["103"].id, actor=DESK, now=night)
    assert room_nights(stay.id) == [(any_house.rooms["103"].id, TODAY)]
    service.check_in(stay_id=late_guest.id, actor=DESK, now=night)
    assert_nights_are_those_of_the_stays()


def test_another_type_gives_the_room_back(book, any_house, now):
    stay = book(room_id=any_house.rooms["101"].id)
    service.change(
        stay_id=stay.id,
        arrival_date=TODAY,
        departure_date=TOMORROW,
        room_type_id=any_house.suite.id,
        adults=2,
        children=1,
        actor=DESK,
        now=now,
    )
    assert db.session.get_one(Stay, stay.id).room_id is None
    with pytest.raises(rules.NoRoom):
        service.unassign_room(stay_id=stay.id, actor=DESK, now=now)
    assert_nights_are_those_of_the_stays()


def test_rooms_that_go_out_of_order_and_bookings_that_race_never_sell_too_much(book, any_house, now):
    from pms.rooms import inventory
    from pms.rooms import service as rooms

    inventory.on_capacity_change(service.set_capacity)
    book(room_type_id=any_house.suite.id)

    def work(number: int) -> object:
        if number:
            return book(room_type_id=any_house.suite.id)
        return rooms.take_out_of_order(room_id=any_house.rooms["202"].id, reason="Water", actor=DESK, now=now)

    outcomes = race(2, work)
    assert sum(isinstance(o, DomainError) for o in outcomes) == 1
    for row in db.session.scalars(sa.select(TypeNight)):
        assert row.sold <= row.capacity == nights.count_rooms(db.session, any_house.suite.id)


def test_every_act_leaves_a_line_in_words(book, any_house, now):
    from pms.audit.models import AuditEntry

    stay = book()
    service.assign_room(stay_id=stay.id, room_id=any_house.rooms["101"].id, actor=DESK, now=now)
    booked, assigned = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert (booked.action, booked.after["room_type"]) == ("stays.booked", "Standard")
    assert (assigned.action, assigned.before, assigned.after) == (
        "stays.room_assigned",
        {"room": None},
        {"room": "101"},
    )
    assert (assigned.subject_label, assigned.room_id) == ("Claire Moreau, 101", any_house.rooms["101"].id)
