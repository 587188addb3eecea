"""The outage pack of a house of 1,000 rooms: how long it takes and how large it is."""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from pathlib import Path

from bench import month
from bench.measure import Row, median_ms, row
from pms import schema
from pms.app import create_app
from pms.config import load_settings
from pms.core import clock
from pms.core.db import db
from pms.outage import contents, page, sealed

ROOMS = 1000
_CODES = [
    {"door": str(n), "guest": f"Guest {n}", "code": f"{n:010}", "from": "2026-06-12 15:00", "until": "2026-06-14 12:00"}
    for n in range(250)
]


def run() -> list[Row]:
    """Reading, sealing and writing it; the floor of a part is the work that nothing spares."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(Path(folder), environment="demo"))
        schema.upgrade(db.engine)
        with app.app_context():
            month.fill(rooms=ROOMS)
            now = clock.now()
            part = sealed.seal(_CODES, password="a password of the desk", place="now")
            found = contents.collect(now=now)
            files = page.write(found, part)
            written, copied = _measure(lambda: page.write(found, part)), _copy(files)
            rows = [
                row(f"outage pack of {ROOMS} rooms: read", _read(now), _plain_read(), "one list of its rooms"),
                row("outage pack: seal the codes", _seal(), _derive(), "600,000 rounds of PBKDF2"),
                row("outage pack: write in two languages", written, copied, "escape its text"),
                _size(files["en"]),
            ]
        db.dispose()
        return rows


def _measure(work) -> tuple[float, float]:
    return median_ms(work, rounds=5, warm=1)


def _read(now) -> tuple[float, float]:
    return _measure(lambda: (db.session.expire_all(), contents.collect(now=now)))


def _plain_read() -> tuple[float, float]:
    with db.engine.connect() as connection:
        return _measure(lambda: connection.exec_driver_sql("SELECT * FROM room ORDER BY number").all())


def _seal() -> tuple[float, float]:
    return _measure(lambda: sealed.seal(_CODES, password="a password of the desk", place="now"))


def _derive() -> tuple[float, float]:
    salt = os.urandom(16)
    return _measure(lambda: hashlib.pbkdf2_hmac("sha256", b"a password of the desk", salt, sealed.ROUNDS))


def _copy(files: dict[str, str]) -> tuple[float, float]:
    return _measure(lambda: [text.replace("&", "&amp;").replace("<", "&lt;") for text in files.values()])


def _size(text: str) -> Row:
    size, packed = len(text.encode()) / 1000, len(gzip.compress(text.encode(), 6)) / 1000
    return Row("outage pack: one language", f"{size:.0f} kB", f"{packed:.0f} kB", size / packed, "as it is stored")
