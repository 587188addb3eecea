"""The desk of `tests.flows.desk`, with pauses that are made for people made shorter."""

from __future__ import annotations

import pytest

from pms.devices import line, pn532_line, port, task, worker
from pms.devices.drivers import pn532
from pms.encoders import port_worker
from tests.client import PageClient
from tests.flows.desk import Desk, Moments


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
    """A request is given up after half a second of silence, whatever the make of the machine."""
    monkeypatch.setattr(line, "RESEND_AFTER", 0.12)
    monkeypatch.setattr(pn532_line, "ACK_WAITS", (0.05, 0.1, 0.15))
    monkeypatch.setattr(pn532_line, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(pn532, "_FIRST_WAITS", (0.2, 0.2))


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
