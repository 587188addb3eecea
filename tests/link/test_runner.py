"""The server's end of the line, at real brokers: shared among processes, acknowledged once stored, there again after a break."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta

import pytest

from pms.core import clock
from pms.core.db import db
from pms.gateways import processes
from pms.gateways.processes import LinkFault
from pms.link import acl, runner, service
from pms.link.client import Heard, Line
from pms.link.names import ProcessName
from pms.link.rules import Message
from pms.protocol.topics import CarrierName, CarrierState, FrameTopic, Way, parse_topic
from tests.link.brokers import PREFIX, Mosquitto, free_port, until, with_password
from tests.link.peers import Peer
from tests.link.walls import SERIALS

ONE, TWO = SERIALS
LOCK = "0A0B0C0D0E0F"
UP, DOWN = f"{PREFIX}/gateways/{ONE}/{LOCK}/up", f"{PREFIX}/gateways/{ONE}/{LOCK}/down"
STATE = f"{PREFIX}/gateways/{ONE}/state"


class Desk:
    """In the place of the service: notes who brought what, and acknowledges each frame to its lock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.states: list[tuple[str, bool]] = []
        self.silences: list[set[str]] = []
        self.waiting: list[Message] = []
        for name in ("take", "due", "note_state", "note_silence"):
            monkeypatch.setattr(service, name, getattr(self, name))

    def take(self, *, messages: Sequence[Message], now) -> list[Message]:
        assert not db.in_transaction
        by = threading.current_thread().name
        self.taken += [(by, message.payload) for message in messages]
        return [Message(dataclasses.replace(m.topic, way=Way.DOWN), b"ack " + m.payload) for m in messages]

    def due(self, *, now, limit: int = 50) -> list[Message]:
        due, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return due

    def note_state(self, *, carrier: CarrierName, state: CarrierState, now) -> None:
        self.states.append((carrier.id, state.is_online))

    def note_silence(self, *, but: Collection[CarrierName], now) -> None:
        self.silences.append({name.id for name in but})


@pytest.fixture
def desk(monkeypatch) -> Desk:
    monkeypatch.setattr(runner, "COLLECT_SECONDS", 0.3)
    return Desk(monkeypatch)


def _line() -> processes.Line:
    db.remove()
    return processes.present_line(clock.now())


def test_frames_are_shared_among_the_processes_and_states_are_the_owners(wall, desk, start_broker, start_runner):
    broker = start_broker("mosquitto")
    broker.learn()
    start_runner(broker.address)._inbox._thread.name = "first"
    start_runner(broker.address, owns=False)._inbox._thread.name = "second"
    until(lambda: len(_rows()) == 2 and _line().is_up)
    one = Peer(broker.address, ONE, wall.passwords[ONE], will=(STATE, b'{"online":false}'))
    one.subscribe(f"{PREFIX}/gateways/{ONE}/+/down")
    one.publish(STATE, b'{"online":true}', retain=True)
    for number in range(200):
        one._client.publish(UP, b"%d" % number, qos=1)
    until(lambda: len(desk.taken) >= 200)
    assert Counter(payload for _, payload in desk.taken) == Counter(b"%d" % n for n in range(200))
    shares = Counter(by for by, _ in desk.taken)
    assert set(shares) == {"first", "second"}
    answers = {one.hear() for _ in range(200)}
    assert answers == {(DOWN, b"ack %d" % n) for n in range(200)}
    until(lambda: (ONE, True) in desk.states)
    assert desk.states == [(ONE, True)]


def _rows() -> Sequence[object]:
    from pms.gateways.models import LinkProcess

    db.remove()
    return db.session.query(LinkProcess).all()


def test_the_line_comes_back_with_the_broker(wall, desk, start_broker, start_runner):
    broker = start_broker("mosquitto")
    assert isinstance(broker, Mosquitto)
    broker.learn()
    before = Peer(broker.address, ONE, wall.passwords[ONE])
    before.publish(STATE, b'{"online":true}', retain=True)
    start_runner(broker.address)
    until(lambda: desk.silences == [{ONE}])
    assert desk.states == [(ONE, True)]
    before.publish(UP, b"before")
    until(lambda: len(desk.taken) == 1)
    broker.stop()
    until(lambda: not _line().is_up)
    assert _line().fault is LinkFault.UNREACHABLE
    broker.start()
    # Whoever does not come back is not there, whatever was retained before.
    until(lambda: desk.silences == [{ONE}, set()])
    assert _line() == processes.Line(is_up=True, since=clock.now())
    after = Peer(broker.address, ONE, wall.passwords[ONE])
    after.subscribe(f"{PREFIX}/gateways/{ONE}/+/down")
    after.publish(STATE, b'{"online":true}', retain=True)
    after.publish(UP, b"after")
    until(lambda: len(desk.taken) == 2)
    assert [payload for _, payload in desk.taken] == [b"before", b"after"]
    assert desk.states == [(ONE, True), (ONE, True)]


