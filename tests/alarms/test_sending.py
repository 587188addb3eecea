"""Messages reach a real program, signed, once and in their order; what the server may be made to ask is kept narrow."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms import background
from pms.alarms import delivery_rules, jobs, outbox, service, webhook
from pms.alarms.models import AlarmKind, Channel, Delivery, DeliveryState
from pms.alarms.sender import Sender
from pms.alarms.service import May, Wanted
from pms.core import clock
from pms.core.db import db
from tests.alarms.cast import acknowledge, actions, person, raised
from tests.alarms.receiver import receiver
from tests.mail.server import self_signed
from tests.races import race

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALL = tuple(AlarmKind)


def subscribe(house, now, url, **values):
    wanted = Wanted(
        channel=Channel.WEBHOOK,
        name=values.pop("name", "Building control"),
        kinds=values.pop("kinds", ALL),
        floor_id=values.pop("floor_id", None),
        is_active=True,
        target=url,
        in_own_network=values.pop("in_own_network", True),
    )
    made, secret = service.subscribe(
        wanted=wanted, may=May(plain=True, own_network=True), actor=person(house, "admin"), now=now
    )
    return made.id, secret


def send(times=1) -> list[bool]:
    return [Sender(allows_plain=False).send_one() for _ in range(times)]


def deliveries() -> list[Delivery]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Delivery).order_by(Delivery.id)))


def states() -> list[tuple[str, str, int | None]]:
    return [(one.state.value, one.error_code, one.status) for one in deliveries()]


def test_a_program_is_told_what_becomes_of_an_alarm_in_order_and_can_tell_that_it_is_us(house, now):
    with receiver() as box:
        _number, secret = subscribe(house, now, box.url)
        alarm = raised(house, now, AlarmKind.LOW_BATTERY, details={"percent": 9})
        alarm_id = alarm.id
        raised(house, now, AlarmKind.LOW_BATTERY)
        acknowledge(house, alarm, now, note="Have ordered some")
        service.settle(kind=alarm.kind, lock_id=alarm.lock_id, now=now, actor=person(house))
        assert send(4) == [True, True, True, False]
    heads, bodies = zip(*box.taken, strict=True)
    told = [json.loads(body) for body in bodies]
    assert [one["event"] for one in told] == ["raised", "acknowledged", "settled"]
    assert [one["alarm"]["state"] for one in told] == ["open", "acknowledged", "settled"]
    assert told[0] == {
        "version": 1,
        "delivery": str(deliveries()[0].id),
        "event": "raised",
        "sent_for": "Linden House",
        "at": "2026-06-12T10:00:00.000Z",
        "alarm": {
            "id": str(alarm_id),
            "kind": "low_battery",
            "severity": "quiet",
            "state": "open",
            "door": "101",
            "room": "101",
            "lock": told[0]["alarm"]["lock"],
            "gateway": None,
            "raised_at": "2026-06-12T10:00:00.000Z",
            "noticed_at": "2026-06-12T10:00:00.000Z",
            "last_seen_at": "2026-06-12T10:00:00.000Z",
            "times": 1,
            "settled_at": None,
            "acknowledged_at": None,
            "details": {"percent": 9},
        },
    }
    # Neither who looked nor what they wrote leaves the house.
    assert b"ordered" not in b"".join(bodies)
    assert b"Desk" not in b"".join(bodies)
    for head, body, one in zip(heads, bodies, told, strict=True):
        assert head["X-Latchkey-Signature"] == delivery_rules.signature(secret, body, int(now.timestamp()))
        assert (head["X-Latchkey-Delivery"], head["X-Latchkey-Event"]) == (one["delivery"], one["event"])
        assert head["Content-Type"] == "application/json; charset=utf-8"
    assert states() == [("sent", "", 200)] * 3


def test_what_is_not_taken_is_tried_again_with_the_same_bytes_until_a_day_is_over(house, now):
    with receiver() as box:
        subscribe(house, now, box.url)
        raised(house, now)
        box.statuses = [500, 404, 307]
        at = now
        for pause in (1, 5, 15):
            clock.freeze(at)
            assert send(2) == [True, False]
            at += pause * MINUTE
            assert deliveries()[0].next_try_at == at
        # Not followed: the other address was never asked.
        assert states() == [("queued", "redirect", 307)]
        assert box.paths == ["/alarms?token=path-secret-77"] * 3
        clock.freeze(at)
        assert send() == [True]
        assert states() == [("sent", "", 200)]
        assert len({body for _head, body in box.taken}) == 1
        # The signature is of each try's own time.
        assert len({head["X-Latchkey-Signature"] for head, _body in box.taken}) == 4


def test_what_nobody_takes_is_given_up_after_a_day_and_sent_again_when_somebody_asks(house, now):
    with receiver() as box:
        port = box.port
    number, _secret = subscribe(house, now, f"http://127.0.0.1:{port}/")
    first_id, at = raised(house, now).id, now
    while deliveries()[0].state is DeliveryState.QUEUED:
        clock.freeze(at)
        send()
        at = max(deliveries()[0].next_try_at, at + MINUTE)
    raised(house, at, AlarmKind.LOCK_OUT)
    assert at - now > 24 * HOUR
    assert (deliveries()[0].tries, states()[0]) == (9, ("failed", "unreachable", None))
    assert actions()[-2:] == ["alarms.given_up", "alarms.raised"]
    later = at + delivery_rules.LONGEST_WAIT
    clock.freeze(later)
    assert send() == [False]
    assert states()[1] == ("failed", "waited", None)
    with pytest.raises(delivery_rules.NotAgain):
        service.send_again(delivery_id=_queued(house, later, number), actor=person(house), now=later)
    delivery = service.send_again(delivery_id=deliveries()[0].id, actor=person(house), now=later)
    assert (delivery.state, delivery.tries, delivery.alarm_id) == (DeliveryState.QUEUED, 0, first_id)
    jobs.forget_deliveries()
    assert len(deliveries()) == 3
    clock.freeze(later + delivery_rules.KEEP)
    jobs.forget_deliveries()
    assert [one.state for one in deliveries()] == [DeliveryState.QUEUED] * 2


def _queued(house, now, number) -> int:
    service.send_test(subscription_id=number, request_id="1" * 36, actor=person(house), now=now)
    service.send_test(subscription_id=number, request_id="1" * 36, actor=person(house), now=now)
    return deliveries()[-1].id


def test_the_second_message_waits_for_the_first_and_other_programs_do_not(house, now):
    with receiver() as box:
        subscribe(house, now, box.url)
        raised(house, now)
        raised(house, now, AlarmKind.LOCK_OUT)
        box.statuses = [503]
        assert send(2) == [True, False]
        subscribe(house, now, box.url, name="Second")
        raised(house, now, AlarmKind.DOOR_LEFT_OPEN)
        assert send(2) == [True, False]
        clock.freeze(now + MINUTE)
        assert send(4) == [True, True, True, False]
    kinds = [json.loads(body)["alarm"]["kind"] for _head, body in box.taken]
    assert kinds == ["tamper", "door_left_open", "tamper", "lock_out", "door_left_open"]


def test_of_many_senders_each_message_is_taken_by_one_and_one_at_a_time_goes_to_a_program(any_house, now):
    house = any_house
    for name in ("First", "Second", "Third"):
        subscribe(house, now, "http://127.0.0.1:9/", name=name)
    for kind in (AlarmKind.TAMPER, AlarmKind.LOCK_OUT):
        raised(house, now, kind)
    taken = [one for one in race(8, lambda _number: outbox.take(now=now)) if one is not None]
    while len(taken) < 3 and (one := outbox.take(now=now)) is not None:
        taken.append(one)
    assert len({one.id for one in taken}) == len(taken) == 3
    assert all(one.state is DeliveryState.SENDING for one in deliveries() if one.alarm_id == deliveries()[0].alarm_id)
    assert not [one for one in taken if isinstance(one, BaseException)]
    # Whoever took it does not come back: it is sent again after a minute, and what comes late changes nothing.
    later = now + delivery_rules.LONGEST_TRY
    outbox.sweep(now=later)
    again = outbox.take(now=later)
    assert (again.id, again.tries) == (taken[0].id, 2) or again.id in {one.id for one in taken}
    first = next(one for one in taken if one.id == again.id)
    outbox.end(parcel=first, status=200, now=later)
    outbox.put_back(parcel=first, code="status", status=500, now=later)
    assert next(one.state for one in deliveries() if one.id == first.id) is DeliveryState.SENDING
    outbox.end(parcel=again, status=204, now=later)
    assert next((one.state, one.status) for one in deliveries() if one.id == first.id) == (DeliveryState.SENT, 204)


def post(url, *, in_own_network=True, allows_plain=True, seconds=5.0):
    return webhook.post(url, b"{}", {}, in_own_network=in_own_network, allows_plain=allows_plain, seconds=seconds)


def fault(url, **values) -> str:
    with pytest.raises(webhook.Fault) as found:
        post(url, **values)
    return found.value.code


def test_a_name_is_judged_by_every_address_and_the_line_goes_to_the_judged_one(monkeypatch):
    asked = []

    def resolve(*answers):
        def look_up(host, port, **_kwargs):
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    with receiver() as box:
        url = f"http://rebound.example:{box.port}/x"
        resolve("93.184.216.34", "127.0.0.1")
        assert fault(url, in_own_network=False) == "own_network"
        resolve("169.254.169.254")
        assert fault(url) == "own_network"
        resolve("93.184.216.34")
        assert fault(url, allows_plain=False) == "not_encrypted"
        assert box.taken == []
        asked.clear()
        resolve("127.0.0.1")
        monkeypatch.setattr(socket, "create_connection", _only_to("127.0.0.1"))
        assert post(url, allows_plain=False) == 200
        # The name is asked for once: a second answer would be another one's.
        assert asked == ["rebound.example"]
        assert box.taken[0][0]["Host"] == f"rebound.example:{box.port}"
    resolve()
    assert fault(url) == "unknown_name"


def _only_to(address):
    def create(where, timeout):
        assert where[0] == address
        line = socket.socket()
        line.settimeout(timeout)
        line.connect(where)
        return line

    return create


def test_a_program_that_trickles_or_speaks_no_http_holds_nobody_up(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with receiver() as box:
        # No proxy of the environment stands in between.
        assert post(box.url) == 200
        box.trickles = True
        before = clock.monotonic()
        assert fault(box.url, seconds=0.3) == "timeout"
        assert clock.monotonic() - before < 3
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = _answer(server, b"220 smtp ready\r\n")
        assert fault(f"http://127.0.0.1:{port}/") == "not_http"
        thread.join()
        thread = _answer(server, b"")
        assert fault(f"http://127.0.0.1:{port}/") == "unreachable"
        thread.join()
    assert fault(f"http://127.0.0.1:{port}/") == "unreachable"


def _answer(server, words):
    def serve():
        line, _address = server.accept()
        with line:
            line.recv(65536)
            line.sendall(words)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_the_certificate_must_be_trusted_and_of_the_name(tmp_path, monkeypatch):
    certificate = self_signed(tmp_path, "127.0.0.1")
    with receiver(certificate) as box:
        url = f"https://127.0.0.1:{box.port}/"
        assert fault(url) == "certificate"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert post(url) == 200
        assert fault(f"https://localhost:{box.port}/") == "certificate"
    with receiver() as box:
        assert fault(f"https://127.0.0.1:{box.port}/") == "certificate"


def test_what_waits_leaves_within_seconds_beside_the_pages_and_no_secret_is_logged(app, house, now, caplog):
    caplog.set_level(logging.DEBUG)
    with receiver() as box:
        _number, secret = subscribe(house, now, box.url)
        box.statuses = [500]
        raised(house, now)
        db.remove()
        with background.running(app):
            end = clock.monotonic() + 20
            while not box.taken and clock.monotonic() < end:
                time.sleep(0.05)
    assert states() == [("queued", "status", 500)]
    assert not [text for text in (secret, "path-secret-77") if text in caplog.text]
    kept = db.session.execute(sa.text("SELECT target_sealed, secret_sealed FROM alarm_subscription")).one()
    assert secret.encode() not in kept[1]
    assert b"path-secret" not in kept[0]
    trail = str(db.session.execute(sa.text("SELECT before, after, subject_label FROM audit_entry")).all())
    assert "path-secret" not in trail
    assert secret not in trail
