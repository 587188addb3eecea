"""A house with gateways and a module that may log in, and brokers to log in at."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.gateways import log_ins
from pms.gateways import service as gateways
from tests.installation import settings_for

if TYPE_CHECKING:
    from pms.config import BrokerAddress
    from pms.link.runner import Runner
    from tests.link.brokers import Broker

MODULE = "490154203237518"
SERIALS = ("A0B1C2D3E4F5", "00112233AABB")


@dataclass
class Wall:
    """What hangs on the wall: the passwords of two gateways and a module, by user name; and the gateways' ids."""

    actor: Actor
    passwords: dict[str, str] = field(default_factory=dict)
    gateway_ids: dict[str, int] = field(default_factory=dict)


@pytest.fixture
def wall(app, house) -> Wall:
    actor = Actor(kind="account", name="Mo", account_id=house.accounts["manager"].id)
    wall, now = Wall(actor), clock.now()
    for number, serial in enumerate(SERIALS):
        gateway = gateways.bind_gateway(serial_number=serial, name=f"Corridor {number + 1}", actor=actor, now=now)
        wall.gateway_ids[serial] = gateway.id
        _, wall.passwords[serial] = log_ins.give_gateway_password(gateway_id=gateway.id, actor=actor, now=now)
    lock_id = house.doors["101"].lock_id
    gateways.ask_module(lock_id=lock_id, imei=MODULE, actor=actor, now=now)
    _, wall.passwords[MODULE] = log_ins.give_module_password(imei=MODULE, actor=actor, now=now)
    db.remove()
    return wall


@pytest.fixture
def start_broker(app, tmp_path) -> Iterator[Callable[[str], Broker]]:
    """`start_broker("embedded" | "mosquitto" | "mosquitto with TLS")`."""
    # Only where it is used: the libraries take their time to load.
    from tests.link.brokers import MOSQUITTO, Embedded, Mosquitto

    brokers: list[Broker] = []

    def start(kind: str) -> Broker:
        if kind == "embedded":
            broker: Broker = Embedded()
        elif not MOSQUITTO.exists():
            pytest.skip("no Mosquitto is installed")
        else:
            broker = Mosquitto(tmp_path, tls="TLS" in kind)
            broker.start()
        brokers.append(broker)
        return broker

    yield start
    for broker in brokers:
        broker.stop()


@pytest.fixture
def start_runner(tmp_path) -> Iterator[Callable[..., Runner]]:
    """A process of the server at this broker (None: it runs its own)."""
    from pms.link.runner import Runner

    runners: list[Runner] = []

    def start(address: BrokerAddress | None, *, owns: bool = True, port: int | None = None) -> Runner:
        settings = dataclasses.replace(settings_for(tmp_path, ""), broker=address, own_broker_port=port)
        one = Runner(settings, is_owner=lambda: owns)
        runners.append(one)
        one.start()
        return one

    yield start
    for one in runners:
        if one._thread.is_alive():
            one.stop()
