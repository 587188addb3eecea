"""The desk of a house with a month at 80 %: booking, check-in with a key job, the day's lists, the search; 150 and 1,000 rooms."""

from __future__ import annotations

import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from bench import month
from bench.chart import _log_in
from bench.desk import _token
from bench.measure import Row, median_ms, row
from pms import schema
from pms.app import create_app
from pms.config import load_settings
from pms.core import clock
from pms.core.db import db, transaction
from pms.encoders.models import Encoder, EncoderState
from pms.locks.models import Door, Lock, LockSetup
from pms.properties.service import _new_site_key, next_door_number
from pms.rooms.models import HousekeepingStatus, Room, RoomType
from pms.stays.models import Stay, StayState

POSTS = 22
ROUNDS = 15


def run() -> list[Row]:
    """Houses of 150 and of 1,000 rooms, on SQLite."""
    return [row for rooms in (150, 1000) for row in _house(rooms)]


def _house(rooms: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(Path(folder), environment="demo"))
        schema.upgrade(db.engine)
        with app.app_context():
            filled = month.fill(rooms=rooms)
            machine = _lay_doors()
        client = _log_in(app)
        floor = _durable_commit(Path(folder))
        rows = [
            *_pages(client, filled),
            _booking(client, filled, floor),
            _check_in(client, filled, machine, floor),
        ]
        db.dispose()
        return rows


def _lay_doors() -> int:
    """A lock that is set up on every room's door, keys of the house, a card machine; the machine's id."""
    now = clock.now()
    with transaction() as session:
        session.add(_new_site_key(1, now))
        for index, room in enumerate(session.scalars(sa.select(Room)).all()):
            room.housekeeping = HousekeepingStatus.INSPECTED
            lock = Lock(
                serial_number=f"{0xB00000000000 + index:012X}",
                mac=f"02:4C:4B:10:{index >> 8:02X}:{index & 255:02X}",
                name=f"Z-{index:06X}",
                lock_keys="AD193DF8A5A233B5",
                server_keys="5214744968050256",
                setup=LockSetup.READY,
                created_at=now,
            )
            session.add(lock)
            session.flush()
            session.add(Door(number=next_door_number(), name=room.number, room_id=room.id, lock_id=lock.id))
        machine = Encoder(name="Front desk 1", url="/dev/null-encoder", created_at=now, state=EncoderState.READY)
        session.add(machine)
        return machine.id


def _durable_commit(home: Path) -> tuple[float, float]:
    disk = sqlite3.connect(home / "floor.db", isolation_level=None)
    disk.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(a)")
    found = median_ms(lambda: disk.execute("INSERT INTO t VALUES (1)"))
    disk.close()
    return found


def _pages(client: FlaskClient, filled: month.Month) -> list[Row]:
    def page(url: str) -> None:
        answer = client.get(url)
        assert answer.status_code == 200, f"{url}: {answer.status_code}"

    token = _token(client.get("/accounts/me").text)

    def find(text: str) -> None:
        answer = client.post("/search/", data={"q": text, "csrf_token": token}, headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.status_code

    floor = median_ms(lambda: page("/accounts/me"), rounds=ROUNDS)
    house = f"{filled.rooms} rooms"
    pages = (
        ("today", "/today"),
        ("arriving", "/today?show=arriving"),
        ("room board", "/rooms"),
        ("availability, 14 days", "/availability/"),
        ("dialog of a booking", "/book"),
    )
    return [
        *(
            row(f"{name}, {house}", median_ms(lambda url=url: page(url), rounds=ROUNDS), floor, "own settings page")
            for name, url in pages
        ),
        row(f"search “we”, {house}", median_ms(lambda: find("we"), rounds=ROUNDS), floor, "own settings page"),
    ]


def _booking(client: FlaskClient, filled: month.Month, floor: tuple[float, float]) -> Row:
    """Bookings of a new guest each, after the month that is full."""
    token = _token(client.get("/accounts/me").text)
    kind = db.session.scalars(sa.select(RoomType.id).order_by(RoomType.position)).first()
    db.remove()
    after = clock.now().date() + timedelta(days=filled.days + 30)
    days: Iterator[int] = iter(range(1000))

    def post() -> None:
        arrival = after + timedelta(days=next(days))
        form = {
            "csrf_token": token,
            "request_id": str(uuid.uuid4()),
            "new_guest": "1",
            "family_name": "Ebner",
            "given_name": "Ruth",
            "kind": "nights",
            "source": "phone",
            "arrival_date": arrival.isoformat(),
            "departure_date": (arrival + timedelta(days=2)).isoformat(),
            "adults": "2",
            "children": "0",
            "room_type_id": str(kind),
            "room_id": "",
        }
        answer = client.post("/book", data=form)
        assert answer.status_code == 303, answer.text

    what = f"booking POST, {filled.rooms} rooms, {filled.stays:,} stays"
    return row(what, median_ms(post, rounds=ROUNDS), floor, "one durable SQLite commit")


def _check_in(client: FlaskClient, filled: month.Month, machine: int, floor: tuple[float, float]) -> Row:
    """Check-ins of those who arrive today, each with a key job."""
    today = clock.now().date()
    inside = sa.select(Stay.room_id).where(Stay.state == StayState.IN_HOUSE, Stay.room_id.is_not(None))
    arriving = db.session.execute(
        sa.select(Stay.id, Stay.version, Stay.room_id, Stay.departure_date)
        .where(
            Stay.state == StayState.CONFIRMED,
            Stay.arrival_date == today,
            Stay.room_id.is_not(None),
            Stay.room_id.not_in(inside),
        )
        .limit(POSTS)
    ).all()
    db.remove()
    token = _token(client.get("/accounts/me").text)
    queue = iter(arriving)

    def post() -> None:
        stay = next(queue)
        form = {
            "csrf_token": token,
            "request_id": str(uuid.uuid4()),
            "version": stay.version,
            "room_id": stay.room_id,
            "departure_date": stay.departure_date.isoformat(),
            "cards": "1",
            "encoder_id": machine,
        }
        answer = client.post(f"/stays/{stay.id}/check-in", data=form)
        assert answer.status_code == 303, answer.text

    what = f"check-in POST with a key job, {filled.rooms} rooms"
    return row(what, median_ms(post, rounds=len(arriving) - 2, warm=2), floor, "one durable SQLite commit")
