"""The clocks of locks: who is told the time, how often, and what the lists say of those that nobody reaches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.lock_commands import clocks, jobs, operate, queries, service, settings
from pms.lock_commands.models import CommandState, LockCommand
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.locks.models import Lock, LockSetup
from tests.access_records.conftest import set_up
from tests.client import PageClient, text_of
from tests.races import race
from tests.reachable import put_in_reach, seen

TOM = Actor(kind="account", name="Tom")
PHONE = Actor(kind="lock", name="phone")


@pytest.fixture
def lock_id(any_house, now) -> int:
    """The only lock in reach, that of 101; all of the house were set right just now."""
    with transaction() as session:
        session.execute(sa.update(Lock).values(clock_set_at=now, clock_drift=0))
    lock_id = any_house.doors["101"].lock_id
    put_in_reach([lock_id], now)
    return lock_id


def _put(lock_id: int, **values) -> None:
    with transaction() as session:
        session.execute(sa.update(Lock).where(Lock.id == lock_id).values(**values))
    db.remove()


def _set(now) -> clocks.Told:
    return clocks.set_due(actor=TOM, now=now)


def _details() -> list[tuple[CommandState, dict]]:
    db.remove()
    rows = db.session.scalars(sa.select(LockCommand).order_by(LockCommand.id))
    return [(row.state, row.details) for row in rows]


@pytest.mark.parametrize(
    ("off", "details"),
    [
        ({"clock_drift": 60}, None),
        ({"clock_drift": 61}, {"clock": True}),
        ({"clock_drift": -61}, {"clock": True}),
        ({"is_clock_lost": True, "clock_drift": None}, {"clock": True}),
        ({"utc_offset_quarters": 4}, {"clock": True, "time_zone": 8}),
        ({"clock_set_at": datetime(2026, 5, 13, 10, 0, 1, tzinfo=UTC)}, None),
        ({"clock_set_at": datetime(2026, 5, 13, 10, 0, 0, tzinfo=UTC)}, {"clock": True}),
        ({"clock_drift": 900, "setup": LockSetup.MOVED}, None),
        ({"clock_drift": 900, "replaced_at": datetime(2026, 6, 1, tzinfo=UTC)}, None),
    ],
)
def test_a_clock_is_set_where_it_is_off_and_only_there(lock_id, now, off, details):
    _put(lock_id, **off)
    assert _set(now) == clocks.Told(told=int(details is not None), away=0, left=0)
    assert _details() == ([(CommandState.MADE, details)] if details else [])
    assert _set(now).told == 0


def test_who_was_told_within_the_hour_is_left_alone_and_then_told_again(lock_id, now):
    _put(lock_id, clock_drift=200)
    assert _set(now).told == 1
    half, hour = now + timedelta(minutes=30), now + timedelta(hours=1)
    gateway_id = db.session.scalar(sa.text("SELECT id FROM gateway"))
    seen(gateway_id, half)
    assert _set(half).told == 0
    seen(gateway_id, hour)
    assert _set(hour).told == 1
    assert [state for state, _ in _details()] == [CommandState.EXPIRED, CommandState.MADE]


def test_nobody_is_told_twice_at_the_same_moment(lock_id, now):
    _put(lock_id, clock_drift=200)
    told = race(3, lambda _: _set(now))
    assert sum(one.told for one in told) == 1
    assert len(_details()) == 1


def test_a_clock_that_somebody_is_setting_already_is_not_set_again(lock_id, now):
    _put(lock_id, clock_drift=200)
    operate.operate(lock_id=lock_id, deed=Deed.UNLOCK, actor=TOM, now=now)
    operate.operate(lock_id=lock_id, deed=Deed.SET_CLOCK, actor=TOM, now=now)
    assert _set(now).told == 0
    (_unlock, deed) = db.session.scalars(sa.select(LockCommand).order_by(LockCommand.id)).all()
    service.cancel(command_id=deed.id, actor=TOM, now=now)
    settings.write_settings(lock_id=lock_id, wanted=settings.Wanted(clock=True), actor=TOM, now=now)
    assert _set(now).told == 0


def test_the_lost_clock_comes_first_where_one_turn_does_not_do_for_all(any_house, lock_id, now, monkeypatch):
    other = any_house.doors["102"].lock_id
    put_in_reach([other], now, serial_number="A0B1C2D3E4F6")
    _put(lock_id, clock_drift=200, clock_set_at=now - timedelta(days=20))
    _put(other, is_clock_lost=True)
    monkeypatch.setattr(clocks, "MOST", 1)
    assert _set(now) == clocks.Told(told=1, away=0, left=1)
    assert queries.list_open(other)
    assert not queries.list_open(lock_id)
    assert _set(now) == clocks.Told(told=1, away=0, left=0)


def test_a_lock_takes_the_time_and_the_end_of_summer_time_and_its_row_says_so(app, house, now):
    lock_id = house.doors["101"].lock_id
    twin = set_up(lock_id, now)
    put_in_reach([lock_id], now)
    winter = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    for at, quarters in ((winter - timedelta(seconds=1), 8), (winter, 4)):
        clock.freeze(at)
        seen(db.session.scalar(sa.text("SELECT id FROM gateway")), at)
        assert jobs.set_clocks().params["told"] == 1  # at first because it was set months ago
        serial = locks.get_lock(lock_id).serial_number
        frame = service.next_frame(serial_number=serial, now=at)
        answer = twin.receive(frame, int(at.timestamp()))
        service.take_answer(serial_number=serial, frame=answer, actor=PHONE, now=at)
        db.remove()
        lock = locks.get_lock(lock_id)
        assert (lock.utc_offset_quarters, lock.clock_set_at, lock.clock_drift) == (quarters, at, 0)
        assert jobs.set_clocks().params["told"] == 0
        # The next pass is within the hour, but about something else.
        _put_back(lock_id, at)


def _put_back(lock_id: int, at) -> None:
    with transaction() as session:
        session.execute(sa.update(LockCommand).values(created_at=at - timedelta(hours=2)))


def test_the_desks_own_order_to_set_the_clock_is_noted_too(app, house, now):
    lock_id = house.doors["101"].lock_id
    twin = set_up(lock_id, now)
    _put(lock_id, clock_drift=500)
    operate.operate(lock_id=lock_id, deed=Deed.SET_CLOCK, actor=TOM, now=now)
    serial = locks.get_lock(lock_id).serial_number
    answer = twin.receive(service.next_frame(serial_number=serial, now=now), int(now.timestamp()))
    service.take_answer(serial_number=serial, frame=answer, actor=PHONE, now=now)
    db.remove()
    assert (locks.get_lock(lock_id).clock_drift, locks.get_lock(lock_id).clock_set_at) == (0, now)


def test_the_list_of_locks_shows_whose_clock_is_wrong_and_how(app, house, now):
    ids = {name: door.lock_id for name, door in house.doors.items()}
    _put(ids["101"], is_clock_lost=True)
    _put(ids["102"], clock_drift=-600)
    _put(ids["103"], utc_offset_quarters=4)
    _put(ids["201"], clock_drift=200)
    page = PageClient(app).log_in("manager")
    shown = text_of(page.get("/locks/?show=clock"))
    for words in (
        "Clock wrong 3",
        "Clock lost",
        "Off by -10 min",
        "Counts +01:00 from UTC",
        "brings the new time with a phone",
    ):
        assert words in shown
    assert {row.door.name for row in locks.list_locks(show="clock", quarters=8)} == {"101", "102", "103"}
    assert "Set the clock of the lock" not in text_of(page.get("/commands/"))
    put_in_reach(ids.values(), now)
    jobs.set_clocks()
    assert "Set the clock of the lock" in text_of(page.get("/commands/"))
