"""Server time of the pages that a desk waits for: full pages and posts, through the whole application."""

from __future__ import annotations

import re
import sqlite3
import tempfile
import uuid
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from bench.measure import Row, median_ms, row
from pms import schema
from pms.app import create_app
from pms.config import load_settings
from pms.core import clock
from pms.core.db import db
from pms.demo import build
from pms.demo.world import World
from pms.encoders import queries as encoders
from pms.stays.models import Stay, StayState

FLOORS = 17  # 204 rooms


def run() -> list[Row]:
    """A hotel of 204 rooms with six weeks of stays, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = load_settings(home, environment="demo")
        world = World(home / "world.json")
        app = create_app(settings, world=world)
        schema.upgrade(db.engine)
        with app.app_context():
            build.build(world, floors=FLOORS)
        # Outside: requests inside of an application's context would share what each must have of its own.
        client = _log_in(app.test_client())
        rows = [*_pages(client), _check_in(client, home)]
        db.dispose()
        world.close()
        return rows


def _log_in(client: FlaskClient) -> FlaskClient:
    token = _token(client.get("/login").text)
    answer = client.post("/login", data={"username": "manager", "password": build.PASSWORD, "csrf_token": token})
    assert answer.status_code == 303, answer.text
    return client


def _token(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found.group(1)


def _pages(client: FlaskClient) -> list[Row]:
    def page(url: str, **headers: str) -> None:
        answer = client.get(url, headers=headers)
        assert answer.status_code == 200, f"{url}: {answer.status_code}"

    floor = median_ms(lambda: page("/accounts/me"))
    return [
        row("room board, 204 rooms, full page", median_ms(lambda: page("/rooms")), floor, "own settings page"),
        row("today, full page", median_ms(lambda: page("/today")), floor, "own settings page"),
    ]


def _check_in(client: FlaskClient, home: Path) -> Row:
    """Check-in posts with a key job queued, each of another guest; the floor is one durable commit of one row."""
    today = clock.now().date()
    waiting = db.session.scalars(
        sa.select(Stay).where(Stay.state == StayState.CONFIRMED, Stay.room_id.is_not(None)).order_by(Stay.arrival_date)
    ).all()
    machine = encoders.list_encoders()[0].id
    rooms: set[int] = set(
        db.session.scalars(sa.select(Stay.room_id).where(Stay.state == StayState.IN_HOUSE, Stay.room_id.is_not(None)))
    )
    forms = []
    for stay in waiting:
        if stay.arrival_date == today and stay.room_id not in rooms and len(forms) < 25:
            rooms.add(int(stay.room_id or 0))
            forms.append((stay.id, stay.version, stay.room_id, stay.departure_date))
    db.remove()
    token = _token(client.get("/accounts/me").text)
    queue = iter(forms)

    def post() -> None:
        stay_id, version, room_id, departure = next(queue)
        answer = client.post(
            f"/stays/{stay_id}/check-in",
            data={
                "csrf_token": token,
                "request_id": str(uuid.uuid4()),
                "version": version,
                "room_id": room_id,
                "departure_date": departure.isoformat(),
                "cards": "1",
                "encoder_id": machine,
            },
        )
        assert answer.status_code == 303, answer.text

    measured = median_ms(post, rounds=max(1, len(forms) - 2), warm=min(2, len(forms) - 1))
    disk = sqlite3.connect(home / "floor.db", isolation_level=None)
    disk.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(a)")
    floor = median_ms(lambda: disk.execute("INSERT INTO t VALUES (1)"))
    disk.close()
    return row("check-in POST with a key job", measured, floor, "one durable SQLite commit")
