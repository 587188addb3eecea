"""The desk of `tests.flows.desk` with a guest in house, and room 101's lock set up for real."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pms.access_records import service as access_records
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.credentials import queries, service
from pms.credentials.models import Finger, Fingerprint
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.protocol.command import Command, StoredKind
from pms.simulators.encoder import Finger as FingerOnModule
from pms.simulators.encoder import finger_called
from pms.simulators.lock import VirtualLock
from tests.access_records.conftest import build
from tests.flows.conftest import any_desk, brisk, clerk, desk, impatient  # noqa: F401
from tests.flows.desk import Desk, until
from tests.keycards.desk import DESK, new_request

LOCK = Actor(kind="lock", name="lock")


@dataclass
class Scene:
    """Claire Moreau is in room 101; `twin` is its lock, `desk` the machine that takes fingers."""

    desk: Desk
    stay_id: int
    guest_id: int
    door_id: int
    serial_number: str
    twin: VirtualLock

    def start(self, *, finger: Finger = Finger.RIGHT_INDEX, doors: bool = True, agreed: bool = True, **values) -> str:
        """Ask for a finger as the dialog does; the id of the batch."""
        db.remove()
        wish = {"stay_id": self.stay_id, "request_id": new_request(), **values}
        return service.start(
            finger=finger,
            agreed=agreed,
            encoder_id=self.desk.machine.id,
            door_ids=[self.door_id] if doors else [],
            actor=DESK,
            now=clock.now(),
            **wish,
        )

    def take(self, name: str | FingerOnModule = "Claire", **values) -> Fingerprint:
        """A finger that was taken."""
        self.desk.machine.device.put_finger(finger_called(name) if isinstance(name, str) else name)
        job = self.desk.wait_for(self.start(**values))
        self.desk.machine.device.put_finger(None)
        return self.row(job.subject_id)

    def row(self, fingerprint_id: int) -> Fingerprint:
        """As the book has it now."""
        db.remove()
        return queries.get(fingerprint_id)

    def carry(self, limit: int = 100) -> int:
        """Somebody is at the lock: bring the server's commands there, one after another, and the answers back."""
        count = 0
        while count < limit:
            db.remove()
            frame = lock_commands.next_frame(serial_number=self.serial_number, now=clock.now())
            if frame is None:
                return count
            answer = self.twin.receive(frame, self.at)
            assert answer is not None
            assert lock_commands.take_answer(
                serial_number=self.serial_number, frame=answer, actor=LOCK, now=clock.now()
            )
            count += 1
        return count

    def touch(self, name: str = "Claire") -> str:
        """Put a finger on the door's reader; what the lock says."""
        finger = finger_called(name)
        assert finger
        return self.twin.show_credential(StoredKind.FINGERPRINT, finger.template, self.at).result.name.lower()

    def report(self) -> None:
        """Carry the lock's records to the server."""
        while (frame := self.twin.pending_report(self.at)) is not None:
            answer = access_records.take_report(
                serial_number=self.serial_number, frame=frame, actor=LOCK, now=clock.now()
            )
            assert answer
            self.twin.receive(answer, self.at)

    @property
    def at(self) -> int:
        return int(clock.now().timestamp())

    @property
    def fingers_in_lock(self) -> list[int]:
        """Credential ids of what the lock itself holds."""
        return [stored.user.credential_id for stored in self.twin.state.users.values()]


@pytest.fixture
def scene(desk, house, now) -> Scene:  # noqa: F811
    return _scene(desk, house, now)


@pytest.fixture
def any_scene(any_desk, any_house, now) -> Scene:  # noqa: F811
    """The same on both databases."""
    return _scene(any_desk, any_house, now)


def _scene(present: Desk, house, now) -> Scene:
    built = build(house, now)
    present.open()
    door = house.doors["101"]
    row = locks.get_lock(door.lock_id)
    serial_number, door_id = row.serial_number, door.id
    db.remove()
    return Scene(present, built.stay_id, built.guest_id, door_id, serial_number, built.twin)


__all__ = ["Command", "until"]
