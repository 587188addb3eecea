"""At both brokers: who comes in, and who may use which topic."""

from __future__ import annotations

import socket

import pytest

from pms.core import clock
from pms.gateways import log_ins
from pms.gateways import service as gateways
from pms.link import acl
from tests.link.brokers import PREFIX, until
from tests.link.peers import Peer
from tests.link.walls import MODULE, SERIALS

ONE, TWO = SERIALS
LOCK = "0A0B0C0D0E0F"
BROKERS = ["embedded", "mosquitto", "mosquitto with TLS"]


def _of(serial: str, rest: str) -> str:
    return f"{PREFIX}/gateways/{serial}/{rest}"


@pytest.mark.parametrize("kind", BROKERS)
def test_carriers_use_their_own_topics_each_one_way(wall, start_broker, kind):
    broker = start_broker(kind)
    broker.learn()
    address = broker.address
    server = Peer(address, address.username, address.password)
    assert server.verdict == ""
    assert server.subscribe(*acl.frame_filters(PREFIX), *acl.state_filters(PREFIX))

    assert "uthori" in Peer(address, ONE, "wrong").verdict
    assert "uthori" in Peer(address, ONE, wall.passwords[TWO]).verdict
    assert "uthori" in Peer(address, "FFFFFFFFFFFF", "unknown").verdict
    assert "uthori" in Peer(address, "", "").verdict
    assert "uthori" in Peer(address, address.username, "wrong").verdict

    one = Peer(address, ONE, wall.passwords[ONE], will=(_of(ONE, "state"), b'{"online":false}'))
    two = Peer(address, TWO, wall.passwords[TWO])
    module = Peer(address, MODULE, wall.passwords[MODULE])
    assert (one.verdict, two.verdict, module.verdict) == ("", "", "")
    assert one.subscribe(_of(ONE, "+/down"))
    # Mosquitto takes a subscription to anything, and sends nothing of it; what counts is what is heard.
    for peer in (two, module):
        peer.subscribe(_of(ONE, "+/down"), _of(ONE, f"{LOCK}/down"), f"{PREFIX}/#", "#", "$SYS/#")

    one.publish(_of(ONE, "state"), b'{"online":true}', retain=True)
    assert server.hear() == (_of(ONE, "state"), b'{"online":true}')
    one.publish(_of(ONE, f"{LOCK}/up"), b"report")
    assert server.hear() == (_of(ONE, f"{LOCK}/up"), b"report")
    module.publish(f"{PREFIX}/modules/{MODULE}/{LOCK}/up", b"of the module")
    assert server.hear() == (f"{PREFIX}/modules/{MODULE}/{LOCK}/up", b"of the module")
    server.publish(_of(ONE, f"{LOCK}/down"), b"command")
    assert one.hear() == (_of(ONE, f"{LOCK}/down"), b"command")

    for topic in (_of(TWO, "state"), _of(TWO, f"{LOCK}/up"), _of(ONE, f"{LOCK}/down"), f"{PREFIX}/else", "else"):
        one.publish(topic, b"forged", retain=True)
    # What is refused before is heard no later than what is allowed after it.
    one.publish(_of(ONE, f"{LOCK}/up"), b"last")
    assert server.hear() == (_of(ONE, f"{LOCK}/up"), b"last")
    server.publish(_of(TWO, f"{LOCK}/down"), b"for two")
    late = Peer(address, address.username, address.password)
    late.subscribe("#")
    assert late.hear() == (_of(ONE, "state"), b'{"online":true}')
    assert late.hear(0.1) is None
    assert one.topics() == []
    # Nothing of another carrier: not what it was sent, nor what is retained of it.
    assert [topic for topic in (*two.topics(), *module.topics()) if TWO not in topic] == []

    one.vanish()
    assert late.hear() == (_of(ONE, "state"), b'{"online":false}')
    for peer in (two, module, late):
        peer.leave()