def test_what_is_not_stored_is_not_acknowledged_and_comes_again(wall, start_broker, tmp_path):
    broker = start_broker("mosquitto")
    broker.learn()
    one = Peer(broker.address, ONE, wall.passwords[ONE])
    heard: list[Heard] = []

    def call() -> Line:
        changed: list[LinkFault | None] = []
        line = Line(broker.address, client_id="latchkey-1", is_shared=True, heard=heard.append, changed=changed.append)
        line.start(acl.frame_filters(PREFIX))
        until(lambda: changed == [None])
        return line

    killed = call()
    one.publish(UP, b"report")
    until(lambda: len(heard) == 1)
    # The process is killed: it says nothing more, neither that it has the frame nor good-bye.
    killed._stop.set()
    killed._client.socket().shutdown(2)
    killed.stop()
    one.publish(UP, b"while nobody was there")
    again = call()
    until(lambda: len(heard) == 3)
    assert [item.payload for item in heard] == [b"report", b"report", b"while nobody was there"]
    heard[0].acknowledge()
    for item in heard[1:]:
        item.acknowledge()
    again.stop()
    third = call()
    one.publish(UP, b"new")
    until(lambda: len(heard) == 4)
    assert heard[3].payload == b"new"
    # One of several goes for good: nothing is kept for it.
    third.stop(keeps_session=False)
    one.publish(UP, b"for nobody")
    fourth = call()
    one.publish(UP, b"last")
    until(lambda: len(heard) == 5)
    assert heard[4].payload == b"last"
    fourth.stop()


def test_a_frame_that_came_too_late_is_not_delivered(wall, start_broker):
    broker = start_broker("mosquitto")
    broker.learn()
    changed: list[LinkFault | None] = []
    line = Line(broker.address, client_id="latchkey-1", is_shared=True, heard=lambda _: None, changed=changed.append)
    assert not line.publish(DOWN, b"nowhere", None)
    line.start([])
    until(lambda: line.connection is not None)
    # The gateway hangs: it is connected, but takes nothing, as a full radio queue would be.
    sleeper = Peer(broker.address, ONE, wall.passwords[ONE], is_lasting=True)
    sleeper.subscribe(f"{PREFIX}/gateways/{ONE}/+/down")
    sleeper.leave()
    assert line.publish(DOWN, b"unlock", timedelta(seconds=1.9))
    assert not line.publish(DOWN, b"the last moment", timedelta(seconds=0.9))
    assert line.publish(DOWN, b"settings", timedelta(seconds=60))
    threading.Event().wait(2.1)
    awake = Peer(broker.address, ONE, wall.passwords[ONE], is_lasting=True)
    assert awake.hear() == (DOWN, b"settings")
    line.stop()


# A handshake that fails leaves its socket to the garbage collector, in paho.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket")
@pytest.mark.parametrize("fault", [LinkFault.LOG_IN, LinkFault.CERTIFICATE, LinkFault.UNREACHABLE])
def test_why_there_is_no_line_is_said_without_the_password(app, start_broker, caplog, fault):
    caplog.set_level(logging.INFO)
    address = start_broker("mosquitto with TLS").address
    wrong = {
        LinkFault.LOG_IN: with_password(address, "not-the-password"),
        LinkFault.CERTIFICATE: dataclasses.replace(address, ca_file=None),
        LinkFault.UNREACHABLE: dataclasses.replace(address, port=free_port()),
    }[fault]
    said: list[LinkFault | None] = []
    line = Line(wrong, client_id="latchkey-1", is_shared=True, heard=lambda _: None, changed=said.append)
    line.start([])
    until(lambda: bool(said))
    line.stop()
    assert said == [fault]
    assert f"no line to the broker at {wrong.url}: {fault.value}" in caplog.text
    assert wrong.password not in caplog.text
    assert wrong.password not in repr(wrong)


def test_the_owner_runs_a_broker_and_says_when_it_cannot(wall, desk, start_runner):
    port = free_port()
    first = start_runner(None, port=port)
    until(lambda: _line().is_up)
    one = Peer(first.address, ONE, wall.passwords[ONE], will=(STATE, b'{"online":false}'))
    one.subscribe(f"{PREFIX}/gateways/{ONE}/+/down")
    one.publish(STATE, b'{"online":true,"firmware":"2.1"}', retain=True)
    one.publish(UP, b"report")
    assert one.hear() == (DOWN, b"ack report")
    # What is queued in this process goes out at once, without waiting for the next look.
    desk.waiting.append(Message(FrameTopic(parse_topic(UP).carrier, LOCK, Way.DOWN), b"unlock"))
    first.wake()
    assert one.hear(0.15) == (DOWN, b"unlock")
    second = start_runner(None, port=port)
    until(lambda: len(_rows()) == 2)
    assert {row.fault for row in _rows()} == {"", "port_taken"}
    idle = start_runner(None, owns=False, port=port)
    one.vanish()
    until(lambda: desk.states == [(ONE, True), (ONE, False)])
    for each in (second, idle, first):
        each.stop()
    assert _line().fault in (LinkFault.STOPPED,)
    assert len(_rows()) == 2


def test_names_are_taken_again_by_whoever_starts_next(tmp_path):
    first, second = ProcessName(tmp_path, PREFIX), ProcessName(tmp_path, PREFIX)
    assert first.text != second.text
    assert max(len(first.text), len(second.text)) <= 23
    first.release()
    third = ProcessName(tmp_path, PREFIX)
    assert third.text == first.text
    assert ProcessName(tmp_path, "other").text not in (second.text, third.text)
