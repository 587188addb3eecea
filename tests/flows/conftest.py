"""The desk of `tests.flows.desk`, with pauses that are made for people made shorter."""

from __future__ import annotations

import shutil

import pytest
from flask import Flask

from pms.app import create_app
from pms.core.db import db
from pms.devices import line, port
from pms.encoders import port_worker
from tests.client import PageClient
from tests.conftest import settings_for
from tests.flows.desk import Desk, Moments


@pytest.fixture(scope="session")
def applications() -> dict[str, Flask]:
    """Making an application takes longer than most of these tests: there is one, and each test gives it a database."""
    return {}


@pytest.fixture
def app(now, tmp_path, _template, applications):
    """The application on a fresh SQLite database."""
    path = tmp_path / "latchkey.db"
    shutil.copy(_template, path)
    settings = settings_for(tmp_path, f"sqlite:///{path}")
    if "app" in applications:
        applications["app"].config["SETTINGS"] = settings
        db.connect(settings.database_url)
    else:
        applications["app"] = create_app(settings)
    with applications["app"].app_context():
        yield applications["app"]
    db.dispose()


@pytest.fixture
def clerk(client) -> PageClient:
    """A browser at the desk."""
    return client.log_in("desk")


@pytest.fixture
def brisk(monkeypatch) -> None:
    """The same rules with shorter pauses."""
    monkeypatch.setattr(port_worker, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(port_worker, "_SUPERVISE_SECONDS", 0.02)
    monkeypatch.setattr(port_worker, "_SIGNAL_SECONDS", 0.05)
    monkeypatch.setattr(port, "RETRY_PAUSES", (0.05,))


@pytest.fixture
def impatient(monkeypatch) -> None:
    """A request is given up after half a second of silence."""
    monkeypatch.setattr(line, "RESEND_AFTER", 0.12)


@pytest.fixture
def desk(brisk, app, house, tmp_path):
    desk = Desk(app.config["SETTINGS"], tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def any_desk(brisk, any_app, any_house, tmp_path):
    """The desk on both databases."""
    desk = Desk(any_app.config["SETTINGS"], tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def moments(monkeypatch) -> Moments:
    return Moments(monkeypatch)
