"""Reports of locks applied a second, through the service: records one by one (0300) and in pages of 60 (0301).

The floor is the unavoidable: the same rows into the same database with one plain executemany for each report.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.measure import Row
from pms import schema
from pms.access_records import rules, service
from pms.access_records.models import AccessRecord
from pms.app import create_app
from pms.config import load_settings
from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.demo import build
from pms.demo.world import World
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.protocol.record import RecordEvent, RecordMethod
from pms.simulators.lock import VirtualLock

COUNT = 600
PAGE = 60


@dataclass
class Door:
    """A lock of the demo hotel with much to tell."""

    lock_id: int
    serial_number: str
    lock: VirtualLock


def run() -> list[Row]:
    """On SQLite, with the demo's hotel in it; every report is one durable commit."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world = World(home / "world.json")
        app = create_app(load_settings(home, environment="demo"), world=world)
        schema.upgrade(db.engine)
        with app.app_context():
            build.build(world, floors=1)
            rows = _measure(world)
        db.dispose()
        world.close()
        return rows


def _measure(world: World) -> list[Row]:
    first, second = [
        Door(lock.id, serial, world.locks[serial])
        for serial in list(world.locks)[:2]
        if (lock := locks.find_lock_by_serial(serial)) is not None
    ]
    _report(first), _report(second)
    single, paged = _singly(first), _in_pages(second)
    return [
        _row("records one by one (0300)", single, _floor(first.lock_id, 1), "executemany, 1 row a commit"),
        _row("records in pages of 60 (0301)", paged, _floor(second.lock_id, PAGE), "executemany, 60 rows a commit"),
    ]


def _singly(door: Door) -> float:
    _log(door)
    return COUNT / _report(door)


def _in_pages(door: Door) -> float:
    _log(door)
    service.sync_records(lock_id=door.lock_id, actor=SETUP, now=clock.now())
    took, at = 0.0, int(clock.now().timestamp())
    while (frame := lock_commands.next_frame(serial_number=door.serial_number, now=clock.now())) is not None:
        answer = door.lock.receive(frame, at)
        assert answer is not None
        took += _timed(
            lambda answer=answer: service.take_frame(
                serial_number=door.serial_number, frame=answer, kinds=rules.RECORDS, actor=SETUP, now=clock.now()
            )
        )[0]
    return COUNT / took


def _log(door: Door) -> None:
    """Doors that open from inside, and every fifth time by a stored card of nobody."""
    at = int(clock.now().timestamp()) - COUNT
    for second in range(COUNT):
        method = RecordMethod.CARD if second % 5 == 0 else RecordMethod.INSIDE_HANDLE
        door.lock.state.log(at + second, RecordEvent.OPENED, method, 77 if method is RecordMethod.CARD else 0)


def _report(door: Door) -> float:
    """Carry each report; the seconds that the service took."""
    took, at = 0.0, int(clock.now().timestamp())
    while (frame := door.lock.pending_report(at)) is not None:
        seconds, answer = _timed(
            lambda frame=frame: service.take_report(
                serial_number=door.serial_number, frame=frame, actor=SETUP, now=clock.now()
            )
        )
        assert answer is not None
        door.lock.receive(answer, at)
        took += seconds
    return took


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    given = work()
    db.remove()
    return time.perf_counter() - start, given


def _floor(lock_id: int, size: int) -> float:
    """The rows that were just stored, once more, under numbers that nobody has."""
    table: Any = AccessRecord.__table__
    found = db.session.execute(
        sa.select(table).where(table.c.lock_id == lock_id).order_by(table.c.sequence.desc()).limit(COUNT)
    )
    rows = [dict(row) for row in found.mappings()]
    for row in rows:
        row["id"] += 2**40
        row["sequence"] += 10_000_000
    db.remove()
    took = 0.0
    for begin in range(0, COUNT, size):
        took += _timed(lambda begin=begin: _insert(table, rows[begin : begin + size]))[0]
    return COUNT / took


def _insert(table: Any, rows: list[dict[str, Any]]) -> None:
    with transaction() as session:
        session.execute(sa.insert(table), rows)


def _row(what: str, figure: float, floor: float, floor_is: str) -> Row:
    return Row(what, f"{figure:.0f}/s", f"{floor:.0f}/s", floor / figure, floor_is)
