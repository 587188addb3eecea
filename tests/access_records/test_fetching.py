"""Locks that can be reached are asked for their records by the clock: the right ones, once, and not all at the same moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.access_records import fetch_queries, jobs, service
from pms.access_records.models import RecordSeries
from pms.access_records.service import fetching
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.gateways import rules as gateway_rules
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks.models import Lock, LockSetup
from pms.protocol.record import RecordEvent
from tests.access_records.carrying import DESK, Phone, sequences
from tests.races import race
from tests.reachable import put_in_reach, seen


@pytest.fixture
def reached(any_house, now):
    """The locks of the small house: all but that of 203 hang on a gateway that is online. By door, their ids."""
    ids = {name: door.lock_id for name, door in any_house.doors.items() if door.lock_id is not None}
    put_in_reach([lock_id for name, lock_id in ids.items() if name != "203"], now)
    return ids


def _asked() -> list[int]:
    db.remove()
    return list(db.session.scalars(sa.select(LockCommand.lock_id).order_by(LockCommand.id)))


def _put(lock_id: int, **values) -> None:
    with transaction() as session:
        row = session.get(RecordSeries, (lock_id, 1)) or RecordSeries(lock_id=lock_id, life=1)
        session.add(row)
        for name, value in values.items():
            setattr(row, name, value)


def _fetch(now):
    return service.fetch_due(actor=DESK, now=now)


def test_every_lock_in_reach_that_was_not_read_for_hours_is_asked_once(reached, now):
    outcome = jobs.fetch()
    there = len(reached) - 1
    assert outcome.params == {"asked": there, "away": 1, "left": 0}
    assert sorted(_asked()) == sorted(lock_id for name, lock_id in reached.items() if name != "203")
    # What the clock asks is no line of the trail.
    assert db.session.scalars(sa.select(AuditEntry.action)).all() == []
    assert jobs.fetch().params == {"asked": 0, "away": 1, "left": 0}
    assert len(_asked()) == there


def test_only_who_has_more_or_was_not_read_for_long_is_asked_the_longest_unread_first(reached, now):
    hours = timedelta(hours=1)
    for lock_id in reached.values():
        _put(lock_id, newest=5, known_until=5, read_at=now - 5 * hours, asked_at=now - 5 * hours)
    assert _fetch(now).asked == 0
    _put(reached["101"], newest=6)
    _put(reached["102"], read_at=now - 7 * hours)
    # It answered a moment ago, and nothing new came of it: it is left alone for some minutes.
    _put(reached["201"], newest=9, asked_at=now - timedelta(minutes=2))
    assert _fetch(now).asked == 2
    assert _asked() == [reached["102"], reached["101"]]
    later = now + fetch_queries.ASK_AGAIN
    assert (_fetch(later).asked, _asked()[2:]) == (1, [reached["201"]])


def test_who_is_not_set_up_or_not_in_reach_is_not_asked(reached, now):
    with transaction() as session:
        session.get_one(Lock, reached["101"]).setup = LockSetup.PENDING
        session.get_one(Lock, reached["102"]).replaced_at = now
    later = now + gateway_rules.ONLINE_FOR + timedelta(seconds=1)
    assert _fetch(later) == service.Fetched(asked=0, away=len(reached) - 2, left=0)
    assert _fetch(now).asked == len(reached) - 3


def test_a_turn_asks_a_bounded_number_and_the_next_one_the_others(reached, now, monkeypatch):
    monkeypatch.setattr(fetching, "MOST", 2)
    assert _fetch(now) == service.Fetched(asked=2, away=1, left=len(reached) - 3)
    assert _fetch(now).asked == min(2, len(reached) - 3)
    assert len(_asked()) == len(set(_asked()))


def test_two_schedulers_at_the_same_moment_ask_each_lock_once(reached, now):
    race(3, lambda _: _fetch(now))
    assert len(_asked()) == len(set(_asked())) == len(reached) - 1


def test_a_question_that_nobody_carried_in_time_is_asked_again(reached, now):
    _fetch(now)
    later = now + timedelta(days=8)
    clock.freeze(later)
    seen(db.session.scalar(sa.text("SELECT id FROM gateway")), later)
    assert _fetch(later).asked == len(reached) - 1
    states = db.session.scalars(sa.select(LockCommand.state).order_by(LockCommand.id)).all()
    assert set(states[: len(states) // 2]) == {CommandState.EXPIRED}


def test_what_is_asked_is_fetched_to_the_end(app, scene, now):
    for _ in range(150):
        scene.twin.state.log(scene.at, RecordEvent.LOCKED)
    newest = scene.twin.state.newest_sequence
    put_in_reach([scene.lock_id], now)
    assert _fetch(now).asked == 1
    assert Phone(app, scene).fetch() == 3
    assert sequences(scene) == list(range(1, newest + 1))
    assert _fetch(now + fetch_queries.ASK_AGAIN).asked == 0


def test_a_turn_takes_few_questions_to_the_database(app, house, now, count_queries):
    with transaction() as session:
        session.execute(sa.update(Lock).values(setup=LockSetup.PENDING))
    put_in_reach([door.lock_id for door in house.doors.values() if door.lock_id], now)
    assert count_queries(lambda: _fetch(now)) <= 4
