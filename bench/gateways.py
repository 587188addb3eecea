"""Records stored a second as gateways bring them: hundreds of frames of twenty locks in one transaction.

Beside each figure stands the plain `executemany` of the same rows of `access_record` into the same database, in batches of the
same size, one after the other with the figure's own; and then of all rows that such a batch writes (records, entries of the audit trail, locks, series).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import month
from bench.measure import Row
from pms import schema
from pms.access_records import service
from pms.access_records.models import AccessRecord, RecordSeries
from pms.access_records.service import Brought
from pms.app import create_app
from pms.audit.models import AuditEntry
from pms.config import load_settings
from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.core.ids import new_id
from pms.gateways.rules import Carrier, CarrierKind
from pms.keycards.models import CardReason, CardState, KeyCard, KeyCardGrant
from pms.lock_commands import service as lock_commands
from pms.locks import lock_keys
from pms.locks import service as locks
from pms.locks.models import Door, Lock, LockSetup
from pms.properties.service import _new_site_key, next_door_number
from pms.protocol.command import ACKNOWLEDGED
from pms.protocol.frame import Direction, Frame, peek_header, seal_frame
from pms.protocol.record import RecordEvent, RecordMethod
from pms.rooms.models import Room
from pms.simulators.lock import VirtualLock
from pms.stays.models import Stay
from tests.postgres import start_server

LOCKS = 20
BATCH = 200
BATCHES = 10
GATEWAY = Carrier(CarrierKind.GATEWAY, "0A0B0C0D0E0F")


@dataclass
class Doorway:
    """A door of the house: its lock, and the card of the guest behind it."""

    lock_id: int
    serial_number: str
    lock: VirtualLock
    key: bytes
    credential_id: int

    def report(self, at: int) -> bytes:
        """The next report; it is acknowledged here and now, so that many can be brought at once."""
        frame = self.lock.pending_report(at)
        assert frame is not None
        head = peek_header(frame)
        answer = Frame(head.version, head.command, Direction.ACKNOWLEDGEMENT, head.counter, ACKNOWLEDGED)
        self.lock.receive(seal_frame(self.key, self.lock.state.sn, answer), at)
        return frame


def run() -> list[Row]:
    """On SQLite, and on PostgreSQL where one is installed (its server does not wait for the disk)."""
    rows = []
    with start_server() as url:
        for name, database in (("SQLite", None), ("PostgreSQL", url)):
            if database is None and name != "SQLite":
                continue
            with _house(database) as doors:
                rows += _measure(name, doors)
    return rows


@contextmanager
def _house(url: str | None) -> Iterator[list[Doorway]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(Path(folder), environment="demo")
        app = create_app(replace(settings, database_url=url or settings.database_url))
        schema.upgrade(db.engine)
        with app.app_context():
            month.fill(rooms=LOCKS)
            yield _lay_doors()
        db.dispose()


def _lay_doors() -> list[Doorway]:
    now = clock.now()
    with transaction() as session:
        session.add(_new_site_key(1, now))
        stays = session.scalars(sa.select(Stay.id).limit(LOCKS)).all()
        rooms = session.scalars(sa.select(Room).limit(LOCKS)).all()
        rows = []
        for index, (room, stay_id) in enumerate(zip(rooms, stays, strict=True)):
            lock = Lock(
                serial_number=f"{0xB00000000000 + index:012X}",
                mac=f"02:4C:4B:10:{index >> 8:02X}:{index & 255:02X}",
                name=f"Z-{index:06X}",
                lock_keys="AD193DF8A5A233B5",
                setup=LockSetup.NEW,
                created_at=now,
            )
            session.add(lock)
            session.flush()
            door = Door(number=next_door_number(), name=room.number, room_id=room.id, lock_id=lock.id)
            session.add(door)
            session.flush()
            rows.append((lock.id, _lay_card(session, door.id, stay_id, index, now)))
    return [_set_up(lock_id, credential_id) for lock_id, credential_id in rows]


def _lay_card(session: Any, door_id: int, stay_id: int, index: int, now: datetime) -> int:
    card = KeyCard(
        stay_id=stay_id,
        reason=CardReason.NEW,
        credential_id=5000 + index,
        state=CardState.ACTIVE,
        uid=f"{index:08x}",
        valid_from=now,
        valid_until=now + timedelta(days=2),
        made_by="Desk",
        made_at=now,
    )
    session.add(card)
    session.flush()
    session.add(KeyCardGrant(key_card_id=card.id, unit=1, door_id=door_id, issue=int(now.timestamp())))
    return card.credential_id


def _set_up(lock_id: int, credential_id: int) -> Doorway:
    now = clock.now()
    row = db.session.get_one(Lock, lock_id)
    lock = VirtualLock.fresh(lock_keys.serial_of(row), lock_keys.mac_of(row), bytes.fromhex(row.lock_keys or ""))
    answer = lock.receive(
        locks.start_setup(lock_id=lock_id, is_factory_new=True, actor=SETUP, now=now), int(now.timestamp())
    )
    assert answer is not None
    locks.finish_setup(lock_id=lock_id, answer=answer, actor=SETUP, now=now)
    db.remove()
    row = db.session.get_one(Lock, lock_id)
    door = Doorway(lock_id, row.serial_number, lock, lock_keys.command_key_of(row), credential_id)
    while lock.state.reports or lock.state.reported_sequence < lock.state.newest_sequence:
        frame = door.report(int(now.timestamp()))
        service.take_frames(brought=[Brought(door.serial_number, frame)], now=now)
    db.remove()
    return door


def _measure(name: str, doors: list[Doorway]) -> list[Row]:
    found = []
    for what, log in (("from inside", _from_inside), ("half of them guests’ cards", _with_cards)):
        frames = _singles(doors, log)
        found += _rows(f"0300, {what}, {name}", _timed(frames), len(frames[0]))
    return [*found, *_rows(f"0301 in pages of 60, {name}", _pages(doors), LOCKS * 60)]


def _from_inside(door: Doorway, at: int) -> None:
    """Every fifth time by a stored card of nobody."""
    method = RecordMethod.CARD if at % 5 == 0 else RecordMethod.INSIDE_HANDLE
    door.lock.state.log(at, RecordEvent.OPENED, method, 77 if method is RecordMethod.CARD else 0)


def _with_cards(door: Doorway, at: int) -> None:
    """A guest comes, and the door falls shut."""
    if at % 2:
        door.lock.state.log(at, RecordEvent.LOCKED)
    else:
        door.lock.state.log(at, RecordEvent.OPENED, RecordMethod.OFFLINE_CARD, door.credential_id)


def _singles(doors: list[Doorway], log: Callable[[Doorway, int], None]) -> list[list[Brought]]:
    at = int(clock.now().timestamp())
    batches = []
    for _ in range(BATCHES):
        batch = []
        for second in range(BATCH // LOCKS):
            for door in doors:
                log(door, at - 1000 + second)
                batch.append(Brought(door.serial_number, door.report(at), GATEWAY))
        batches.append(batch)
    return batches


@dataclass
class Took:
    """Seconds and rows of the figure, of its records alone, and of everything that was written."""

    records: int = 0
    figure: float = 0.0
    floor: float = 0.0
    all_rows: float = 0.0
    written: int = 0
    marks: list[int] = field(default_factory=list)

    def add(self, batch: Sequence[Brought]) -> None:
        """Take a batch, then write what it wrote once more."""
        before, entries = _newest(AccessRecord), _newest(AuditEntry)
        start = time.perf_counter()
        taken = service.take_frames(brought=batch, address="gateway", now=clock.now())
        db.remove()
        self.figure += time.perf_counter() - start
        assert all(one is not None and one.is_new for one in taken)
        tables = {
            AccessRecord: _again(AccessRecord, before),
            AuditEntry: _again(AuditEntry, entries),
        }
        self.records += len(tables[AccessRecord])
        self.written += sum(len(rows) for rows in tables.values())
        self.floor += _insert({AccessRecord: tables[AccessRecord]}, [])
        for row in tables[AccessRecord]:
            row["id"], row["sequence"] = new_id(), row["sequence"] + 20_000_000
        self.all_rows += _insert(tables, [one.serial_number for one in batch])


def _newest(model: Any) -> int:
    newest = db.session.scalar(sa.select(sa.func.max(model.id)).where(model.id < 2**62)) or 0
    db.remove()
    return newest


def _again(model: Any, after: int) -> list[dict[str, Any]]:
    """Rows that were just stored, under numbers that nobody has."""
    table = model.__table__
    rows = [
        dict(row)
        for row in db.session.execute(sa.select(table).where(table.c.id > after, table.c.id < 2**62)).mappings()
    ]
    for row in rows:
        row["id"] = (row["id"] if model is AuditEntry else new_id()) + (2**62 if model is AuditEntry else 0)
        if "sequence" in row:
            row["sequence"] += 10_000_000
    db.remove()
    return rows


def _insert(tables: dict[Any, list[dict[str, Any]]], serials: list[str]) -> float:
    start = time.perf_counter()
    with transaction() as session:
        for model, rows in tables.items():
            session.execute(sa.insert(model.__table__), rows)
        if serials:
            lock, series = Lock.__table__, RecordSeries.__table__
            numbers = sorted(set(serials))
            session.connection().execute(
                sa.update(lock)
                .where(lock.c.serial_number == sa.bindparam("serial"))
                .values(last_report=sa.bindparam("frame"), last_report_answer=sa.bindparam("frame")),
                [{"serial": number, "frame": bytes(48)} for number in numbers],
            )
            held = sa.select(lock.c.id).where(lock.c.serial_number == sa.bindparam("serial")).scalar_subquery()
            session.connection().execute(
                sa.update(series).where(series.c.lock_id == held).values(read_at=sa.bindparam("at")),
                [{"serial": number, "at": clock.now()} for number in numbers],
            )
    db.remove()
    took = time.perf_counter() - start
    with transaction() as session:
        session.execute(sa.delete(AccessRecord).where(AccessRecord.sequence > 10_000_000))
    db.remove()
    return took


def _timed(batches: list[list[Brought]]) -> Took:
    took = Took()
    for batch in batches:
        took.add(batch)
    return took


def _pages(doors: list[Doorway]) -> Took:
    took, now = Took(), clock.now()
    at = int(now.timestamp())
    for door in doors:
        for second in range(60 * BATCHES):
            _from_inside(door, at - 1000 + second)
        door.lock.state.reports.clear()
        door.lock.state.reported_sequence = door.lock.state.newest_sequence
        service.sync_records(lock_id=door.lock_id, actor=SETUP, now=now)
    for _ in range(BATCHES):
        batch = []
        for door in doors:
            frame = lock_commands.next_frame(serial_number=door.serial_number, is_remote=True, now=clock.now())
            assert frame is not None
            answer = door.lock.receive(frame, at)
            assert answer is not None
            batch.append(Brought(door.serial_number, answer, GATEWAY))
        db.remove()
        took.add(batch)
    return took


def _rows(what: str, took: Took, size: int) -> list[Row]:
    figure = took.records / took.figure
    return [
        Row(f"{what}", f"{figure:.0f}/s", f"{floor:.0f}/s", floor / figure, floor_is)
        for floor, floor_is in (
            (took.records / took.floor, f"executemany, {size} records a commit"),
            (took.records / took.all_rows, "the same with all that a batch writes"),
        )
    ]
