"""Doors that are operated from the desk: at once or not at all, seen to the end, cancelled while nobody has the command."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.accounts.models import Account
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.lock_commands import answers, operate, queries, rules, service
from pms.lock_commands.models import CommandState, LockCommand
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.locks.models import Lock
from pms.protocol.command import Command, DeleteUser, ReadSettings
from pms.protocol.record import RecordEvent
from tests.access_records.carrying import DESK, Phone, next_frame
from tests.access_records.conftest import scene  # noqa: F401
from tests.api import ApiClient
from tests.client import PageClient, text_of
from tests.races import race

EVENTS = {
    "unlock": RecordEvent.OPENED,
    "lock": RecordEvent.LOCKED,
    "passageOn": RecordEvent.PASSAGE_ON,
    "passageOff": RecordEvent.PASSAGE_OFF,
    "setClock": RecordEvent.CLOCK_SET,
    "restart": RecordEvent.RESTART,
}


@pytest.fixture
def phone(app, scene) -> Phone:  # noqa: F811
    return Phone(app, scene)


@pytest.fixture
def desk(app, phone) -> ApiClient:
    return ApiClient(app).log_in("desk", scopes=["locks:operate"])


def _state(command_id: int) -> CommandState:
    db.remove()
    return queries.get(command_id).state


@pytest.mark.parametrize("deed", [deed.value for deed in Deed])
def test_each_deed_is_done_by_the_lock(phone, desk, scene, deed):  # noqa: F811
    given = desk.post("/commands/operate", {"lockId": str(scene.lock_id), "operation": deed})
    assert (given["command"], given["state"], given["way"]) == ("0400", "sent", "phone")
    answer = scene.twin.receive(bytes.fromhex(given["frame"]), scene.at)
    phone.bring("/commands/answer", answer)
    assert _state(int(given["commandId"])) is CommandState.ANSWERED
    if deed in EVENTS:
        assert scene.twin.state.records[-1].value.event is EVENTS[deed]
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "commands.operated")).one()
    assert (entry.after, entry.lock_id, entry.room_id) == ({"deed": deed}, scene.lock_id, scene.room_id)


def test_a_door_never_opens_late(phone, desk, scene, now):  # noqa: F811
    given = desk.post("/commands/operate", {"lockId": str(scene.lock_id), "operation": "unlock"})
    frame = bytes.fromhex(given["frame"])
    assert given["expiresTime"] == "2026-06-12 12:01:00"
    clock.freeze(now + timedelta(seconds=61))
    assert next_frame(scene) is None
    assert _state(int(given["commandId"])) is CommandState.EXPIRED
    answer = scene.twin.receive(frame, scene.at + 61)  # a phone that kept the frame
    phone.bring("/commands/answer", answer)
    assert _state(int(given["commandId"])) is CommandState.FAILED
    assert scene.twin.state.records[-1].value.event is not RecordEvent.OPENED


def test_the_same_request_is_one_command_and_bad_requests_are_none(app, desk, scene, house):  # noqa: F811
    body = {"lockId": str(scene.lock_id), "operation": "lock", "requestId": str(uuid.uuid4())}
    assert desk.post("/commands/operate", body)["commandId"] == desk.post("/commands/operate", body)["commandId"]
    desk.post("/commands/operate", {**body, "operation": "explode"}, status=400)
    desk.post("/commands/operate", {"operation": "lock"}, status=400)
    desk.post("/commands/operate", {"lockId": "7", "operation": "lock"}, status=404)
    with transaction() as session:
        session.get_one(Lock, house.doors["102"].lock_id).server_keys = None
    desk.post("/commands/operate", {"lockId": str(house.doors["102"].lock_id), "operation": "lock"}, status=409)
    with pytest.raises(rules.NotSetUpYet):
        operate.operate(lock_id=house.doors["102"].lock_id, deed=Deed.LOCK, actor=DESK, now=clock.now())
    ApiClient(app).log_in("housekeeper").post("/commands/operate", body, status=403)


def test_a_lock_without_a_clock_sets_it_first(phone, desk, scene):  # noqa: F811
    scene.twin.clock_lost = True
    ids = []
    for deed in ("unlock", "setClock", "unlock"):
        given = desk.post("/commands/operate", {"lockId": str(scene.lock_id), "operation": deed})
        ids.append(int(given["commandId"]))
        phone.bring("/commands/answer", scene.twin.receive(bytes.fromhex(given["frame"]), scene.at))
    assert [_state(number) for number in ids] == [CommandState.FAILED, CommandState.ANSWERED, CommandState.ANSWERED]


def test_the_page_says_what_will_happen_to_whom_and_shows_it_to_the_end(app, phone, scene):  # noqa: F811
    page = PageClient(app).log_in("desk")
    assert "Open the door" in text_of(page.get(f"/commands/lock/{scene.lock_id}"))
    url = f"/commands/lock/{scene.lock_id}/do/unlock"
    asked = page.get(url, htmx=True)
    assert "Claire Moreau is in house in this room." in text_of(asked)
    assert "somebody with a phone must be beside it" in text_of(asked)
    form = {"request_id": re.search(r'name="request_id"[^>]*value="([^"]+)"', asked.text)[1], "by": "phone"}
    shown = page.post(url, form, htmx=True, status=200)
    page.post(url, form, htmx=True, status=200)
    assert "It is on its way. The lock has not answered yet." in text_of(shown)
    assert "It holds until 12:01:00." in text_of(shown)
    command = db.session.scalars(sa.select(LockCommand).where(LockCommand.subject_kind != "setup")).one()
    frame = bytes.fromhex(re.search(r'frame-hex mono"[^>]*>([0-9A-F]+)<', shown.text)[1])
    bad = page.post(f"/commands/{command.id}/answer", {"answer": frame.hex()}, htmx=True, status=422)
    assert "This is not the lock&#39;s answer" in bad.text
    page.post(f"/commands/{command.id}/answer", {"answer": "zz"}, htmx=True, status=422)
    answer = scene.twin.receive(frame, scene.at).hex()
    done = page.post(f"/commands/{command.id}/answer", {"answer": answer}, htmx=True, status=200)
    assert "The door is open." in text_of(done)
    assert "hx-trigger" not in page.get(f"/commands/{command.id}/state", htmx=True).text
    assert "The door is open." in text_of(page.get(f"/commands/{command.id}"))
    page.post(url, {"request_id": "x"}, status=422)
    assert "A guest is in house" in text_of(PageClient(app).log_in("technician").get(url))


def test_an_expired_command_says_so_by_itself(app, phone, scene, now):  # noqa: F811
    command = operate.operate(lock_id=scene.lock_id, deed=Deed.UNLOCK, actor=DESK, now=now)
    page = PageClient(app).log_in("desk")
    clock.freeze(now + timedelta(minutes=2))
    assert "Nobody brought it to the lock in time" in text_of(page.get(f"/commands/{command.id}/state", htmx=True))
    page.get("/accounts/me")
    with transaction() as session:
        session.execute(sa.update(Account).values(language="zh"))
    assert "没有及时送到门锁" in text_of(PageClient(app).log_in("desk").get(f"/commands/{command.id}"))


def test_the_list_shows_filters_cancels_and_goes_on(app, phone, scene, now, count_queries):  # noqa: F811
    for _ in range(55):
        operate.operate(lock_id=scene.lock_id, deed=Deed.SELF_TEST, actor=DESK, now=now)
    first = next_frame(scene)
    assert first
    page = PageClient(app).log_in("desk")
    listed = page.get("/commands/?show=open")
    assert listed.text.count("Have the lock test itself") == 50
    more = re.search(r'hx-get="(/commands/\?[^"]+)"', listed.text)[1].replace("&amp;", "&")
    assert page.get(more, htmx=True).text.count("Have the lock test itself") == 5
    assert "No commands" in text_of(page.get("/commands/?show=failed", htmx=True))
    few = count_queries(lambda: page.get("/commands/?before=1"))
    assert count_queries(lambda: page.get("/commands/")) <= few + 1
    newest = db.session.scalars(sa.select(LockCommand.id).order_by(LockCommand.id.desc())).first()
    for _ in range(2):
        page.post(f"/commands/{newest}/cancel", status=303)
    assert _state(newest) is CommandState.DROPPED
    assert list(db.session.scalars(sa.select(AuditEntry.action))).count("commands.cancelled") == 1
    sent = db.session.scalars(sa.select(LockCommand.id).where(LockCommand.state == CommandState.SENT)).one()
    page.post(f"/commands/{sent}/cancel", status=409)
    PageClient(app).log_in("housekeeper").get("/commands/", status=403)


def test_what_a_feature_keeps_book_of_is_cancelled_there(phone, scene, now):  # noqa: F811
    made = service.queue(
        lock_id=scene.lock_id, payloads=[DeleteUser(slot=1)], subject_kind="other", subject_id=1, actor=DESK, now=now
    )[0]
    with pytest.raises(rules.CannotBeCancelled):
        service.cancel(command_id=made.id, actor=DESK, now=now)


def test_all_parts_of_a_content_are_cancelled_together(phone, scene, now, monkeypatch):  # noqa: F811
    class Book(answers.Asker):
        can_be_cancelled = True

    monkeypatch.setitem(answers._askers, "book", Book())
    made = service.queue(
        lock_id=scene.lock_id,
        payloads=[ReadSettings()] * 3,
        subject_kind="book",
        subject_id=9,
        actor=DESK,
        now=now,
    )
    service.cancel(command_id=made[1].id, actor=DESK, now=now)
    assert {command.state for command in queries.of_subject("book", 9)} == {CommandState.DROPPED}


def test_a_command_is_handed_out_or_cancelled_never_both(any_house, now):
    from tests.access_records.conftest import set_up

    lock_id = any_house.doors["101"].lock_id
    set_up(lock_id, now)
    serial = locks.get_lock(lock_id).serial_number
    command = operate.operate(lock_id=lock_id, deed=Deed.UNLOCK, actor=DESK, now=now)
    db.remove()

    def work(number: int):
        if number:
            return service.next_frame(serial_number=serial, now=now)
        return service.cancel(command_id=command.id, actor=DESK, now=now).state

    cancelled, frame = race(2, work)
    assert isinstance(cancelled, rules.CannotBeCancelled) is (frame is not None)
    assert queries.get(command.id).command == Command.OPERATE
