"""The desk of `tests.flows.desk`, with pauses that are made for people made shorter."""

from __future__ import annotations

import pytest
from jinja2 import FileSystemBytecodeCache

from pms.devices import line, port
from pms.encoders import port_worker
from tests.client import PageClient
from tests.flows.desk import Desk, Moments


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory) -> FileSystemBytecodeCache:
    """Every test has an application of its own, but the templates need not be compiled for each."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def clerk(app, client, compiled_templates) -> PageClient:
    """A browser at the desk."""
    app.jinja_env.bytecode_cache = compiled_templates
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
