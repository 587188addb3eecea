"""The search field among 100,000 guests: what each keystroke costs, beside an empty page and the same rows by plain SQL."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from pathlib import Path
from random import Random

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from bench import month
from bench.measure import Row, median_ms, row
from pms import schema
from pms.app import create_app
from pms.config import load_settings
from pms.core import clock
from pms.core.db import db, transaction
from pms.core.ids import new_id
from pms.core.text import fold, phone_words, search_words
from pms.demo import people
from pms.guests.models import Guest, GuestWord

GUESTS = 100_000
ROOMS = 204
TYPED = ("we", "web", "weber", "anna we", "张", "+49 17", "101", "04a1b2", "1234567890")
_SAME_ROWS = """
    SELECT guest.id, guest.family_name, guest.given_name, guest.phone FROM guest WHERE id IN (
        SELECT guest_id FROM guest_word WHERE word >= ? AND word < ? ORDER BY word LIMIT 5)
"""


def run() -> list[Row]:
    """A house of 204 rooms with a full month, and guests as after many years, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(Path(folder), environment="demo"))
        schema.upgrade(db.engine)
        with app.app_context():
            month.fill(rooms=ROOMS)
            _many_guests()
        rows = _searches(*_log_in(app), Path(folder) / "latchkey.db")
        db.dispose()
        return rows


def _log_in(app: Flask) -> tuple[FlaskClient, str]:
    client = app.test_client()
    form = {"username": "manager", "password": month.PASSWORD, "csrf_token": _token(client.get("/login").text)}
    assert client.post("/login", data=form).status_code == 303
    return client, _token(client.get("/accounts/me").text)


def _token(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found.group(1)


def _searches(client: FlaskClient, token: str, file: Path) -> list[Row]:
    def ask(text: str) -> None:
        answer = client.post("/search/", data={"q": text, "csrf_token": token}, headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.status_code

    disk = sqlite3.connect(file)
    empty = median_ms(lambda: ask(""))
    rows = [row("search for nothing", empty, empty, "an answer of the app without a row")]
    for text in TYPED:
        measured = median_ms(lambda text=text: ask(text))
        span = (fold(text), fold(text) + chr(0xFFFF))
        plain = median_ms(lambda span=span: disk.execute(_SAME_ROWS, span).fetchall())
        floor = (empty[0] + plain[0], empty[1] + plain[1])
        rows.append(row(f"search “{text}” among {GUESTS:,} guests", measured, floor, "empty answer + same rows by SQL"))
    disk.close()
    return rows


def _many_guests() -> None:
    random = Random(1)
    guests, words = [], []
    for _ in range(GUESTS):
        fields, guest_id = people.invent(random), new_id()
        guests.append(
            {
                "id": guest_id,
                "family_name": fields.family_name,
                "given_name": fields.given_name,
                "phone": fields.phone,
                "created_at": clock.now(),
            }
        )
        found = search_words(fields.family_name) | search_words(fields.given_name) | phone_words(fields.phone)
        words += [{"word": fold(word), "guest_id": guest_id} for word in found]
    with transaction() as session:
        session.execute(sa.insert(Guest), guests)
        session.execute(sa.insert(GuestWord), words)
