"""Commands go out by themselves, are sent again, come to the lock in order, and each once."""

from __future__ import annotations

import itertools
from datetime import timedelta

import sqlalchemy as sa

from pms.core import clock
from pms.core.db import db
from pms.link import service
from pms.link.rules import Message
from pms.lock_commands import operate, queries, wishes
from pms.lock_commands import service as lock_commands
from pms.lock_commands.models import CommandState
from pms.lock_commands.rules import Deed
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import AnswerStatus, LockAnswer, ReadSettings, StoredKind
from pms.protocol.record import RecordEvent
from pms.simulators.lock import commands as lock_side
from pms.slots import service as slots
from tests.link.conftest import CLERK, build_corridor
from tests.races import race


def ask(corridor, room: str, *subjects: int) -> list[int]:
    made = [
        lock_commands.queue(
            lock_id=corridor.lock_ids[room],
            payloads=[ReadSettings()],
            subject_kind="test",
            subject_id=subject,
            actor=CLERK,
            now=clock.now(),
        )[0].id
        for subject in subjects
    ]
    db.remove()
    return made


def states(ids) -> list[CommandState]:
    db.remove()
    return [queries.get(number).state for number in ids]


def test_what_waits_goes_out_at_once_and_in_order_and_each_answer_brings_the_next(any_corridor):
    ids = ask(any_corridor, "101", 1, 2, 3)
    first = service.due(now=clock.now())
    assert [message.topic.lock for message in first] == [any_corridor.serials["101"]]
    second = any_corridor.carrier.bring(first)
    assert len(second) == 1
    third = any_corridor.carrier.bring(second)
    assert any_corridor.carrier.bring(third) == []
    assert states(ids) == [CommandState.ANSWERED] * 3
    assert service.due(now=clock.now()) == []


def test_what_is_not_answered_is_sent_again_the_same_after_longer_and_longer_pauses(corridor, now):
    ask(corridor, "101", 1)
    sent = []
    for tenth in range(2000):
        clock.freeze(now + timedelta(seconds=tenth / 10))
        sent += [(tenth / 10, message.payload) for message in service.due(now=clock.now())]
    assert len({payload for _at, payload in sent}) == 1
    pauses = [after - before for (before, _), (after, _) in itertools.pairwise(sent)]
    assert sent[0][0] == 0
    for pause, wanted in zip(pauses, (1, 2, 4, 8, 16, 32, 48), strict=False):
        assert wanted <= pause <= wanted * 1.25 + 0.1


def test_an_unlock_opens_the_door_once_however_often_the_frame_comes(any_corridor):
    command = operate.operate(lock_id=any_corridor.lock_ids["101"], deed=Deed.UNLOCK, actor=CLERK, now=clock.now())
    db.remove()
    (message,) = service.due(now=clock.now())
    assert message.useful_for == timedelta(seconds=20)
    any_corridor.carrier.bring([message, message])
    assert states([command.id]) == [CommandState.ANSWERED]
    opened = [record for record in any_corridor.twin("101").state.records if record.value.event is RecordEvent.OPENED]
    assert len(opened) == 1


def test_a_commit_that_queued_something_wakes_the_line_once(corridor):
    told = []
    wishes.on_queued(wake := lambda: told.append(db.in_transaction))
    try:
        ask(corridor, "101", 1)
    finally:
        wishes.forget(wake)
    assert told == [False]


def test_of_eight_processes_one_sends_each_frame(any_house, now):
    corridor = build_corridor(any_house, now, ("101", "102", "103", "201"))
    for room in corridor.lock_ids:
        ask(corridor, room, 1, 2)
    for seconds in (0, 1.3):
        clock.freeze(now + timedelta(seconds=seconds))
        outcomes = race(8, lambda _number: service.due(now=clock.now()))
        sent = [message.topic.lock for messages in outcomes for message in messages]
        assert sorted(sent) == sorted(corridor.serials.values())


def test_an_answer_that_comes_twice_at_the_same_moment_brings_the_next_command_once(any_corridor):
    ask(any_corridor, "101", 1, 2)
    (message,) = service.due(now=clock.now())
    serial = any_corridor.serials["101"]
    answer = any_corridor.twin("101").receive(message.payload, int(clock.now().timestamp()))
    outcomes = race(4, lambda _number: any_corridor.carrier.up(answer, serial))
    assert sorted(len(messages) for messages in outcomes) == [0, 0, 0, 1]


