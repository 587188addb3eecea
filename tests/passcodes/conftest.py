"""A door whose lock was set up for real, and whose reports and commands somebody carries."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest

from pms.access_records import service as access_records
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.passcodes import queries, service
from pms.passcodes.service import Holder
from tests.access_records.conftest import set_up

CLERK = Actor(kind="account", name="Mia", account_id=1)
CARRIER = Actor(kind="lock", name="phone")


def kept(shown: service.ShownPasscode) -> service.ShownPasscode:
    """The code as it was then, whatever sessions do later."""
    db.session.expunge_all()
    return shown


class Door:
    """Room 101's door; `type` tells what the lock says, `carry` brings what it noted to the server."""

    def __init__(self, house, now: datetime) -> None:
        self.lock_id = house.doors["101"].lock_id
        self.twin = set_up(self.lock_id, now)
        self.serial_number = locks.get_lock(self.lock_id).serial_number
        db.remove()
        self.carry()

    def type(self, digits: str, at: datetime | None = None) -> str:
        return self.twin.type_code(digits, int((at or clock.now()).timestamp())).result.name.lower()

    def carry(self) -> None:
        """Every report to the server, then every command to the lock and its answer back."""
        now = clock.now()
        at = int(now.timestamp())
        while (frame := self.twin.pending_report(at)) is not None:
            answer = access_records.take_report(serial_number=self.serial_number, frame=frame, actor=CARRIER, now=now)
            assert answer is not None
            self.twin.receive(answer, at)
        while (frame := lock_commands.next_frame(serial_number=self.serial_number, now=now)) is not None:
            answer = self.twin.receive(frame, at)
            lock_commands.take_answer(serial_number=self.serial_number, frame=answer, actor=CARRIER, now=now)
        db.remove()

    def make(self, kind: str, /, **values) -> service.ShownPasscode:
        """`make("timed", start=…, until=…)` and so on, for Ms Kim unless somebody else is named."""
        return kept(
            service.make(
                lock_id=self.lock_id,
                holder=values.pop("holder", Holder(name="Ms Kim")),
                request_id=values.pop("request_id", str(uuid.uuid4())),
                actor=CLERK,
                now=clock.now(),
                choose=getattr(service, kind)(**values, now=clock.now()),
            )
        )

    def clear(self) -> service.ShownPasscode:
        """The clear code of the door."""
        return kept(
            service.clear_door(lock_id=self.lock_id, request_id=str(uuid.uuid4()), actor=CLERK, now=clock.now())
        )

    def life(self, shown: service.ShownPasscode) -> str:
        db.remove()
        return queries.get_line(shown.passcode.id, now=clock.now()).life.value


@pytest.fixture
def door(house, now) -> Door:
    return Door(house, now)


@pytest.fixture
def any_door(any_house, now) -> Door:
    return Door(any_house, now)