@pytest.mark.parametrize("kind", BROKERS[:2])
def test_whoever_leaves_the_house_or_gets_another_password_is_thrown_out(wall, start_broker, kind):
    broker = start_broker(kind)
    broker.learn()
    one = Peer(broker.address, ONE, wall.passwords[ONE])
    two = Peer(broker.address, TWO, wall.passwords[TWO])
    now = clock.now()
    gateways.unbind_gateway(gateway_id=wall.gateway_ids[ONE], actor=wall.actor, now=now)
    _, new = log_ins.give_gateway_password(gateway_id=wall.gateway_ids[TWO], actor=wall.actor, now=now)
    broker.learn()
    assert one.is_gone.wait(8)
    assert two.is_gone.wait(8)
    assert Peer(broker.address, ONE, wall.passwords[ONE]).verdict
    assert Peer(broker.address, TWO, wall.passwords[TWO]).verdict
    assert Peer(broker.address, TWO, new).verdict == ""


def test_the_embedded_broker_gives_nobody_the_session_or_the_will_of_another(wall, start_broker):
    broker = start_broker("embedded")
    address = broker.address
    server = Peer(address, address.username, address.password, client_id="latchkey")
    server.subscribe(*acl.frame_filters(PREFIX), *acl.state_filters(PREFIX))
    # The client id means nothing, neither to a stranger nor to another carrier.
    assert Peer(address, "stranger", "guess", client_id="latchkey").verdict
    two = Peer(address, TWO, wall.passwords[TWO], client_id="latchkey")
    two.publish(_of(TWO, f"{LOCK}/up"), b"mine")
    assert server.hear() == (_of(TWO, f"{LOCK}/up"), b"mine")
    # A will is written like everything else: in the own name only.
    forged = Peer(address, ONE, wall.passwords[ONE], will=(_of(TWO, "state"), b'{"online":false}'))
    assert forged.verdict
    # Who comes again takes the place of the connection before, whose will goes out first.
    own = (_of(ONE, "state"), b'{"online":false}')
    first = Peer(address, ONE, wall.passwords[ONE], will=own)
    second = Peer(address, ONE, wall.passwords[ONE], will=own)
    second.publish(_of(ONE, "state"), b'{"online":true}', retain=True)
    assert first.is_gone.wait(8)
    assert [server.hear(), server.hear()] == [own, (own[0], b'{"online":true}')]
    # A packet that no frame needs ends the connection, and is not read.
    second.publish(_of(ONE, f"{LOCK}/up"), bytes(5000))
    assert second.is_gone.wait(8)
    assert server.hear() == own
    until(lambda: not server.topics())


def test_the_embedded_broker_gives_a_silent_peer_up(wall, start_broker):
    address = start_broker("embedded").address
    server = Peer(address, address.username, address.password)
    server.subscribe(*acl.state_filters(PREFIX))
    # A radio that is out of reach closes nothing: no ping comes within the second that it promised.
    with socket.create_connection((address.host, address.port)) as silent:
        silent.sendall(_connect(ONE, wall.passwords[ONE], _of(ONE, "state"), b'{"online":false}', keep_alive=1))
        assert silent.recv(4) == b"\x20\x02\x00\x00"
        assert server.hear() == (_of(ONE, "state"), b'{"online":false}')
        assert silent.recv(1) == b""
    # Whoever sends no greeting, or half of one that never ends, is not waited for by the others.
    with socket.create_connection((address.host, address.port)) as rude:
        rude.sendall(b"\x10\xff\xff\xff\x7f")
        assert rude.recv(1) == b""
    assert Peer(address, TWO, wall.passwords[TWO]).verdict == ""


def _connect(user: str, password: str, will_topic: str, will: bytes, *, keep_alive: int) -> bytes:
    """A CONNECT of MQTT 3.1.1 with a clean session and a last will that is retained, QoS 1."""
    parts = [b"any id", will_topic.encode(), will, user.encode(), password.encode()]
    body = b"\x00\x04MQTT\x04\xee" + keep_alive.to_bytes(2, "big")
    body += b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    assert len(body) < 128
    return bytes([0x10, len(body)]) + body
