"""A guest with one key of every sort, and the locks of the rooms 101 and 102 as they hang at their doors."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.credentials import service as credentials
from pms.encoders.models import EncoderJob, JobState
from pms.frontdesk import keys_now
from pms.frontdesk.key_rules import Key
from pms.keycards import service as keycards
from pms.keycards.models import CardState, KeyCard, Proof
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.passcodes import service as passcodes
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import StoredKind
from pms.simulators.lock import VirtualLock
from pms.slots import service as slots
from pms.stays import queries as stays
from tests.access_records.conftest import set_up

CARRIER = Actor(kind="lock", name="a phone")
CARD_UID = bytes.fromhex("04A1B2C3D4E5F6")
PHONE_UID = bytes.fromhex("04FFEEDDCCBBAA")
DIGITS = "82301746"


@dataclass
class Held:
    """`stay_id` is in 101; `told` is the code that the guest was told."""

    desk: object
    stay_id: int
    twins: dict[str, VirtualLock]
    told: str = field(repr=False, default="")

    def listed(self, now: datetime | None = None) -> list[Key]:
        """All its keys, as they are."""
        db.remove()
        return keys_now.of_stay(stays.get_stay(self.stay_id), now=now or clock.now())

    def carry(self) -> None:
        """Somebody walks past both doors with a phone."""
        for number, twin in self.twins.items():
            serial = locks.get_lock(self.desk.house.doors[number].lock_id).serial_number
            db.remove()
            while (frame := lock_commands.next_frame(serial_number=serial, now=clock.now())) is not None:
                answer = twin.receive(frame, int(clock.now().timestamp()))
                lock_commands.take_answer(serial_number=serial, frame=answer, actor=CARRIER, now=clock.now())
                db.remove()

    def type(self, digits: str, at: datetime, room: str = "101") -> str:
        """What the lock says to digits."""
        return self.twins[room].type_code(digits, int(at.timestamp())).result.name.lower()


def give_card(desk, stay_id: int) -> None:
    """As if a machine had written it and read it back."""
    keycards.issue(
        stay_id=stay_id,
        copies=1,
        encoder_id=desk.encoder_id,
        request_id=str(uuid.uuid4()),
        actor=desk.clerk,
        now=clock.now(),
    )
    with transaction() as session:
        for card in session.query(KeyCard).filter_by(stay_id=stay_id, state=CardState.RESERVED):
            card.state, card.uid, card.proof = CardState.ACTIVE, f"04{card.credential_id:08x}", Proof.CONFIRMED
        for job in session.query(EncoderJob).filter_by(stay_id=stay_id):
            job.state = JobState.DONE


def store(desk, stay_id: int, kind: StoredKind, content: bytes, room: str = "101") -> None:
    """The lock is asked to store it until the stay ends."""
    slots.store(
        lock_id=desk.house.doors[room].lock_id,
        kind=kind,
        content=content,
        name=kind.name.lower(),
        valid_from=None,
        valid_until=None,
        owner=slots.Owner(stay_id=stay_id),
        actor=desk.clerk,
        now=clock.now(),
    )


def hold_everything(desk, stay_id: int) -> Held:
    """A card, a code that was told, and in the lock a card, a code, a fingerprint, and a card that only the lock knows."""
    held = Held(desk, stay_id, {n: set_up(desk.house.doors[n].lock_id, clock.now()) for n in ("101", "102")})
    db.remove()
    give_card(desk, stay_id)
    told = passcodes.issue_for_stay(stay_id=stay_id, request_id=str(uuid.uuid4()), actor=desk.clerk, now=clock.now())
    held.told = told.digits
    stay = stays.get_stay(stay_id)
    credentials.agree(guest_id=stay.guest_id, actor=desk.clerk, now=clock.now())
    store(desk, stay_id, StoredKind.CARD, CARD_UID)
    store(desk, stay_id, StoredKind.PASSCODE, encode_bcd(DIGITS))
    store(desk, stay_id, StoredKind.FINGERPRINT, b"ridges" * 9)
    held.carry()
    return held
