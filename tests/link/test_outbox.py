"""Commands go out by themselves, are sent again, come to the lock in order, and each once."""

from __future__ import annotations

import itertools
from datetime import timedelta

from pms.core import clock
from pms.core.db import db
from pms.link import service
from pms.lock_commands import operate, queries, wishes
from pms.lock_commands import service as lock_commands
from pms.lock_commands.models import CommandState
from pms.lock_commands.rules import Deed
from pms.protocol.command import ReadSettings
from pms.protocol.record import RecordEvent
from tests.link.conftest import CLERK


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
