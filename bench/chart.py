"""The chart: a month at 80 %, as a full page in milliseconds and kilobytes, beside what nobody can leave out."""

from __future__ import annotations

import gzip
import re
import tempfile
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bench import month
from bench.measure import Row, median_ms, row
from pms import schema
from pms.app import create_app
from pms.config import load_settings
from pms.core.db import db

_SAME_ROWS = """
    SELECT stay.id, stay.room_id, stay.arrival_date, stay.departure_date, stay.state, stay.version, guest.family_name,
           guest.given_name
    FROM stay JOIN guest ON guest.id = stay.guest_id
    WHERE stay.arrival_date < '{until}' AND stay.departure_date >= '{first}' AND stay.state <> 'cancelled'
"""


def run() -> list[Row]:
    """Houses of 150 and of 1,000 rooms, on SQLite."""
    return [row for rooms in (150, 1000) for row in _house(rooms)]


def _house(rooms: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(Path(folder), environment="demo"))
        schema.upgrade(db.engine)
        with app.app_context():
            filled = month.fill(rooms=rooms)
        client = _log_in(app)
        rows = [*_pages(client, filled), *_sizes(client, filled)]
        db.dispose()
        return rows


def _log_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/login").text)
    assert token
    form = {"username": "manager", "password": month.PASSWORD, "csrf_token": token.group(1)}
    assert client.post("/login", data=form).status_code == 303
    return client


def _address(filled: month.Month) -> str:
    return f"/chart/?zoom=month&from={filled.first.isoformat()}"


def _pages(client: FlaskClient, filled: month.Month) -> list[Row]:
    def page(url: str) -> str:
        answer = client.get(url, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code in (200, 204), f"{url}: {answer.status_code}"
        return _text(answer)

    same = sa.text(_SAME_ROWS.format(first=filled.first, until=_end(filled)))
    own = median_ms(lambda: page("/accounts/me"))
    plain = median_ms(lambda: (db.session.execute(same).all(), db.remove()))
    text = page(_address(filled))
    mark = re.search(r'data-mark="(\d+)"', text)
    after = re.search(r"after=(\d+)", text)
    assert mark
    what = f"month chart, {filled.rooms} rooms, {filled.stays:,} stays"
    whole = median_ms(lambda: page(_address(filled)))
    rows = [
        row(f"{what}, full page", whole, own, "own settings page"),
        row(f"{what}, full page", whole, plain, "the same stays by plain SQL"),
        row(
            f"{what}, nothing new",
            median_ms(lambda: page(f"/chart/changes?since={mark.group(1)}")),
            own,
            "own settings page",
        ),
    ]
    if after:
        url = f"/chart/rows?zoom=month&from={filled.first}&after={after.group(1)}"
        rows.append(row(f"{what}, the next part", median_ms(lambda: page(url)), own, "own settings page"))
    return rows


def _text(answer: TestResponse) -> str:
    is_packed = answer.content_encoding == "gzip"
    return (gzip.decompress(answer.data) if is_packed else answer.data).decode()


def _end(filled: month.Month) -> str:
    return (filled.first + timedelta(days=filled.days)).isoformat()


def _sizes(client: FlaskClient, filled: month.Month) -> list[Row]:
    sent = client.get(_address(filled), headers={"Accept-Encoding": "gzip"})
    empty = client.get("/accounts/me", headers={"Accept-Encoding": "gzip"})
    size, floor = len(sent.data) / 1000, len(empty.data) / 1000
    whole = len(_text(sent)) / 1000
    return [
        Row(
            what=f"month chart, {filled.rooms} rooms, sent ({whole:.0f} kB unpacked)",
            figure=f"{size:.0f} kB",
            floor=f"{floor:.0f} kB",
            ratio=size / floor,
            floor_is="own settings page",
        )
    ]
