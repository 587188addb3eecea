"""Two hundred doors online for a week on a bad line, with a server and a broker that are killed: nothing is lost, late or done twice.

`LATCHKEY_WEEK_SEED=…` plays another week. Which seed it was stands in every failure.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
import sqlalchemy as sa

from pms import scheduler
from pms.access_records.models import AccessRecord, RecordFinding, RecordGap
from pms.core.db import db
from pms.lock_commands.models import CommandState, LockCommand
from pms.lock_commands.queries import OPEN
from pms.protocol.command import AnswerStatus, Command
from pms.protocol.record import RecordEvent, RecordMethod
from pms.slots.models import Slot, SlotState
from tests.link.week import STAFF_SLOT, Size, Week
from tests.simulators.lock_world import noted_openings

SEED = int(os.environ.get("LATCHKEY_WEEK_SEED", "2026"))
# What the scheduler does to locks. Its other jobs have nothing to do with the line.
HOURLY = ("stored credentials past their date", "passcodes past their end", "commands past their time")
RARELY = ("records of the doors", "clocks of the locks")


@pytest.fixture
def opened(monkeypatch) -> list[tuple[str, int, int]]:
    return noted_openings(monkeypatch)


@pytest.mark.timeout(400)
def test_a_week_of_two_hundred_doors_on_a_bad_line(app, now, opened, caplog):
    # A frame that comes again after its time is dropped, and said to be; here these are many.
    caplog.set_level("ERROR", "pms.link")
    jobs = {job.name: job.run for job in scheduler.JOBS}
    week = Week(SEED, Size(), now, tuple(jobs[name] for name in HOURLY), tuple(jobs[name] for name in RARELY))
    try:
        with week.server.blade.over(db.engine):
            week.play(week.end)
            week.rest(2.5 * 3600)
        db.remove()
        check_that_it_was_a_bad_week(week)
        check_records(week)
        check_unlocks(week, opened)
        check_slots(week)
        check_commands(week)
    except BaseException as fault:
        fault.add_note(f"LATCHKEY_WEEK_SEED={SEED}")
        raise
    finally:
        week.server.close()


def check_that_it_was_a_bad_week(week: Week) -> None:
    """Else nothing was proved."""
    deaths = Counter(week.server.deaths)
    assert deaths["idle"] >= 3
    assert deaths["in the middle"] >= 6
    assert deaths["before sending"] >= 3
    too_late = sa.select(sa.func.count()).where(LockCommand.status == AnswerStatus.TOO_LATE)
    assert (db.session.scalar(too_late) or 0) >= 5
    assert week.server.taken > sum(twin.lock.state.newest_sequence for twin in week.house.twins)


def check_records(week: Week) -> None:
    """Each record that any lock wrote, once, byte for byte; nothing else, no gap, no doubt."""
    stored: dict[int, list[tuple[int, bytes]]] = {}
    rows = sa.select(AccessRecord.lock_id, AccessRecord.life, AccessRecord.sequence, AccessRecord.raw)
    for lock_id, life, sequence, raw in db.session.execute(rows.order_by(AccessRecord.sequence)):
        assert life == 1
        stored.setdefault(lock_id, []).append((sequence, raw))
    for twin in week.house.twins:
        written = [(record.value.sequence, record.raw) for record in twin.lock.state.records]
        assert stored.get(twin.lock_id, []) == written
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RecordGap)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RecordFinding)) == 0


def check_unlocks(week: Week, opened: list[tuple[str, int, int]]) -> None:
    """Nothing opened late or twice, what the book says was done was done, and most of it was."""
    done = Counter((serial, before) for serial, before, _at in opened)
    wanted = {(unlock.twin.serial, unlock.before): unlock for unlock in week.unlocks}
    assert len(wanted) == len(week.unlocks)
    assert set(done.values()) == {1}
    assert done.keys() <= wanted.keys()
    assert all(at <= before for _serial, before, at in opened)
    states = dict(db.session.execute(sa.select(LockCommand.id, LockCommand.state)).all())
    for key, unlock in wanted.items():
        state = states[unlock.command_id]
        assert state in (CommandState.ANSWERED, CommandState.EXPIRED, CommandState.FAILED)
        assert not (state is CommandState.ANSWERED and key not in done)
    in_reach = [key for key, unlock in wanted.items() if unlock.was_reachable]
    assert len(in_reach) > len(wanted) / 2
    # Some were in reach when they were asked for, and not a moment later.
    assert sum(key in done for key in in_reach) > 0.75 * len(in_reach)


def check_slots(week: Week) -> None:
    """Book and lock agree on what is stored; nothing that has ended is."""
    book: dict[int, dict[int, int]] = {}
    for slot in db.session.scalars(sa.select(Slot)):
        assert slot.state in (SlotState.ADDED, SlotState.REMOVED, SlotState.NOT_SENT), (slot.id, slot.state)
        if slot.state is SlotState.ADDED:
            book.setdefault(slot.lock_id, {})[slot.number or 0] = slot.credential_id
    for twin in week.house.twins:
        users = twin.lock.state.users
        held = {number: one.user.credential_id for number, one in users.items() if number != STAFF_SLOT}
        assert held == book.get(twin.lock_id, {})
    assert len(week.all_keys) > 100


def check_commands(week: Week) -> None:
    """None is open for ever, and each that a lock says it did about its users it did once, as its own records show."""
    left = db.session.scalars(sa.select(LockCommand).where(LockCommand.state.in_(OPEN))).all()
    assert [(one.id, one.subject_kind, one.state) for one in left] == []
    about_users = (Command.ADD_USER, Command.MODIFY_USER, Command.DELETE_USER)
    said = sa.select(LockCommand.lock_id, sa.func.count()).where(
        LockCommand.command.in_(about_users),
        LockCommand.state == CommandState.ANSWERED,
        LockCommand.status == AnswerStatus.DONE,
    )
    counted = dict(db.session.execute(said.group_by(LockCommand.lock_id)).all())
    for twin in week.house.twins:
        did = [
            one.value
            for one in twin.lock.state.records
            if (one.value.event, one.value.method) == (RecordEvent.USER_CHANGED, RecordMethod.COMMAND)
        ]
        assert len(did) == counted.get(twin.lock_id, 0)
