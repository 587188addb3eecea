from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.core.db import db, transaction
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.encoders.models import EncoderJob, JobState
from pms.frontdesk import service
from pms.guests import rules as guest_rules
from pms.guests.models import Guest
from pms.guests.rules import GuestFields
from pms.keycards import queries as keycard_queries
from pms.keycards import service as keycards
from pms.keycards.models import CardState, EndReason, KeyCard
from pms.reservations.models import Reservation
from pms.rooms.models import HousekeepingStatus, Room
from pms.stays import nights
from pms.stays import rules as stay_rules
from pms.stays.days import HoursTaken
from pms.stays.models import RoomNight, Stay, StayState, StayStep
from tests.races import race


def check_in(desk, stay, **values):
    settled = ("room_id", "departure_date", "particulars", "version")
    sheet = service.Sheet(**{name: values.pop(name) for name in settled if name in values})
    values = {"cards": 1, "encoder_id": desk.encoder_id, **desk.act(), **values}
    return service.check_in(stay_id=stay.id, sheet=sheet, **values)


def make_written(stay_id: int) -> list[KeyCard]:
    """As if the machine had written the cards."""
    with transaction() as session:
        cards = session.scalars(sa.select(KeyCard).where(KeyCard.stay_id == stay_id)).all()
        for number, card in enumerate(cards):
            card.state, card.uid = CardState.ACTIVE, f"04aa{number:02d}"
        for job in session.scalars(sa.select(EncoderJob).where(EncoderJob.stay_id == stay_id)):
            job.state = JobState.DONE
    return list(cards)


def states(stay_id: int) -> list[CardState]:
    db.remove()
    return list(db.session.scalars(sa.select(KeyCard.state).where(KeyCard.stay_id == stay_id)))


def count(table) -> int:
    db.remove()
    return db.session.scalars(sa.select(sa.func.count()).select_from(table)).one()


def wish(desk, room: str = "101", **values) -> service.Wish:
    room_row = desk.house.rooms[room]
    base = service.Wish(
        room_type_id=room_row.room_type_id,
        room_id=room_row.id,
        arrival_date=desk.day(0),
        departure_date=desk.day(1),
    )
    return replace(base, **values)


NEW_GUEST = GuestFields(family_name="Berger", given_name="Tom")


def test_check_in_takes_the_room_and_asks_the_machine_for_the_cards(any_desk):
    stay = any_desk.book(room=None)
    done = check_in(any_desk, stay, room_id=any_desk.house.rooms["102"].id, cards=2, version=stay.version)
    row = db.session.get_one(Stay, stay.id)
    assert (row.state, row.room_id) == (StayState.IN_HOUSE, any_desk.house.rooms["102"].id)
    jobs = db.session.scalars(sa.select(EncoderJob).where(EncoderJob.batch_id == done.batch_id)).all()
    assert [job.state for job in jobs] == [JobState.QUEUED, JobState.QUEUED]


def test_a_double_click_on_check_in_makes_one_check_in_and_one_batch(any_desk):
    stay = any_desk.book()
    same = any_desk.act(sheet=service.Sheet(version=stay.version), cards=1, encoder_id=any_desk.encoder_id)
    stay_id = stay.id
    outcomes = race(4, lambda _n: service.check_in(stay_id=stay_id, **same))
    assert outcomes == [service.CheckedIn(stay_id, same["request_id"])] * 4
    assert count(EncoderJob) == count(KeyCard) == 1


def test_two_clerks_who_check_the_same_guest_in_do_it_once(any_desk):
    stay = any_desk.book()
    seen = {
        "stay_id": stay.id,
        "sheet": service.Sheet(version=stay.version),
        "cards": 1,
        "encoder_id": any_desk.encoder_id,
    }
    outcomes = race(2, lambda _n: service.check_in(**seen, **any_desk.act()))
    assert sum(isinstance(o, ChangedMeanwhile) for o in outcomes) == 1
    assert count(KeyCard) == 1


