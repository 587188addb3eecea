"""Commands reach a lock one at a time, in order, and are settled once, by the lock's own answer."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.lock_commands import answers, queries, rules, service
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks import queries as locks
from pms.locks import service as locks_service
from pms.locks.models import Lock
from pms.protocol.command import AnswerStatus, DeleteUser, ReadSettings
from tests.access_records.conftest import set_up
from tests.races import race

ASKER = Actor(kind="account", name="Tom")
URL = "/api/commands/answer"


class Book(answers.Asker):
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, str]] = []

    def sent(self, commands, now) -> None:
        self.heard += [("sent", command.subject_id, "") for command in commands]

    def answered(self, command, answer, actor, now) -> None:
        self.heard.append(("answered", command.subject_id, answer.status.name))


@pytest.fixture
def book(monkeypatch) -> Book:
    book = Book()
    monkeypatch.setitem(answers._askers, "test", book)
    return book


@pytest.fixture
def lock(house, now):
    return _lock(house, now)


@pytest.fixture
def any_lock(any_house, now):
    return _lock(any_house, now)


def _lock(house, now):
    """The virtual lock of room 101 and its serial number."""
    lock_id = house.doors["101"].lock_id
    twin = set_up(lock_id, now)
    serial_number = locks.get_lock(lock_id).serial_number
    db.remove()
    return lock_id, twin, serial_number


def ask(lock_id, now, *subjects, payload=None) -> None:
    for subject in subjects:
        service.queue(
            lock_id=lock_id,
            payloads=[payload or ReadSettings()],
            subject_kind="test",
            subject_id=subject,
            actor=ASKER,
            now=now,
        )


def states() -> list[CommandState]:
    """Of what was asked here; the setup of the lock is a command, too."""
    db.remove()
    asked = sa.select(LockCommand.state).where(LockCommand.subject_kind == "test").order_by(LockCommand.id)
    return list(db.session.scalars(asked))


def at(now) -> int:
    return int(now.timestamp())


def test_the_same_frame_is_handed_out_until_the_lock_has_answered_it(any_lock, now, book):
    lock_id, twin, serial_number = any_lock
    ask(lock_id, now, 1, 2)
    first = service.next_frame(serial_number=serial_number, now=now)
    assert race(2, lambda _: service.next_frame(serial_number=serial_number, now=now)) == [first, first]
    answer = twin.receive(first, at(now))
    for _ in range(2):
        assert service.take_answer(serial_number=serial_number, frame=answer, actor=ASKER, now=now)
    second = service.next_frame(serial_number=serial_number, now=now)
    assert second not in (None, first)
    # An old answer settles nothing new.
    assert service.take_answer(serial_number=serial_number, frame=answer, actor=ASKER, now=now)
    assert states() == [CommandState.ANSWERED, CommandState.SENT]
    assert book.heard == [("sent", 1, ""), ("answered", 1, "DONE"), ("sent", 2, "")]


def test_what_a_lock_refuses_is_over_and_what_it_is_too_busy_for_is_asked_again(lock, now, book, monkeypatch):
    lock_id, twin, serial_number = lock
    ask(lock_id, now, 1, payload=DeleteUser(slot=7))
    frame = service.next_frame(serial_number=serial_number, now=now)
    assert service.take_answer(serial_number=serial_number, frame=twin.receive(frame, at(now)), actor=ASKER, now=now)
    assert book.heard[-1] == ("answered", 1, "NO_SUCH_ITEM")
    assert states() == [CommandState.FAILED]
    ask(lock_id, now, 2)
    monkeypatch.setitem(rules._PAUSE_BEFORE_RETRY, AnswerStatus.DONE, timedelta(seconds=5))
    frame = service.next_frame(serial_number=serial_number, now=now)
    service.take_answer(serial_number=serial_number, frame=twin.receive(frame, at(now)), actor=ASKER, now=now)
    assert states()[-1] is CommandState.MADE
    # Under a new counter: the lock would only repeat its answer to the old frame.
    assert service.next_frame(serial_number=serial_number, now=now) != frame


def test_after_a_new_setup_the_frame_is_made_anew_under_the_new_keys(lock, now, book):
    lock_id, twin, serial_number = lock
    ask(lock_id, now, 1)
    before = service.next_frame(serial_number=serial_number, now=now)
    setup = locks_service.start_setup(lock_id=lock_id, actor=ASKER, now=now)
    locks_service.finish_setup(lock_id=lock_id, answer=twin.receive(setup, at(now)), actor=ASKER, now=now)
    after = service.next_frame(serial_number=serial_number, now=now)
    assert after != before
    assert twin.receive(after, at(now))
    assert book.heard == [("sent", 1, "")]


def test_a_lock_that_is_not_set_up_gets_nothing(house, now):
    lock_id = house.doors["102"].lock_id
    with transaction() as session:
        session.get_one(Lock, lock_id).server_keys = None
    ask(lock_id, now, 1)
    serial_number = locks.get_lock(lock_id).serial_number
    db.remove()
    assert service.next_frame(serial_number=serial_number, now=now) is None
    assert service.next_frame(serial_number="00" * 6, now=now) is None


def test_what_was_not_sent_can_be_taken_back(lock, now):
    lock_id, _, serial_number = lock
    ask(lock_id, now, 1, 2)
    service.next_frame(serial_number=serial_number, now=now)
    for subject in (1, 2):
        service.drop(subject_kind="test", subject_id=subject, now=now)
    assert states() == [CommandState.SENT, CommandState.DROPPED]
    assert [bool(c.plaintext_sealed) for c in queries.of_subject("test", 2)] == [False]


def test_a_carrier_brings_answers_and_takes_the_next_command_along(app, lock, now, book):
    lock_id, twin, serial_number = lock
    ask(lock_id, now, 1, 2)
    http = app.test_client()
    command = service.next_frame(serial_number=serial_number, now=now).hex()
    while command:
        answer = twin.receive(bytes.fromhex(command), at(now))
        posted = http.post(URL, json={"lockSn": serial_number, "frame": answer.hex()})
        assert posted.status_code == 200
        command = posted.json["data"]["command"]
    assert states() == [CommandState.ANSWERED, CommandState.ANSWERED]


@pytest.mark.parametrize(
    ("body", "status"),
    [("", 400), ("[]", 400), ({"lockSn": "292E593B0E66", "frame": "5A" * 30}, 404), ("x" * 9000, 413)],
)
def test_what_is_no_answer_is_told_nothing(app, house, body, status):
    content = body if isinstance(body, str) else json.dumps(body)
    assert app.test_client().post(URL, data=content, content_type="application/json").status_code == status


def test_an_answer_of_another_lock_or_to_nothing_settles_nothing(lock, house, now, book):
    lock_id, twin, serial_number = lock
    other = set_up(house.doors["102"].lock_id, now)
    other_serial = locks.get_lock(house.doors["102"].lock_id).serial_number
    db.remove()
    ask(lock_id, now, 1)
    frame = service.next_frame(serial_number=serial_number, now=now)
    answer = twin.receive(frame, at(now))
    assert not service.take_answer(serial_number=other_serial, frame=answer, actor=ASKER, now=now)
    assert not service.take_answer(serial_number=serial_number, frame=frame, actor=ASKER, now=now)
    assert other.receive(frame, at(now)) is None
    assert states() == [CommandState.SENT]
