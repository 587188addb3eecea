"""The guest is here before the room is ready."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.core.actor import Actor
from pms.core.db import db
from pms.frontdesk import key_tasks, service
from pms.guests.models import Guest
from pms.passcodes import service as passcodes
from pms.passcodes.models import Passcode
from pms.rooms import service as rooms
from pms.rooms.models import HousekeepingStatus, Room
from pms.stays import queries as stay_queries
from pms.stays import rules as stay_rules
from pms.stays import service as stays
from pms.stays.models import Stay, StayState, StayStep, StepKind
from tests.races import race

CLEANER = Actor(kind="account", name="Nadia", account_id=2)


def fresh(stay_id: int) -> Stay:
    db.remove()
    return db.session.get_one(Stay, stay_id)


def soil(desk, number: str = "101") -> None:
    rooms.mark_dirty(room_id=desk.house.rooms[number].id, actor=desk.clerk, now=desk.now)


def clean(desk, number: str = "101", status=HousekeepingStatus.CLEAN, **values) -> None:
    at = {"actor": CLEANER, "now": desk.now + timedelta(hours=1), **values}
    rooms.set_housekeeping(room_id=desk.house.rooms[number].id, status=status, **at)


def wait(desk, stay, *, hours: int = 2, **sheet):
    return service.check_in_ahead(
        stay_id=stay.id,
        sheet=service.Sheet(**sheet),
        room_expected_at=desk.now + timedelta(hours=hours),
        **desk.act(),
    )


@pytest.mark.parametrize("status", [HousekeepingStatus.CLEAN, HousekeepingStatus.INSPECTED])
def test_who_waits_is_checked_in_by_the_word_of_the_housekeeper(any_desk, status):
    stay = any_desk.book("101")
    soil(any_desk)
    wait(any_desk, stay)
    assert (fresh(stay.id).state, fresh(stay.id).waiting_since) == (StayState.CONFIRMED, any_desk.now)
    clean(any_desk, status=status)
    row = fresh(stay.id)
    assert (row.state, row.waiting_since, row.room_expected_at) == (StayState.IN_HOUSE, None, None)
    assert row.checked_in_at == any_desk.now + timedelta(hours=1)
    [step] = db.session.scalars(sa.select(StayStep).where(StayStep.kind == StepKind.CHECKED_IN)).all()
    assert step.actor_name == "Nadia"


def test_what_the_sheet_says_is_noted_at_once(desk):
    stay = desk.book(None, guest_id=desk.guest(document=""))
    soil(desk, "102")
    told = service.Particulars(nationality="FR", document_kind="passport", document_number="P7654321")
    wait(desk, stay, room_id=desk.house.rooms["102"].id, departure_date=desk.day(3), particulars=told)
    row = fresh(stay.id)
    assert (row.room_id, row.departure_date) == (desk.house.rooms["102"].id, desk.day(3))
    guest = db.session.get_one(Guest, row.guest_id)
    assert (guest.nationality, guest.document_number) == ("FR", "P7654321")


def test_the_sheet_writes_over_nothing_that_is_known(desk):
    stay = desk.book("101")
    wait(desk, stay, particulars=service.Particulars(phone="+49 30 1", email="claire@example.org"))
    guest = db.session.get_one(Guest, fresh(stay.id).guest_id)
    assert (guest.phone, guest.email) == ("+33 1 44 55 66 77", "claire@example.org")


def test_a_room_with_somebody_inside_is_not_theirs_however_clean(any_desk):
    leaving = any_desk.book("101", (-1, 0), now=any_desk.now - timedelta(days=1))
    stays.check_in(stay_id=leaving.id, **any_desk.act(now=any_desk.now - timedelta(hours=20)))
    stay = any_desk.book("101", guest_id=any_desk.guest("Next"))
    wait(any_desk, stay)
    clean(any_desk)
    assert fresh(stay.id).state is StayState.CONFIRMED
    service.check_out(stay_id=leaving.id, **any_desk.act())
    assert fresh(stay.id).state is StayState.CONFIRMED, "it was slept in"
    clean(any_desk, now=any_desk.now + timedelta(hours=2))
    assert fresh(stay.id).state is StayState.IN_HOUSE


def test_a_room_that_became_ready_meanwhile_is_theirs_at_once(desk):
    stay = desk.book("101")
    wait(desk, stay)
    assert fresh(stay.id).state is StayState.IN_HOUSE


def test_the_housekeeper_is_never_refused_for_a_stay_that_is_over(any_desk):
    stay = any_desk.book("101", (0, 1))
    soil(any_desk)
    wait(any_desk, stay)
    clean(any_desk, now=any_desk.now + timedelta(days=2))
    assert fresh(stay.id).state is StayState.CONFIRMED
    assert db.session.get_one(Room, stay.room_id).housekeeping is HousekeepingStatus.CLEAN


def test_another_time_and_another_room_can_be_said(desk):
    stay = desk.book("101")
    soil(desk, "101")
    soil(desk, "103")
    wait(desk, stay)
    wait(desk, stay, hours=5, room_id=desk.house.rooms["103"].id)
    row = fresh(stay.id)
    assert (row.waiting_since, row.room_expected_at) == (desk.now, desk.now + timedelta(hours=5))
    clean(desk, "101")
    assert fresh(stay.id).state is StayState.CONFIRMED
    clean(desk, "103")
    assert fresh(stay.id).state is StayState.IN_HOUSE


def test_a_check_in_that_housekeeping_completed_can_be_taken_back(desk):
    stay = desk.book("101")
    soil(desk)
    wait(desk, stay)
    clean(desk)
    step = db.session.scalars(sa.select(StayStep).where(StayStep.kind == StepKind.CHECKED_IN)).one()
    service.undo(stay_id=stay.id, step_id=step.id, actor=desk.clerk, now=desk.now + timedelta(hours=2))
    row = fresh(stay.id)
    assert (row.state, row.waiting_since) == (StayState.CONFIRMED, desk.now), "they wait again"


def test_a_double_click_waits_once(any_desk):
    stay = any_desk.book("101")
    soil(any_desk)
    same = any_desk.act(
        stay_id=stay.id,
        sheet=service.Sheet(version=stay.version),
        room_expected_at=any_desk.now + timedelta(hours=2),
    )
    assert race(3, lambda _n: service.check_in_ahead(**same)) == [service.CheckedIn(stay.id, None)] * 3
    db.remove()
    steps = db.session.scalars(sa.select(StayStep.kind).where(StayStep.stay_id == stay.id)).all()
    assert steps.count(StepKind.CHECKED_IN_AHEAD) == 1


def test_desk_and_housekeeper_at_the_same_instant_check_in_once(any_desk):
    stay = any_desk.book("101")
    soil(any_desk)
    wait(any_desk, stay)
    stay_id = stay.id

    def work(number: int) -> object:
        if number:
            return clean(any_desk)
        return service.check_in(stay_id=stay_id, cards=0, encoder_id=None, **any_desk.act())

    at_desk, cleaned = race(2, work)
    assert cleaned is None, "what is true of the room is noted"
    assert at_desk == service.CheckedIn(stay_id, None) or isinstance(at_desk, stay_rules.WrongState)
    db.remove()
    kinds = db.session.scalars(sa.select(StayStep.kind).where(StayStep.stay_id == stay_id)).all()
    assert kinds.count(StepKind.CHECKED_IN) == 1


@pytest.mark.parametrize("minutes", [0, 30])
def test_a_passcode_given_ahead_begins_with_the_hour_in_which_the_room_is_expected_and_is_good(desk, minutes):
    stay = desk.book("101")
    soil(desk)
    expected = desk.now + timedelta(hours=6, minutes=minutes)
    service.check_in_ahead(stay_id=stay.id, sheet=service.Sheet(), room_expected_at=expected, **desk.act())
    passcodes.issue_for_stay(stay_id=stay.id, **desk.act())
    code = db.session.scalars(sa.select(Passcode)).one()
    assert code.valid_from == desk.now + timedelta(hours=6)
    assert key_tasks.of_stay(stay_queries.get_stay(stay.id), now=desk.now) == []
