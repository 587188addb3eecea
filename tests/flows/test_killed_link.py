"""Doors are used all the time while server and broker are killed and started again: real processes, real sockets, real time."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.request import Request, urlopen

import pytest
import sqlalchemy as sa

from pms.access_records.models import AccessRecord, RecordFinding, RecordGap
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.gateways import log_ins
from pms.gateways.models import Gateway
from pms.lock_commands.models import CommandState, LockCommand
from pms.protocol.record import RecordMethod
from pms.simulators.lock import VirtualLock
from pms.simulators.mqtt import Account, OnlineCarrier
from tests.factories import PASSWORD
from tests.flows.server import Server
from tests.link import grand_house
from tests.link.brokers import MOSQUITTO, Mosquitto, until
from tests.link.grand_house import GrandHouse, Twin
from tests.simulators.lock_world import noted_openings

pytestmark = pytest.mark.skipif(not MOSQUITTO.exists(), reason="no Mosquitto is installed")

MANAGER = Actor(kind="account", name="Manager")
ROOMS = 6
PAUSE = 0.04


class Scene:
    """A house of six doors behind two gateways, a broker, and a server with its own clock."""

    def __init__(self, app, tmp_path) -> None:
        clock.freeze(None)
        self.random = Random()
        self.house: GrandHouse = grand_house.build(
            self.random, rooms=ROOMS, gateways=2, radio_loss=0.02, now=clock.now()
        )
        self.broker = Mosquitto(tmp_path)
        self.stack = ExitStack()
        self.carriers = self._switch_on()
        self.broker.start()
        address = self.broker.address
        url = f"mqtt://{address.username}:{address.password}@{address.host}:{address.port}"
        self.server = Server(app.config["SETTINGS"], tmp_path / "server.log", PMS_MQTT_URL=url)
        self.uses = 0

    def _switch_on(self) -> dict[str, OnlineCarrier]:
        gateway_ids = dict(db.session.execute(sa.select(Gateway.serial_number, Gateway.id)).all())
        db.remove()
        passwords = {
            serial: log_ins.give_gateway_password(gateway_id=gateway_id, actor=MANAGER, now=clock.now())[1]
            for serial, gateway_id in gateway_ids.items()
        }
        self.broker.write(log_ins.password_hashes())
        db.remove()
        made = {}
        for gateway in self.house.gateways:
            gateway.radio.delay = (0.005, 0.03)
            name = gateway.name.id
            account = Account(self.broker.address.host, self.broker.address.port, name, passwords[name])
            made[name] = self.stack.enter_context(OnlineCarrier(gateway, account, now=time.time))
        return made

    def close(self) -> None:
        self.server.close()
        self.stack.close()
        self.broker.stop()

    def use_doors(self, seconds: float) -> None:
        """Somebody goes through one of the doors, and the next through another, whatever else happens."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.use_door(self.random.choice(self.house.twins))
            time.sleep(PAUSE)

    def use_door(self, twin: Twin) -> None:
        self.carriers[twin.gateway.name.id].use(twin.serial, VirtualLock.use_inside_handle)
        self.uses += 1

    def ask(self, path: str, body: dict[str, Any], token: str = "") -> Any:
        """Call the API; what `data` holds."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        request = Request(f"{self.server.url}/api{path}", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=10) as answer:
            return json.load(answer)["data"]

    def is_told(self) -> bool:
        """Whether no lock has anything left to report."""
        return all(not twin.lock.state.outstanding and not _is_behind(twin.lock) for twin in self.house.twins)

    def states(self) -> dict[int, CommandState]:
        db.remove()
        return dict(db.session.execute(sa.select(LockCommand.id, LockCommand.state)).all())


def _is_behind(lock: VirtualLock) -> bool:
    return lock.state.reported_sequence < lock.state.newest_sequence


@pytest.fixture
def scene(app, tmp_path) -> Iterator[Scene]:
    scene = Scene(app, tmp_path)
    yield scene
    scene.close()
    clock.freeze(None)


@pytest.fixture
def opened(monkeypatch) -> list[tuple[str, int, int]]:
    return noted_openings(monkeypatch)


@pytest.mark.timeout(300)
def test_nothing_is_lost_late_or_done_twice_when_server_and_broker_are_killed(scene, opened):
    scene.server.start()
    token = scene.ask("/auth/login", {"username": "manager", "password": PASSWORD})["token"]
    asked: dict[int, datetime] = {}

    def unlock() -> int:
        twin = scene.random.choice(scene.house.twins)
        given = scene.ask("/commands/operate", {"lockId": str(twin.lock_id), "operation": "unlock"}, token)
        asked[int(given["commandId"])] = datetime.now(UTC)
        return int(given["commandId"])

    for victim in scene.random.sample(["server", "broker"] * 2 + ["server"], 5):
        unlock()
        scene.use_doors(scene.random.uniform(0.2, 1.2))
        if victim == "server":
            scene.server.kill()
            scene.use_doors(0.3)
            scene.server.start()
        else:
            scene.broker.kill()
            scene.use_doors(scene.random.uniform(0.1, 0.6))
            scene.broker.start()
            scene.use_doors(0.3)

    # When all are there again, the desk's word reaches the door at once, and the lock's the desk.
    until(scene.is_told, 30)
    last = unlock()
    until(lambda: scene.states()[last] is CommandState.ANSWERED, 10)
    until(scene.is_told, 10)

    db.remove()
    written = {twin.lock_id: [(r.value.sequence, r.raw) for r in twin.lock.state.records] for twin in scene.house.twins}
    assert sum(map(len, written.values())) >= scene.uses > 50
    rows = sa.select(AccessRecord.lock_id, AccessRecord.sequence, AccessRecord.raw).order_by(AccessRecord.sequence)
    stored: dict[int, list[tuple[int, bytes]]] = {twin.lock_id: [] for twin in scene.house.twins}
    for lock_id, sequence, raw in db.session.execute(rows):
        stored[lock_id].append((sequence, raw))
    assert stored == written
    for model in (RecordGap, RecordFinding):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(model)) == 0

    assert set(Counter((serial, before) for serial, before, _at in opened).values()) == {1}
    assert all(at <= before for _serial, before, at in opened)
    by_command = [
        r for twin in scene.house.twins for r in twin.lock.state.records if r.value.method is RecordMethod.COMMAND
    ]
    assert len(by_command) == len(opened) <= len(asked)
