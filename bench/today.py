"""The page of the day for a middling and a large house, and the question that every open screen asks."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from bench import month
from bench.measure import Row, median_ms, row
from pms import schema
from pms.app import create_app
from pms.config import load_settings
from pms.core.db import db


def run() -> list[Row]:
    """Houses of 204 and of 1,000 rooms with a full month, on SQLite."""
    return [row for rooms in (204, 1000) for row in _house(rooms)]


def _house(rooms: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(Path(folder), environment="demo"))
        schema.upgrade(db.engine)
        with app.app_context():
            month.fill(rooms=rooms)
        measured = _pages(_log_in(app), rooms)
        db.dispose()
        return measured


def _log_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/login").text)
    assert token
    form = {"username": "manager", "password": month.PASSWORD, "csrf_token": token.group(1)}
    assert client.post("/login", data=form).status_code == 303
    return client


def _pages(client: FlaskClient, rooms: int) -> list[Row]:
    def page(url: str, status: int = 200, **headers: str) -> str:
        answer = client.get(url, headers=headers)
        assert answer.status_code == status, f"{url}: {answer.status_code}"
        return answer.text

    floor = median_ms(lambda: page("/accounts/me"))
    rows = [
        row(
            f"today, {show}, {rooms:,} rooms, full page",
            median_ms(lambda s=show: page(f"/today?show={s}")),
            floor,
            "own settings page",
        )
        for show in ("todo", "in_house", "unready", "keys")
    ]
    mark = re.search(r'data-mark="([^"]+)"', page("/today"))
    assert mark
    asked = median_ms(lambda: page(f"/live?mark={mark[1]}", 204, **{"HX-Request": "true", "X-Watching": "1"}))
    return [*rows, row(f"anything new? {rooms:,} rooms", asked, floor, "own settings page")]
