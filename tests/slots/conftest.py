"""Room 101's lock, set up for real, with its twin; Claire Moreau is in the room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import ListedUser, StoredKind, UserRole, WeekWindow
from pms.simulators.lock import VirtualLock
from pms.simulators.lock.state import StoredCredential
from pms.slots import queries, service
from pms.slots.models import Slot
from tests.access_records.conftest import build

DESK = Actor(kind="account", name="Desk")
CARRIER = Actor(kind="lock", name="a phone")
UID = bytes.fromhex("04A1B2C3D4E5F6")
LISTED_UNTIL = 2_000_000_000


@dataclass
class Scene:
    """`lock_id` is the lock of `door_id`, `twin` what hangs on the door."""

    lock_id: int
    door_id: int
    serial_number: str
    twin: VirtualLock
    stay_id: int
    guest_id: int
    account_id: int
    owner: service.Owner = field(init=False)

    def __post_init__(self) -> None:
        self.owner = service.Owner(stay_id=self.stay_id)

    def store(self, **changes: Any) -> Slot:
        """A card for everybody and ever, unless said otherwise."""
        db.remove()
        wish: dict[str, Any] = {
            "lock_id": self.lock_id,
            "kind": StoredKind.CARD,
            "content": UID,
            "name": "Claire's card",
            "valid_from": None,
            "valid_until": None,
            "window": None,
            "role": UserRole.GUEST,
            "actor": DESK,
            "now": clock.now(),
        }
        return detached(service.store(**{**wish, **changes}))

    def code(self, digits: str, **changes: Any) -> Slot:
        """A passcode."""
        return self.store(kind=StoredKind.PASSCODE, content=encode_bcd(digits), name=f"Code {digits[-2:]}", **changes)

    def change(self, slot: Slot, **changes: Any) -> Slot:
        """The same slot with something else."""
        db.remove()
        row = queries.get(slot.id)
        wish: dict[str, Any] = {
            "slot_id": row.id,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "window": row.window,
            "role": row.role.wire,
            "actor": DESK,
            "now": clock.now(),
        }
        return detached(service.change(**{**wish, **changes}))

    def remove(self, slot: Slot, **changes: Any) -> Slot:
        """Not wanted any more."""
        db.remove()
        return detached(service.remove(slot_id=slot.id, actor=DESK, now=clock.now(), **changes))

    def sync(self) -> None:
        """Ask the lock for its list, and carry all that comes of it."""
        db.remove()
        service.sync(lock_id=self.lock_id, actor=DESK, now=clock.now())
        self.carry()

    def carry(self, limit: int = 400) -> int:
        """Somebody is at the lock: bring it what waits, one frame after another; each answer is brought twice."""
        count = 0
        while count < limit:
            db.remove()
            frame = lock_commands.next_frame(serial_number=self.serial_number, now=clock.now())
            if frame is None:
                return count
            answer = self.twin.receive(frame, self.at)
            assert answer is not None
            for is_new in (True, False):
                settled = lock_commands.take_answer(
                    serial_number=self.serial_number, frame=answer, actor=CARRIER, now=clock.now()
                )
                assert settled
                assert settled.is_new is is_new
            count += 1
        return count

    def put_in_lock(self, number: int, kind: StoredKind = StoredKind.CARD, **changes: Any) -> None:
        """Somebody stored something at the lock itself; nobody told us."""
        values = {"credential_id": 5000 + number, "not_before": 0, "not_after": LISTED_UNTIL, **changes}
        user = ListedUser(number, kind, **values)
        self.twin.state.users[number] = StoredCredential(user, number.to_bytes(4, "big"), WeekWindow())

    def row(self, slot: Slot) -> Slot:
        """As the book has it now."""
        db.remove()
        return detached(queries.get(slot.id))

    def compare(self) -> list[tuple[int, str]]:
        """The differences as number and word."""
        db.remove()
        return [(one.number, one.fault.value) for one in queries.compare(self.lock_id).differences]

    @property
    def at(self) -> int:
        return int(clock.now().timestamp())


def detached(slot: Slot) -> Slot:
    """Its plain values: what comes later does not change them."""
    db.remove()
    return slot


def trail() -> list[str]:
    """What the audit trail says of slots, in order."""
    db.remove()
    rows = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id))
    return [action for action in rows if action.startswith("slots.")]


@pytest.fixture
def scene(house, now) -> Scene:
    return _scene(house, now)


@pytest.fixture
def any_scene(any_house, now) -> Scene:
    """The same on both databases."""
    return _scene(any_house, now)


def _scene(house, now) -> Scene:
    built = build(house, now)
    serial_number = locks.get_lock(built.lock_id).serial_number
    db.remove()
    account_id, door_id = house.accounts["housekeeper"].id, house.doors["101"].id
    return Scene(built.lock_id, door_id, serial_number, built.twin, built.stay_id, built.guest_id, account_id)
