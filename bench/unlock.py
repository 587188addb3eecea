"""Unlock from the desk: the server's own share from the click to "The door is open.", without the line and the lock's motor.

The floor is the unavoidable: the order and the lock's word are two durable commits. And what the outbox costs while nothing is to
be sent, in a house whose books are full and where much waits for locks that are away.
"""

from __future__ import annotations

import sqlite3
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from bench import month
from bench.chart import _log_in
from bench.desk import _token
from bench.house import _lay_doors
from bench.measure import Row, median_ms, row
from pms import schema
from pms.app import create_app
from pms.config import load_settings
from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.core.ids import new_id
from pms.gateways import service as gateways
from pms.gateways.models import Gateway, GatewayLock
from pms.link import service
from pms.link.rules import Message
from pms.lock_commands import operate
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks import lock_keys
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import Lock
from pms.protocol.command import Command
from pms.protocol.topics import CarrierName, CarrierSort, CarrierState, FrameTopic, Way
from pms.simulators.lock import VirtualLock

ROOMS, ROUNDS = 150, 40
HISTORY, WAITING = 100_000, 6_000


@dataclass
class Door:
    """A lock behind a gateway that is on the broker."""

    lock_id: int
    serial: str
    lock: VirtualLock
    carrier: CarrierName


def run() -> list[Row]:
    """A house of 150 rooms on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(Path(folder), environment="demo"))
        schema.upgrade(db.engine)
        with app.app_context():
            month.fill(rooms=ROOMS)
            _lay_doors()
            door = _hang()
        client = _log_in(app)
        commit, two = _commits(Path(folder))
        rows = [_unlock(client, door, two)]
        with app.app_context():
            rows.append(_idle("outbox: nothing to send", commit))
            _fill(door)
            rows.append(_idle(f"outbox: nothing to send, {WAITING:,} wait for locks away", commit))
        db.dispose()
        return rows


def _hang() -> Door:
    """The first lock is set up for real and can be reached; the others hang on a gateway that is away."""
    now, ids = clock.now(), list(db.session.scalars(sa.select(Lock.id).order_by(Lock.serial_number)))
    row = locks.get_lock(ids[0])
    twin = VirtualLock.fresh(lock_keys.serial_of(row), lock_keys.mac_of(row), bytes.fromhex(row.lock_keys or ""))
    frame = lock_service.start_setup(lock_id=ids[0], is_factory_new=True, actor=SETUP, now=now)
    answer = twin.receive(frame, int(now.timestamp()))
    assert answer is not None
    lock_service.finish_setup(lock_id=ids[0], answer=answer, actor=SETUP, now=now)
    here, away = CarrierName(CarrierSort.GATEWAY, "A0B1C2D3E4F5"), CarrierName(CarrierSort.GATEWAY, "A0B1C2D3E4F6")
    manager = db.session.scalar(sa.text("SELECT id FROM account"))
    with transaction() as session:
        for carrier, some in ((here, ids[:1]), (away, ids[1:])):
            gateway = Gateway(
                serial_number=carrier.id, name=carrier.id, bound_by_id=manager, bound_at=now, created_at=now
            )
            session.add(gateway)
            session.flush()
            session.add_all(GatewayLock(lock_id=lock_id, gateway_id=gateway.id, since=now) for lock_id in some)
    service.note_state(carrier=here, state=CarrierState(is_online=True), now=now)
    return Door(ids[0], row.serial_number, twin, here)


def _unlock(client: FlaskClient, door: Door, floor: tuple[float, float]) -> Row:
    """The click, the frame out, the answer in, and the page that shows it."""
    token = _token(client.get("/accounts/me").text)
    gateways.note_link(name="bench", is_connected=True, now=clock.now() + timedelta(hours=1))
    url, headers = f"/commands/lock/{door.lock_id}/do/unlock", {"HX-Request": "true"}

    def once() -> None:
        form = {"csrf_token": token, "request_id": str(uuid.uuid4()), "by": ""}
        shown = client.post(url, data=form, headers=headers)
        assert shown.status_code == 200, shown.status_code
        (message,) = service.due(now=clock.now())
        answer = door.lock.receive(message.payload, int(clock.now().timestamp()))
        assert answer is not None
        service.take(messages=[Message(FrameTopic(door.carrier, door.serial, Way.UP), answer)], now=clock.now())
        command = db.session.scalar(
            sa.select(LockCommand.id).where(LockCommand.subject_kind == operate.SUBJECT).order_by(LockCommand.id.desc())
        )
        db.remove()
        assert "The door is open." in client.get(f"/commands/{command}/state", headers=headers).text

    return row(
        "unlock: click, frame out, answer in, page", median_ms(once, rounds=ROUNDS), floor, "two durable commits"
    )


def _idle(what: str, floor: tuple[float, float]) -> Row:
    def look() -> None:
        assert service.due(now=clock.now()) == []
        db.remove()

    return row(what, median_ms(look, rounds=ROUNDS), floor, "one durable commit")


def _fill(door: Door) -> None:
    """A year of commands to all locks, and much that waits for those that are away."""
    now, others = clock.now(), list(db.session.scalars(sa.select(Lock.id).where(Lock.id != door.lock_id)))

    def command(lock_id: int, state: CommandState) -> dict[str, Any]:
        return {
            "id": new_id(),
            "lock_id": lock_id,
            "command": int(Command.READ_SETTINGS),
            "state": state,
            "subject_kind": "bench",
            "subject_id": 0,
            "part": 1,
            "is_last": True,
            "is_urgent": False,
            "sends": 0,
            "actor_name": "bench",
            "created_at": now,
            "counter": new_id() if state is CommandState.ANSWERED else None,
        }

    with transaction() as session:
        every = [door.lock_id, *others]
        done = [command(every[number % len(every)], CommandState.ANSWERED) for number in range(HISTORY)]
        waiting = [command(others[number % len(others)], CommandState.MADE) for number in range(WAITING)]
        session.execute(sa.insert(LockCommand), done + waiting)
    db.remove()


def _commits(home: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    disk = sqlite3.connect(home / "floor.db", isolation_level=None)
    disk.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(a)")

    def store(times: int) -> Callable[[], None]:
        def work() -> None:
            for _ in range(times):
                disk.execute("INSERT INTO t VALUES (1)")

        return work

    found = median_ms(store(1)), median_ms(store(2))
    disk.close()
    return found
