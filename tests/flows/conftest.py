"""The desk of `tests.flows.desk`, with pauses that are made for people made shorter."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from pms.app import create_app
from pms.core.db import db
from pms.devices import line, port, task, worker
from pms.encoders import port_worker
from tests.client import PageClient
from tests.conftest import settings_for
from tests.flows.desk import Desk, Moments


@dataclass
class Shared:
    """Making an application, and getting to know a database, takes longer than most of these tests: that is done once."""

    path: Path
    application: Flask | None = None


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Shared:
    return Shared(tmp_path_factory.mktemp("flows") / "latchkey.db")


@pytest.fixture
def app(now, tmp_path, _template, shared):
    """The application on a fresh SQLite database; each test has a folder of its own."""
    for path in shared.path.parent.iterdir():
        path.unlink()
    shutil.copy(_template, shared.path)
    settings = settings_for(tmp_path, f"sqlite:///{shared.path}")
    if shared.application is None:
        shared.application = create_app(settings)
    elif not is_connected_to(settings.database_url):
        db.connect(settings.database_url)
    shared.application.config["SETTINGS"] = settings
    with shared.application.app_context():
        yield shared.application
    db.remove()
    db.engine.dispose()


def is_connected_to(url: str) -> bool:
    """Whether no other test has connected the database of this process to another one since."""
    try:
        return str(db.engine.url) == url
    except RuntimeError:
        return False


@pytest.fixture
def clerk(client) -> PageClient:
    """A browser at the desk."""
    return client.log_in("desk")


@pytest.fixture
def brisk(monkeypatch) -> None:
    """The same rules with shorter pauses."""
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(port_worker, "_SUPERVISE_SECONDS", 0.02)
    monkeypatch.setattr(task, "SIGNAL_SECONDS", 0.05)
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