def test_the_number_of_questions_to_the_database_is_the_same_for_many_locks(house, now, count_queries):
    corridor = build_corridor(house, now, ("101", "102", "103", "201", "202", "203"))
    for room in corridor.lock_ids:
        store(corridor, room)
    sent = []
    few = count_queries(lambda: sent.extend(service.due(now=now, limit=1)))
    many = count_queries(lambda: sent.extend(service.due(now=now)))
    assert (len(sent), many) == (6, few)
    # What is over is told apart, given up and let go in as many for a second lock as for a fifth.
    clock.freeze(now + timedelta(hours=2))
    one = count_queries(lambda: service.due(now=clock.now(), limit=1))
    two = count_queries(lambda: service.due(now=clock.now(), limit=2))
    assert many < one < two
    assert count_queries(lambda: service.due(now=clock.now(), limit=0)) == 1


def store(corridor, room: str) -> None:
    slots.store(
        lock_id=corridor.lock_ids[room],
        kind=StoredKind.PASSCODE,
        content=encode_bcd("471100"),
        name="For an hour",
        valid_from=None,
        valid_until=clock.now() + timedelta(hours=1),
        actor=CLERK,
        now=clock.now(),
    )
    db.remove()


def test_what_cannot_be_sent_now_is_not_looked_through(house):
    """The question begins at the locks of carriers that are there, and goes through what is open by an index of its own."""
    question = queries.due_locks().params(now=clock.now(), most=50)
    question = str(question.compile(db.engine, compile_kwargs={"literal_binds": True}))
    plan = [str(row[3]) for row in db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {question}"))]
    touched = [step for step in plan if "lock_command" in step]
    assert len(touched) == 2
    assert all("ix_lock_command_open (lock_id=? AND state=?)" in step for step in touched)


def test_a_lock_that_is_too_busy_is_left_alone_for_a_while_but_not_by_a_hand(corridor, now, monkeypatch):
    answers = {AnswerStatus.BUSY: timedelta(seconds=5), AnswerStatus.LOW_BATTERY: timedelta(minutes=10)}
    serial = corridor.serials["101"]
    for number, (status, pause) in enumerate(answers.items()):
        (command_id,) = ask(corridor, "101", number)
        monkeypatch.setitem(lock_side._ACTIONS, ReadSettings, lambda *_, status=status: LockAnswer(status))
        start = clock.now()
        assert corridor.carrier.bring(service.due(now=start)) == []
        corridor.carrier.says(is_online=True)  # its gateway comes back; the lock is as busy as before
        clock.freeze(start + pause - timedelta(milliseconds=1))
        assert service.due(now=clock.now()) == []
        # A gateway that asks by itself waits as well; somebody who stands there need not.
        assert lock_commands.next_frame(serial_number=serial, is_remote=True, now=clock.now()) is None
        assert lock_commands.next_frame(serial_number=serial, now=clock.now()) is not None
        monkeypatch.undo()
        clock.freeze(start + pause + timedelta(seconds=2))
        assert corridor.carrier.bring(service.due(now=clock.now())) == []
        assert states([command_id]) == [CommandState.ANSWERED]


def test_many_at_once_stand_in_nobodys_way(any_house, now):
    """Frames come up while others go down and the gateway comes and goes: everything is stored, and nothing deadlocks."""
    rooms = ("101", "102", "103", "201")
    corridor = build_corridor(any_house, now, rooms)
    ids = [number for room in rooms for number in ask(corridor, room, 1)]
    ups = []
    for message in service.due(now=now):
        answer = corridor.carrier.near[message.topic.lock].receive(message.payload, int(now.timestamp()))
        ups.append(Message(corridor.carrier.topic(message.topic.lock), answer))
    later = [number for room in rooms for number in ask(corridor, room, 2, 3)]
    work = [
        lambda: service.take(messages=ups, now=now),
        lambda: service.take(messages=ups, now=now),
        lambda: service.due(now=now),
        lambda: corridor.carrier.says(is_online=True),
        lambda: service.note_silence(but=[corridor.carrier.name], now=now),
        lambda: lock_commands.expire_overdue(now=now),
    ]
    outcomes = race(len(work), lambda number: work[number]())
    assert [fault for fault in outcomes if isinstance(fault, BaseException)] == []
    assert states(ids) == [CommandState.ANSWERED] * 4
    assert states(later).count(CommandState.SENT) <= 4
