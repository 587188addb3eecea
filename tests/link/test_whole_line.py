"""The whole way, with nothing in its place but the air: desk, outbox, broker, gateway, lock, and back."""

from __future__ import annotations

import pytest

from pms.core import clock
from pms.core.db import db
from pms.gateways import log_ins, processes
from pms.lock_commands import operate, queries
from pms.lock_commands.models import CommandState
from pms.lock_commands.rules import Deed
from pms.protocol.record import RecordEvent
from pms.protocol.topics import Way, parse_topic
from tests.link.brokers import PREFIX, free_port, until
from tests.link.conftest import CLERK, CORRIDOR
from tests.link.peers import Peer

OWN = f"{PREFIX}/gateways/{CORRIDOR.id}"


@pytest.mark.parametrize("kind", ["embedded", "mosquitto"])
def test_an_unlock_opens_the_door_and_its_record_comes_by_itself(corridor, start_broker, start_runner, kind):
    _, password = log_ins.give_gateway_password(gateway_id=corridor.gateway_id, actor=CLERK, now=clock.now())
    if kind == "embedded":
        runner = start_runner(None, port=free_port())
    else:
        broker = start_broker(kind)
        broker.learn()
        runner = start_runner(broker.address)
    until(lambda: runner.address is not None and _has_line(runner))
    gateway = Peer(runner.address, CORRIDOR.id, password, will=(f"{OWN}/state", b'{"online":false}'))
    gateway.subscribe(f"{OWN}/+/down")
    gateway.publish(f"{OWN}/state", b'{"online":true}', retain=True)

    twin, at = corridor.twin("101"), int(clock.now().timestamp())
    command = operate.operate(lock_id=corridor.lock_ids["101"], deed=Deed.UNLOCK, actor=CLERK, now=clock.now())
    db.remove()
    # It may be sent twice: when it is asked for, and when the gateway says that it is there.
    until(lambda: _carry_down(gateway, corridor, at) and _state(command.id) is CommandState.ANSWERED)
    assert [r.value.event for r in twin.state.records].count(RecordEvent.OPENED) == 1

    # What the lock tells of it is kept by the gateway until the acknowledgement is back.
    report = twin.pending_report(at)
    assert report is not None
    gateway.publish(f"{OWN}/{corridor.serials['101']}/up", report)
    gateway.publish(f"{OWN}/{corridor.serials['101']}/up", report)
    until(lambda: _carry_down(gateway, corridor, at) and twin.pending_report(at) != report)


def _has_line(runner) -> bool:
    db.remove()
    return runner._line.connection is not None and processes.is_linked_without("test", clock.now())


def _state(command_id: int) -> CommandState:
    db.remove()
    return queries.get(command_id).state


def _carry_down(gateway: Peer, corridor, at: int) -> bool:
    """What came for a lock goes there, and what the lock says goes up."""
    while (heard := gateway.hear(0.05)) is not None:
        topic = parse_topic(heard[0], PREFIX)
        assert topic.way is Way.DOWN
        answer = corridor.carrier.near[topic.lock].receive(heard[1], at)
        if answer is not None:
            gateway.publish(f"{OWN}/{topic.lock}/up", answer)
    return True
