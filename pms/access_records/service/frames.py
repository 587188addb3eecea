"""Takes every frame that locks send: opened, judged, stored, answered; each once.

All the ways in come through `take_frames`: one operation for each kind of report brings one, a gateway hundreds at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pms.access_records import rules
from pms.access_records import series_queries as queries
from pms.access_records.service import notes
from pms.access_records.service.intake import gathered
from pms.core.actor import Actor
from pms.core.db import transaction
from pms.gateways import service as gateways
from pms.lock_commands import service as lock_commands
from pms.locks import lock_keys
from pms.locks import service as locks
from pms.locks.models import LockSetup
from pms.locks.service import Heard
from pms.protocol.command import ACKNOWLEDGED, Bound, Command, Payload, decode_report
from pms.protocol.errors import MalformedError, ProtocolError
from pms.protocol.frame import Direction, Frame, FrameHeader, peek_header, seal_frame
from pms.protocol.session import Accepted, Receiver, Repeated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.access_records.service.intake import Intake
    from pms.gateways.rules import Carrier
    from pms.locks.models import Lock


@dataclass(frozen=True, slots=True)
class Brought:
    """The bytes of a frame as somebody brought them; whose it is said to be, and what of it is taken."""

    serial_number: str
    frame: bytes
    carrier: Carrier | None = None
    kinds: rules.Kinds = rules.ANY


@dataclass(frozen=True, slots=True)
class Taken:
    """A genuine frame. `is_new` is false where it was known already and nothing changed.

    `acknowledgement` goes back to the lock; None for an answer, which needs none.
    """

    lock_id: int
    is_new: bool
    acknowledgement: bytes | None = None


def take_frames(*, brought: Sequence[Brought], address: str = "", now: datetime) -> list[Taken | None]:
    """Take a batch of frames into account, in one transaction and in their order; what became of each.

    None where a frame does not verify, or is none of those that are taken: it changes nothing for the others. The same bytes
    again get the same answer and change nothing. `address` says from where all were carried; what they say is the locks' own
    word.
    """
    heads = [_head_of(one) for one in brought]
    with transaction() as session:
        held = queries.hold_locks({one.serial_number.upper() for one, head in zip(brought, heads, strict=True) if head})
        with gathered(session, now) as intake:
            ears = {
                serial: _Ear(session, intake, lock, Actor(kind="lock", name=lock.name, address=address), now)
                for serial, lock in held.items()
            }
            taken = [
                ear.take(one.frame, head) if head and (ear := ears.get(one.serial_number.upper())) else None
                for one, head in zip(brought, heads, strict=True)
            ]
            heard = [(ear.lock, ear.heard) for ear in ears.values() if ear.heard is not None]
            locks.put_reports(session, heard, now=now)
        carried = {
            (done.lock_id, one.carrier)
            for one, done in zip(brought, taken, strict=True)
            if one.carrier is not None and done is not None and done.is_new
        }
        gateways.note_carriers(brought=carried, now=now)
        return taken


def take_frame(
    *,
    serial_number: str,
    frame: bytes,
    kinds: rules.Kinds,
    carrier: Carrier | None = None,
    actor: Actor,
    now: datetime,
) -> Taken:
    """A batch of one: WrongKind where the frame is none of `kinds`; NoAnswer where it does not verify."""
    one = Brought(serial_number, frame, carrier, kinds)
    (taken,) = take_frames(brought=[one], address=actor.address, now=now)
    if taken is None:
        raise rules.WrongKind if _peek(frame) and not _head_of(one) else rules.NoAnswer
    return taken


def take_report(*, serial_number: str, frame: bytes, actor: Actor, now: datetime) -> bytes | None:
    """The sealed answer to a report of the lock; None where it does not verify, which is not answered at all."""
    one = Brought(serial_number, frame, kinds=rules.ANY_REPORT)
    (taken,) = take_frames(brought=[one], address=actor.address, now=now)
    return taken.acknowledgement if taken is not None else None


def _head_of(one: Brought) -> FrameHeader | None:
    head = _peek(one.frame)
    return head if head is not None and one.kinds.includes(head) else None


def _peek(frame: bytes) -> FrameHeader | None:
    try:
        return peek_header(frame)
    except MalformedError:
        return None


# What follows the records that came before it anyhow; everything else is taken after those are stored.
_OF_RECORDS = (Command.RECORD, Command.ALIVE, Command.READ_RECORDS)


@dataclass(slots=True)
class _Ear:
    """Listens to one lock while a batch lasts. Its row is held; what was heard last goes there by `note`, once for many."""

    session: Session
    intake: Intake
    lock: Lock
    actor: Actor
    now: datetime
    sn: bytes = field(init=False)
    receiver: Receiver = field(init=False)
    heard: Heard | None = None
    # The key of frames by the sealed server keys that it is made of: opening and deriving costs more than a frame.
    keys: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lock = self.lock
        self.sn = lock_keys.serial_of(lock)
        self.receiver = Receiver(
            Direction.REPORT, lock.report_counter, 7, lock.last_report or b"", lock.last_report_answer or b""
        )

    def take(self, frame: bytes, head: FrameHeader) -> Taken | None:
        """One frame, of which the header alone is believed so far."""
        if head.command not in _OF_RECORDS:
            self.note()
            self.intake.settle_of(self.lock)
        if head.direction is Direction.REPORT:
            return self._take_report(frame)
        self.note()
        settled = lock_commands.take_answer(
            serial_number=self.lock.serial_number, frame=frame, actor=self.actor, now=self.now
        )
        return Taken(self.lock.id, settled.is_new) if settled is not None else None

    def note(self) -> None:
        """Write into the lock's row what was heard last."""
        if self.heard is not None:
            locks.put_reports(self.session, [(self.lock, self.heard)], now=self.now)
            self.heard = None

    def _take_report(self, frame: bytes) -> Taken | None:
        key, outcome = self._open(frame)
        if isinstance(outcome, Repeated):
            return Taken(self.lock.id, is_new=False, acknowledgement=outcome.answer)
        if not isinstance(outcome, Accepted) or key is None:
            return None
        opened = outcome.frame
        try:
            report = decode_report(opened.command, opened.plaintext, opened.version)
        except ProtocolError:
            # Genuine, but nothing that this version knows; the lock keeps it for a later one.
            return None
        header = (opened.version, opened.command, Direction.ACKNOWLEDGEMENT, opened.counter)
        answer = seal_frame(key, self.sn, Frame(*header, ACKNOWLEDGED))
        self.receiver = self.receiver.remember(frame, opened.counter, answer)
        self.heard = Heard(
            counter=opened.counter,
            report=frame,
            answer=answer,
            battery_percent=_battery(report),
            firmware=getattr(report, "firmware", None) or "",
            begins_life=isinstance(report, Bound),
        )
        if opened.command not in _OF_RECORDS:
            self.note()
        notes.note(self.intake, self.lock, report, self.actor, self.now)
        return Taken(self.lock.id, is_new=True, acknowledgement=answer)

    def _open(self, frame: bytes) -> tuple[bytes | None, Accepted | Repeated | None]:
        """Judge the frame under the keys in force, then under those on their way: hearing the lock under them proves them."""
        lock = self.lock
        # A lock that wiped itself says so once more under the keys that it had.
        known = "server_keys"
        if lock.setup is LockSetup.FORGOTTEN and lock.server_keys_sealed is None:
            known = "earlier_server_keys"
        for name in (known, "pending_server_keys") if lock.setup is LockSetup.PENDING else (known,):
            key = self._key_of(name)
            outcome = self.receiver.take(key, self.sn, frame) if key is not None else None
            if isinstance(outcome, Accepted) and name == "pending_server_keys":
                self.note()
                self.intake.settle_of(lock)
                locks.confirm_setup(lock_id=lock.id, actor=self.actor, now=self.now)
            if isinstance(outcome, Accepted | Repeated):
                return key, outcome
        return None, None

    def _key_of(self, name: str) -> bytes | None:
        """The key of frames under the lock's digits of this name; None where it has none."""
        sealed = getattr(self.lock, f"{name}_sealed")
        if sealed is None:
            return None
        if sealed not in self.keys:
            self.keys[sealed] = lock_keys.command_key_of(self.lock, getattr(self.lock, name))
        return self.keys[sealed]


def _battery(report: Payload) -> int | None:
    battery = getattr(report, "battery", None)
    return int(battery) if isinstance(battery, int) else None