def test_check_in_without_a_card_needs_no_machine_and_with_one_says_so(desk):
    stay = desk.book()
    with pytest.raises(service.MachineMissing):
        check_in(desk, stay, encoder_id=None)
    assert check_in(desk, stay, cards=0, encoder_id=None) == service.CheckedIn(stay.id, None)


def test_what_the_dialog_changed_is_stored_with_the_check_in_or_not_at_all(desk):
    stay = desk.book(room="101", guest_id=desk.guest(document=""))
    other = desk.book(room="101", days=(2, 4))
    passport = service.Particulars(document_kind="passport", document_number="P7654321")
    with pytest.raises(nights.RoomTaken) as refusal:
        check_in(desk, stay, departure_date=desk.day(3), particulars=passport)
    assert refusal.value.params["code"] == db.session.get_one(Reservation, other.reservation_id).code
    assert db.session.get_one(Guest, stay.guest_id).document_number is None
    check_in(desk, stay, departure_date=desk.day(1), particulars=passport)
    db.remove()
    assert db.session.get_one(Guest, stay.guest_id).document_number == "P7654321"
    assert db.session.get_one(Stay, stay.id).departure_date == desk.day(1)


def test_a_document_without_its_kind_is_refused_before_anything_is_stored(desk):
    stay = desk.book(guest_id=desk.guest(document=""))
    with pytest.raises(guest_rules.DocumentIncomplete):
        check_in(desk, stay, particulars=service.Particulars(document_number="P7654321"))
    assert db.session.get_one(Stay, stay.id).state is StayState.CONFIRMED


def test_a_walk_in_books_checks_in_and_goes_on_to_the_machine(any_desk):
    done = service.walk_in(
        guest=NEW_GUEST, wish=wish(any_desk), cards=1, encoder_id=any_desk.encoder_id, **any_desk.act()
    )
    stay = db.session.get_one(Stay, done.stay_id)
    assert stay.state is StayState.IN_HOUSE
    assert done.batch_id is not None
    assert count(RoomNight) == 1


def test_a_walk_in_that_is_refused_leaves_nothing_behind_not_even_the_guest(any_desk):
    any_desk.book(room="101")
    before = count(Guest)
    with pytest.raises(nights.RoomTaken):
        service.walk_in(guest=NEW_GUEST, wish=wish(any_desk), cards=0, encoder_id=None, **any_desk.act())
    assert count(Guest) == before
    assert count(Stay) == 1


def test_a_double_click_on_walk_in_makes_one_guest_and_one_stay(any_desk):
    same = any_desk.act(guest=NEW_GUEST, wish=wish(any_desk), cards=1, encoder_id=any_desk.encoder_id)
    outcomes = race(4, lambda _n: service.walk_in(**same))
    assert len({o.stay_id for o in outcomes}) == 1
    assert {o.batch_id for o in outcomes} == {same["request_id"]}
    assert count(Guest) == count(Stay) == count(KeyCard) == 1


def test_a_double_click_on_a_booking_makes_one_guest_and_one_stay(any_desk):
    same = any_desk.act(guest=NEW_GUEST, rooms=[wish(any_desk, room_id=None)])
    outcomes = race(4, lambda _n: service.book(**same))
    assert len({o.id for o in outcomes}) == 1
    assert count(Guest) == count(Stay) == 1


def test_32_walk_ins_into_the_last_room_of_a_type_leave_one_guest_in_it(any_desk):
    any_desk.book(room="201")

    def work(number: int) -> service.CheckedIn:
        return service.walk_in(
            guest=replace(NEW_GUEST, given_name=f"Tom {number}"),
            wish=wish(any_desk, "202"),
            cards=0,
            encoder_id=None,
            **any_desk.act(),
        )

    outcomes = race(32, work)
    assert sum(isinstance(o, service.CheckedIn) for o in outcomes) == 1
    assert sum(isinstance(o, nights.TypeSoldOut) for o in outcomes) == 31
    assert count(Guest) == 2


