"""A house with a broker that is a list: what carriers bring goes into `take`, what the server sends is carried to the lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.gateways import service as gateways
from pms.link import service
from pms.link.rules import Message
from pms.locks import queries as locks
from pms.protocol.topics import CarrierName, CarrierSort, CarrierState, FrameTopic, Way
from pms.simulators.lock import VirtualLock
from tests.access_records.conftest import set_up
from tests.link.walls import start_broker, start_runner, wall  # noqa: F401

CORRIDOR = CarrierName(CarrierSort.GATEWAY, "A0B1C2D3E4F5")
CLERK = Actor(kind="account", name="Tom")


@dataclass
class Carrier:
    """A gateway or module on the broker, and the locks that are near it."""

    name: CarrierName
    near: dict[str, VirtualLock] = field(default_factory=dict)

    def topic(self, serial: str, way: Way = Way.UP) -> FrameTopic:
        return FrameTopic(self.name, serial, way)

    def says(self, *, is_online: bool, firmware: str = "", sim: str = "") -> None:
        service.note_state(carrier=self.name, state=CarrierState(is_online, firmware, sim), now=clock.now())

    def up(self, frame: bytes, serial: str) -> list[Message]:
        """What the server says at once to a frame that this carrier brings."""
        return service.take(messages=[Message(self.topic(serial), frame)], now=clock.now())

    def bring(self, messages: list[Message]) -> list[Message]:
        """Carry frames down to the locks, and their answers up in one batch; what the server says to these."""
        at = int(clock.now().timestamp())
        ups = []
        for message in messages:
            assert message.topic.way is Way.DOWN
            assert message.topic.carrier == self.name
            answer = self.near[message.topic.lock].receive(message.payload, at)
            if answer is not None:
                ups.append(Message(self.topic(message.topic.lock), answer))
        return service.take(messages=ups, now=clock.now()) if ups else []

    def bring_all(self) -> int:
        """Until nothing is due any more; how many frames went down."""
        count, messages = 0, service.due(now=clock.now())
        while messages:
            count += len(messages)
            messages = self.bring(messages) or service.due(now=clock.now())
        return count


@dataclass
class Corridor:
    """Rooms 101 and 102 hang on one gateway, which is online; the server is connected to the broker."""

    gateway_id: int
    carrier: Carrier
    lock_ids: dict[str, int]
    serials: dict[str, str]

    def twin(self, room: str) -> VirtualLock:
        return self.carrier.near[self.serials[room]]


def build_corridor(house, now: datetime, rooms: tuple[str, ...] = ("101", "102")) -> Corridor:
    manager = Actor(kind="account", name="Mo", account_id=house.accounts["manager"].id)
    gateway = gateways.bind_gateway(serial_number=CORRIDOR.id, name="Corridor 1", actor=manager, now=now)
    lock_ids = {room: house.doors[room].lock_id for room in rooms}
    near, serials = {}, {}
    for room, lock_id in lock_ids.items():
        twin = set_up(lock_id, now)
        serials[room] = locks.get_lock(lock_id).serial_number
        near[serials[room]] = twin
        gateways.hang_lock(gateway_id=gateway.id, lock_id=lock_id, actor=manager, now=now)
    carrier = Carrier(CORRIDOR, near)
    gateways.note_link(name="test", is_connected=True, now=now)
    carrier.says(is_online=True)
    corridor = Corridor(gateway.id, carrier, lock_ids, serials)
    # A new lock tells of itself first.
    for serial, twin in near.items():
        while (report := twin.pending_report(int(now.timestamp()))) is not None:
            for message in carrier.up(report, serial):
                twin.receive(message.payload, int(now.timestamp()))
    db.remove()
    return corridor


@pytest.fixture
def corridor(house, now) -> Corridor:
    return build_corridor(house, now)


@pytest.fixture
def any_corridor(any_house, now) -> Corridor:
    """The same on both databases."""
    return build_corridor(any_house, now)
