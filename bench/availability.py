"""What is left, in a house of 200 rooms with two years of bookings: by type and day, against the same question as plain SQL."""

from __future__ import annotations

import sqlite3
import tempfile
from datetime import date, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa

from bench.desk import _log_in
from bench.measure import Row, median_ms, row
from pms import schema
from pms.app import create_app
from pms.availability import queries
from pms.config import load_settings
from pms.core import clock
from pms.core.db import db, transaction
from pms.demo import build
from pms.demo.world import World
from pms.rooms.models import Room
from pms.stays.models import TypeNight

FLOORS = 17  # 204 rooms
DAYS = 730
_PLAIN = """
SELECT t.id, t.name, t.night_price, t.overbooking_limit,
       (SELECT count(*) FROM room r WHERE r.room_type_id = t.id AND NOT r.out_of_order), n.night, n.sold, n.closed
FROM room_type t LEFT JOIN type_night n ON n.room_type_id = t.id AND n.night >= ? AND n.night < ? ORDER BY t.position, n.night
"""


def run() -> list[Row]:
    """Two weeks, a month, and all of the two years; the full page beside an empty one."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world = World(home / "world.json")
        app = create_app(load_settings(home, environment="demo"), world=world)
        schema.upgrade(db.engine)
        with app.app_context():
            build.build(world, floors=FLOORS)
            _promise_two_years()
            today = clock.now().date()
            rows = [_reads(home, today, days) for days in (14, 31, DAYS)]
        client = _log_in(app.test_client())

        def page(url: str) -> None:
            answer = client.get(url)
            assert answer.status_code == 200, f"{url}: {answer.status_code}"

        floor = median_ms(lambda: page("/accounts/me"))
        for days in (14, 31):
            measured = median_ms(lambda days=days: page(f"/availability/?days={days}"))
            rows.append(row(f"availability, {days} days, full page", measured, floor, "own settings page"))
        db.dispose()
        world.close()
        return rows


def _reads(home: Path, today: date, days: int) -> Row:
    until = today + timedelta(days=days)
    disk = sqlite3.connect(home / "latchkey.db")
    floor = median_ms(lambda: disk.execute(_PLAIN, (today.isoformat(), until.isoformat())).fetchall())
    disk.close()
    measured = median_ms(lambda: (queries.type_nights(from_date=today, until=until), db.remove()))
    return row(f"what is left, {days} days, 204 rooms", measured, floor, "the same query as plain SQL")


def _promise_two_years() -> None:
    """Counts of two years, as their stays would have left them: the only table that the availability reads of promises."""
    random = Random(3)
    today = clock.now().date()
    with transaction() as session:
        rooms = session.execute(
            sa.select(Room.room_type_id, sa.func.count()).where(~Room.out_of_order).group_by(Room.room_type_id)
        ).all()
        known = set(session.execute(sa.select(TypeNight.room_type_id, TypeNight.night)).tuples())
        session.execute(
            sa.insert(TypeNight),
            [
                {
                    "room_type_id": type_id,
                    "night": night,
                    "sold": random.randint(0, count),
                    "capacity": count,
                    "closed": 0,
                    "overbooking": 1,
                }
                for type_id, count in rooms
                for night in (today + timedelta(days=place) for place in range(DAYS))
                if (type_id, night) not in known
            ],
        )