def test_check_out_ends_the_keys_and_leaves_the_room_to_be_cleaned(any_desk):
    stay = any_desk.book()
    check_in(any_desk, stay, cards=2)
    make_written(stay.id)
    step = service.check_out(stay_id=stay.id, **any_desk.act(now=any_desk.now + timedelta(hours=20)))
    assert states(stay.id) == [CardState.ENDED, CardState.ENDED]
    card = db.session.scalars(sa.select(KeyCard)).first()
    assert (card.end_reason, card.ended_step_id, card.refused_since) == (EndReason.CHECKED_OUT, step.id, None)
    assert db.session.get_one(Room, stay.room_id).housekeeping is HousekeepingStatus.DIRTY


def test_a_double_click_on_check_out_checks_out_once(any_desk):
    stay = any_desk.book()
    check_in(any_desk, stay)
    same = any_desk.act(stay_id=stay.id, version=stay.version)
    outcomes = race(3, lambda _n: service.check_out(**same))
    assert len({o.id for o in outcomes if isinstance(o, StayStep)}) == 1
    assert not [o for o in outcomes if isinstance(o, DomainError)]


def test_undoing_a_check_out_lets_the_keys_count_again(any_desk):
    stay = any_desk.book()
    check_in(any_desk, stay)
    make_written(stay.id)
    step = service.check_out(stay_id=stay.id, **any_desk.act(now=any_desk.now + timedelta(hours=1)))
    undo = {"stay_id": stay.id, "step_id": step.id, "actor": any_desk.clerk, "now": any_desk.now + timedelta(hours=2)}
    assert service.undo(**undo).undone_at is not None
    assert service.undo(**undo).id == step.id, "twice the same is safe"
    assert states(stay.id) == [CardState.ACTIVE]
    assert db.session.get_one(Stay, stay.id).state is StayState.IN_HOUSE


def test_a_check_in_that_made_a_card_is_not_undone_by_a_button(desk):
    stay = desk.book()
    check_in(desk, stay)
    make_written(stay.id)
    step = db.session.scalars(sa.select(StayStep).where(StayStep.kind == "checked_in")).one()
    with pytest.raises(service.CardMadeSince):
        service.undo(stay_id=stay.id, step_id=step.id, actor=desk.clerk, now=desk.now)


def test_no_card_slips_in_while_a_check_in_is_taken_back(any_desk, monkeypatch):
    """Whoever asks for a card waits until the step is back, and then makes it for a guest who is only expected."""
    stay = any_desk.book()
    check_in(any_desk, stay, cards=0)
    step = db.session.scalars(sa.select(StayStep).where(StayStep.kind == "checked_in")).one()
    looks = keycard_queries.made_since
    has_looked, made_early = threading.Event(), []

    def look(*asked: object) -> bool:
        answer = looks(*asked)
        has_looked.set()
        made_early.append(is_made.wait(0.5))
        return answer

    monkeypatch.setattr(keycard_queries, "made_since", look)
    is_made = threading.Event()

    def work(number: int) -> object:
        if number:
            return service.undo(stay_id=stay.id, step_id=step.id, actor=any_desk.clerk, now=any_desk.now)
        assert has_looked.wait(10)
        keycards.issue(stay_id=stay.id, copies=1, encoder_id=any_desk.encoder_id, **any_desk.act())
        is_made.set()
        return None

    _issued, undone = race(2, work)
    assert isinstance(undone, StayStep)
    assert made_early == [False]


def test_a_check_in_without_a_card_is_undone(desk):
    stay = desk.book()
    check_in(desk, stay, cards=0)
    step = db.session.scalars(sa.select(StayStep).where(StayStep.kind == "checked_in")).one()
    service.undo(stay_id=stay.id, step_id=step.id, actor=desk.clerk, now=desk.now)
    db.remove()
    assert db.session.get_one(Stay, stay.id).state is StayState.CONFIRMED


def test_a_move_ends_the_keys_of_the_old_room_and_has_it_cleaned(any_desk):
    stay = any_desk.book(room="101")
    check_in(any_desk, stay)
    make_written(stay.id)
    old, new = any_desk.house.rooms["101"].id, any_desk.house.rooms["103"].id
    service.move_room(stay_id=stay.id, room_id=new, **any_desk.act())
    assert states(stay.id) == [CardState.ENDED]
    assert db.session.get_one(Room, old).housekeeping is HousekeepingStatus.DIRTY
    assert db.session.get_one(Room, new).housekeeping is HousekeepingStatus.CLEAN


