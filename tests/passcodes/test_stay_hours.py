"""Which code a stay gets that leaves at another hour than the lock's."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from pms.core import clock
from pms.core.db import db
from pms.passcodes import queries, rules, service
from pms.passcodes.models import PasscodeKind, PasscodeStart
from pms.passcodes.rules import Clockwork, choose
from pms.stays import service as stays
from tests.keycards import desk as cards
from tests.passcodes.conftest import CLERK, kept

# Noon in the house: an offset of eight quarters, check-out at 12:00 local is 10:00 UTC.
CLOCKWORK = Clockwork(8, 12)
START = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 6, day, hour, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("departure", "leaves", "since", "kind", "starts", "ends"),
    [
        # A late departure within three days: exactly.
        (14, at(14, 14), START, PasscodeKind.HOURS, START, at(14, 14)),
        (14, at(14, 7), START, PasscodeKind.HOURS, START, at(14, 7)),
        # Day use has no check-out of the lock before its end.
        (12, at(12, 15), START, PasscodeKind.HOURS, START, at(12, 15)),
        (15, at(15, 10), START, PasscodeKind.HOURS, START, at(15, 10)),
        # Longer: the nights, which end at the lock's hour of that day, earlier or later than what was agreed.
        (20, at(20, 14), START, PasscodeKind.NIGHTS, START, at(20, 10)),
        (20, at(20, 7), START, PasscodeKind.NIGHTS, START, at(20, 10)),
        # In the last three days the rest is told as a code of hours, from now on.
        (20, at(20, 14), at(18, 8), PasscodeKind.HOURS, at(18, 8), at(20, 14)),
    ],
)
def test_a_stay_gets_the_code_that_ends_with_it_or_the_nights_of_that_day(departure, leaves, since, kind, starts, ends):
    choice = choose(start=START, departure=date(2026, 6, departure), clockwork=CLOCKWORK, leaves=leaves, since=since)
    assert (choice.kind, choice.valid_from, choice.valid_until) == (kind, starts, ends)


def test_part_of_an_hour_is_given_rather_than_taken():
    leaves = at(13, 9) + timedelta(minutes=30)
    assert choose(start=START, departure=date(2026, 6, 13), clockwork=CLOCKWORK, leaves=leaves).valid_until == at(
        13, 10
    )


def test_nothing_is_chosen_for_an_end_that_is_past():
    with pytest.raises(rules.TimeIsOver):
        choose(start=START, departure=date(2026, 6, 12), clockwork=CLOCKWORK, leaves=at(12, 10))


@pytest.mark.parametrize(("agreed", "is_other"), [(None, False), (12, False), (11, False), (16, True), (9, True)])
def test_an_hour_of_the_house_or_of_the_lock_needs_no_other_code(agreed, is_other):
    assert rules.other_hour(agreed=agreed, house=12, lock=11) is is_other


def make(stay_id: int, **values):
    given = {"request_id": str(uuid.uuid4()), "actor": CLERK, "now": clock.now(), **values}
    return kept(service.issue_for_stay(stay_id=stay_id, **given))


def test_after_a_late_departure_was_agreed_the_old_code_lives_and_a_second_one_opens_to_the_hour(
    any_door, any_house, now
):
    stay_id = stay_in(any_house)
    old = make(stay_id)
    stays.agree_hours(stay_id=stay_id, arrival_hour=None, departure_hour=16, actor=CLERK, now=now)
    new = make(stay_id)
    assert (old.passcode.kind, new.passcode.kind) == (PasscodeKind.NIGHTS, PasscodeKind.HOURS)
    late = now + timedelta(days=2, hours=3)
    assert any_door.type(old.digits, now) == any_door.type(new.digits, now) == "opened"
    # A code of hours moves no floor: the first one stays good to its own end, and not longer.
    assert any_door.type(old.digits, now + timedelta(hours=30)) == "opened"
    assert any_door.type(old.digits, late) != "opened"
    assert any_door.type(new.digits, late) == "opened"
    assert any_door.type(new.digits, now + timedelta(days=2, hours=5)) != "opened"
    # Asked again an hour later, nobody needs other digits.
    clock.freeze(now + timedelta(hours=1))
    assert make(stay_id).digits == new.digits
    assert len(queries.passcodes_of_stay(stay_id)) == 2


def test_the_same_hours_of_a_party_that_cancelled_are_another_code_in_the_next_epoch(door, house, now):
    first = day_use(house)
    mine = make(first)
    stays.cancel(stay_id=first, actor=CLERK, now=now)
    service.end_for_stay(stay_id=first, step_id=None, actor=CLERK, now=now)
    other = make(day_use(house))
    assert other.digits != mine.digits
    assert other.passcode.epoch == mine.passcode.epoch + 1
    assert door.type(other.digits, now + timedelta(hours=1)) == "opened"
    assert door.type(mine.digits, now + timedelta(hours=1)) != "opened"
    assert db.session.query(PasscodeStart).count() == 0


def stay_in(house, **values) -> int:
    return cards.stay(house, **values)


def day_use(house) -> int:
    room = house.rooms["101"]
    wish = stays.RoomWish(
        room_type_id=room.room_type_id,
        room_id=room.id,
        arrival_date=date(2026, 6, 12),
        departure_date=date(2026, 6, 12),
        arrival_hour=13,
        departure_hour=17,
        is_day_use=True,
    )
    return stays.book_many(guest_id=cards.guest().id, wishes=[wish], actor=CLERK, now=clock.now())[0].id
