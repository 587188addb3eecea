"""A phone that was never told more than an address binds a lock, uses it, and reports; the house has it all, once."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pms.core import clock
from pms.core.db import db
from pms.locks import queries as locks
from pms.locks.models import LockSetup
from tests import factories
from tests.flows.server import Server

PHONE = Path(__file__).with_name("phone.py")


@pytest.fixture
def server(app, tmp_path):
    # The server reads its own clock.
    clock.freeze(datetime.now(UTC))
    house = factories.small_house()
    clock.freeze(None)
    with factories.transaction() as session:
        session.get_one(factories.Door, house.doors["103"].id).lock_id = None
        session.get_one(factories.Property, 1).time_zone = "UTC"
    db.remove()
    running = Server(app.config["SETTINGS"], tmp_path / "server.log")
    running.start()
    yield running, house
    running.close()


def test_a_phone_binds_a_lock_adds_a_user_and_reports_everything_twice(server):
    running, house = server
    done = subprocess.run(
        [sys.executable, str(PHONE), running.url, str(house.rooms["103"].id)],
        input=json.dumps({"username": "manager", "password": factories.PASSWORD}),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # The second time nothing was new, whatever it was.
    assert all(again is False for _command, _first, again in found["told"])
    heard = [command for command, is_new, _again in found["told"] if is_new]
    assert [command for command in heard if command != "0300"] == ["0500", "0700", "0100", "0103", "0301"]
    assert (found["opened"], found["wrong"]) == ("opened", "wrong_code")
    events = [(record["event"], record["result"]) for record in found["records"]]
    assert events.count(("opened", "opened")) == 1
    assert events.count(("refused", "wrongCode")) == 1
    assert len({record["sequence"] for record in found["records"]}) == len(found["records"])
    assert (found["lock"]["lockUsername"], found["lock"]["serverKeys"]) == ("Room 103", None)
    running.stop()
    db.remove()
    lock = locks.door_of_room(house.rooms["103"].id).lock
    assert lock.setup is LockSetup.READY