def test_guests_who_move_in_a_ring_at_once_do_not_block_each_other(any_desk):
    rooms = ["101", "102", "103"]
    parties = []
    for number in rooms:
        stay = any_desk.book(room=number)
        check_in(any_desk, stay, cards=0)
        parties.append(stay.id)

    def work(number: int) -> object:
        target = any_desk.house.rooms[rooms[(number + 1) % 3]].id
        return service.move_room(stay_id=parties[number], room_id=target, **any_desk.act())

    assert all(isinstance(o, DomainError) for o in race(3, work))
    assert count(RoomNight) == 6


@pytest.mark.parametrize("verb", [service.cancel, service.no_show, service.unassign_room])
def test_a_card_made_ahead_ends_with_the_booking(desk, verb):
    stay = desk.book()
    keycards.issue(stay_id=stay.id, copies=1, encoder_id=desk.encoder_id, **desk.act())
    make_written(stay.id)
    verb(stay_id=stay.id, **desk.act())
    assert states(stay.id) == [CardState.ENDED]


def test_another_type_ends_a_card_made_ahead_and_other_dates_do_not(desk):
    stay = desk.book()
    keycards.issue(stay_id=stay.id, copies=1, encoder_id=desk.encoder_id, **desk.act())
    make_written(stay.id)
    service.change(stay_id=stay.id, wish=wish(desk, departure_date=desk.day(3)), **desk.act())
    assert states(stay.id) == [CardState.ACTIVE]
    service.change(stay_id=stay.id, wish=wish(desk, "201"), **desk.act())
    assert states(stay.id) == [CardState.ENDED]


def test_an_extension_leaves_the_card_to_be_made_again(desk):
    from pms.frontdesk import queries
    from pms.stays import queries as stays

    stay = desk.book()
    check_in(desk, stay)
    (card,) = make_written(stay.id)
    until = card.valid_until
    service.extend(stay_id=stay.id, departure_date=desk.day(4), **desk.act())
    assert queries.cards_to_make_again(stays.get_stay(stay.id), now=desk.now) == (1, until)
    with pytest.raises(stay_rules.NotEarlier):
        service.shorten(stay_id=stay.id, departure_date=desk.day(4), **desk.act())
    service.shorten(stay_id=stay.id, departure_date=desk.day(2), **desk.act())
    assert queries.cards_to_make_again(stays.get_stay(stay.id), now=desk.now) == (0, None)


def test_a_taken_booking_id_of_another_form_changes_nothing(desk):
    request_id = str(uuid.uuid4())
    first = service.book(guest=desk.guest(), rooms=[wish(desk)], **desk.act(request_id=request_id))
    again = service.book(guest=NEW_GUEST, rooms=[wish(desk, "102")], **desk.act(request_id=request_id))
    assert again.id == first.id
    assert count(Guest) == 1


def test_a_walk_in_for_the_day_has_a_room_for_hours_and_no_night(desk):
    hours = {"departure_date": desk.day(0), "is_day_use": True, "arrival_hour": 12, "departure_hour": 17}
    same = desk.act(guest=NEW_GUEST, wish=wish(desk, **hours), cards=1, encoder_id=desk.encoder_id)
    done = service.walk_in(**same)
    stay = db.session.get_one(Stay, done.stay_id)
    assert (stay.state, stay.is_day_use, stay.departure_hour) == (StayState.IN_HOUSE, True, 17)
    assert not count(RoomNight)
    [card] = db.session.scalars(sa.select(KeyCard)).all()
    assert card.valid_until == desk.now + timedelta(hours=5), "the key ends with the hours"
    with pytest.raises(HoursTaken):
        service.walk_in(**desk.act(guest=NEW_GUEST, wish=wish(desk, **hours), cards=0, encoder_id=None))
