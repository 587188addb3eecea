"""What programs wait for: the list of a house's locks, through the whole application."""

from __future__ import annotations

import json
import secrets
import sqlite3
import tempfile
from pathlib import Path

from bench.measure import Row, median_ms, row
from pms import schema
from pms.accounts import service as accounts
from pms.accounts.models import Role
from pms.app import create_app
from pms.config import load_settings
from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db
from pms.demo.build import LOCKS_OF_USER
from pms.locks import schemas
from pms.locks import service as locks
from pms.properties import service as properties

LOCKS = 5000
_PASSWORD = "correct horse battery"


def run() -> list[Row]:
    """5,000 imported locks on SQLite; the floor reads the same columns as plain SQL and writes them as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        app = create_app(load_settings(home, environment="test"))
        schema.upgrade(db.engine)
        with app.app_context():
            user_id = _build()
        floor = median_ms(lambda: _plain_list(home / "latchkey.db"), rounds=10)
        rows = []
        for scopes, what in ((["locks:view"], ""), (["locks:view", "locks:secrets"], " with their secrets")):
            client = app.test_client()
            body = {"username": "admin", "password": _PASSWORD, "scopes": scopes}
            token = client.post("/api/auth/login", json=body).get_json()["data"]["token"]
            headers = {"Authorization": f"Bearer {token}"}

            def ask(headers: dict[str, str] = headers, client: object = client) -> None:
                answer = client.get(f"/api/locks/findAllByUserId/{user_id}", headers=headers)
                assert answer.status_code == 200
                assert answer.data.count(b'"lockSn"') == LOCKS

            measured = median_ms(ask, rounds=10, warm=2)
            rows.append(row(f"list of {LOCKS:,} locks{what}, JSON", measured, floor, "same SELECT, json.dumps"))
        db.dispose()
        return rows


def _build() -> int:
    now = clock.now()
    properties.create_house(
        name="Bench", time_zone="Europe/Berlin", check_in_hour=15, check_out_hour=12, actor=SETUP, now=now
    )
    account = accounts.create_account(
        username="admin", display_name="Admin", password=_PASSWORD, role=Role.ADMINISTRATOR, actor=SETUP, now=now
    )
    example = json.loads(LOCKS_OF_USER.read_bytes())["data"][1]
    data = [
        {
            **example,
            "id": str(10**18 + number),
            "lockSn": f"{number:012X}",
            "mac": "01:01:11:" + ":".join(f"{number:06X}"[at : at + 2] for at in (0, 2, 4)),
            "lockKeys": secrets.token_hex(8).upper(),
        }
        for number in range(LOCKS)
    ]
    # Larger than what a page takes, so in parts.
    for at in range(0, LOCKS, 1000):
        found, faults = schemas.read(json.dumps({"data": data[at : at + 1000]}).encode())
        locks.import_locks(found=found, faults=faults, actor=SETUP, now=now)
    return account.id


def _plain_list(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        cursor = connection.execute("SELECT * FROM lock WHERE replaced_at IS NULL ORDER BY id")
        names = [column[0] for column in cursor.description]
        rows = [
            {name: value for name, value in zip(names, values, strict=True) if not isinstance(value, bytes)}
            for values in cursor
        ]
    return json.dumps({"data": rows})
