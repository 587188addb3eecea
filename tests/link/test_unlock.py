"""Unlock at the desk: at once and shown, or refused because the door is offline; never late."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.gateways import service as gateways
from pms.link import service
from pms.lock_commands import jobs, operate, queries, rules
from pms.lock_commands.models import CommandState, LockCommand
from pms.lock_commands.rules import Deed
from pms.protocol.record import RecordEvent
from tests.client import PageClient, text_of
from tests.link.conftest import CLERK
from tests.slots.conftest import DESK


@pytest.fixture
def page(app, corridor) -> PageClient:
    return PageClient(app).log_in("desk")


def url_of(corridor, room: str = "101") -> str:
    return f"/commands/lock/{corridor.lock_ids[room]}/do/unlock"


def form_of(shown) -> dict[str, str]:
    return {"request_id": re.search(r'name="request_id"[^>]*value="([^"]+)"', shown.text)[1]}


def unlocks() -> list[LockCommand]:
    db.remove()
    return list(db.session.scalars(sa.select(LockCommand).where(LockCommand.subject_kind == operate.SUBJECT)))


def openings(corridor, room: str = "101") -> int:
    return sum(record.value.event is RecordEvent.OPENED for record in corridor.twin(room).state.records)


def test_the_desk_opens_a_door_and_sees_it_opened_however_often_it_clicks(page, corridor):
    asked = page.get(url_of(corridor), htmx=True)
    assert "Corridor 1 brings it to the lock." in text_of(asked)
    for _ in range(2):
        shown = page.post(url_of(corridor), form_of(asked), htmx=True, status=200)
        assert "Opening the door through Corridor 1 …" in text_of(shown)
    # Somebody waits for it, so the page asks several times a second.
    assert "every 250ms" in shown.text
    assert "frame-hex" not in shown.text
    assert "Cancel the command" not in shown.text
    (command,) = unlocks()
    corridor.carrier.bring(service.due(now=clock.now()))
    assert openings(corridor) == 1
    settled = page.get(f"/commands/{command.id}/state", htmx=True)
    assert "The door is open." in text_of(settled)
    assert "hx-trigger" not in settled.text


def test_a_door_that_is_offline_is_said_to_be_at_once_and_nothing_waits_for_it(page, corridor, now):
    asked = page.get(url_of(corridor), htmx=True)
    clock.freeze(now + timedelta(minutes=3))
    corridor.carrier.says(is_online=False)
    late = page.post(url_of(corridor), form_of(asked), htmx=True, status=422)
    assert (
        "Corridor 1, which reaches this lock, has been offline since Fri, Jun 12, 12:03. Nothing was sent."
        in text_of(late)
    )
    assert unlocks() == []
    clock.freeze(now + timedelta(minutes=4))
    shown = page.get(url_of(corridor), htmx=True)
    assert "has been offline since Fri, Jun 12, 12:03." in text_of(shown)
    assert "Corridor 1 offline since Fri, Jun 12, 12:03" in text_of(
        page.get(f"/commands/lock/{corridor.lock_ids['101']}")
    )
    # Who has a phone there gets the frame; it holds for a minute.
    by_phone = page.post(url_of(corridor), {**form_of(shown), "by": "phone"}, htmx=True, status=200)
    assert "frame-hex" in by_phone.text
    assert "It holds until 12:05:00." in text_of(by_phone)
    page.post(url_of(corridor), {**form_of(shown), "by": "post"}, htmx=True, status=422)


def test_what_reaches_a_lock_may_never_have_been_there(corridor, house, now):
    corridor.carrier.says(is_online=False)
    with pytest.raises(rules.OutOfReach):
        operate.operate(lock_id=corridor.lock_ids["101"], deed=Deed.LOCK, has_phone=False, actor=CLERK, now=now)
    gateways.unbind_lock(lock_id=corridor.lock_ids["101"], actor=DESK, now=now)
    manager = Actor(kind="account", name="Mo", account_id=house.accounts["manager"].id)
    new = gateways.bind_gateway(serial_number="00112233AABB", name="Corridor 2", actor=manager, now=now)
    gateways.hang_lock(gateway_id=new.id, lock_id=corridor.lock_ids["101"], actor=manager, now=now)
    with pytest.raises(rules.NeverReached):
        operate.operate(lock_id=corridor.lock_ids["101"], deed=Deed.LOCK, has_phone=False, actor=CLERK, now=now)


def test_a_door_does_not_open_late_whatever_the_line_does(page, corridor, now):
    """The frame is held up for longer than it may live; the lock refuses it, and nothing is sent after its time."""
    command = operate.operate(lock_id=corridor.lock_ids["101"], deed=Deed.UNLOCK, actor=CLERK, now=now)
    db.remove()
    held_up = []
    for tenth in range(300):
        clock.freeze(now + timedelta(seconds=tenth / 10))
        for message in service.due(now=clock.now()):
            # A broker drops what is worth nothing any more; this one gave everything to a gateway that sleeps.
            assert clock.now() + message.useful_for <= now + timedelta(seconds=20)
            held_up.append(message)
    assert len(held_up) == 5
    jobs.expire()
    shown = page.get(f"/commands/{command.id}/state", htmx=True)
    assert "The door did not answer in time. If it has not opened, it will not open any more." in text_of(shown)
    assert corridor.carrier.bring(held_up) == []
    assert openings(corridor) == 0
    db.remove()
    assert queries.get(command.id).state is CommandState.FAILED
    assert "It came too late; the lock did nothing." in text_of(page.get(f"/commands/{command.id}"))


def test_a_door_that_opened_in_time_and_whose_answer_was_late_is_known_to_have_opened(corridor, now):
    command = operate.operate(lock_id=corridor.lock_ids["101"], deed=Deed.UNLOCK, actor=CLERK, now=now)
    db.remove()
    (message,) = service.due(now=now)
    answer = corridor.twin("101").receive(message.payload, int(now.timestamp()))
    clock.freeze(now + timedelta(minutes=1))
    for _ in range(2):
        jobs.expire()
    db.remove()
    assert queries.get(command.id).state is CommandState.EXPIRED
    corridor.carrier.up(answer, corridor.serials["101"])
    db.remove()
    assert queries.get(command.id).state is CommandState.ANSWERED


def test_an_unlock_goes_before_all_that_waits_and_what_is_on_its_way_is_asked_for_at_once(corridor, now):
    from tests.link.test_outbox import ask

    ask(corridor, "101", 1, 2, 3)
    (lost,) = service.due(now=now)
    clock.freeze(now + timedelta(seconds=0.5))
    operate.operate(lock_id=corridor.lock_ids["101"], deed=Deed.UNLOCK, actor=CLERK, now=clock.now())
    db.remove()
    (again,) = service.due(now=clock.now())
    assert again.payload == lost.payload
    corridor.carrier.bring(corridor.carrier.bring([again]))
    assert openings(corridor) == 1
