"""Takes every frame that locks send: opened, judged, stored, answered; each once.

All the ways in (one operation for each kind of report, and one for any) come through `take_frame`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.access_records import rules
from pms.access_records.service import notes
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.gateways import service as gateways
from pms.lock_commands import service as lock_commands
from pms.locks import lock_keys
from pms.locks import service as locks
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import ACKNOWLEDGED, Bound, Payload, decode_report
from pms.protocol.errors import MalformedError, ProtocolError
from pms.protocol.frame import Direction, Frame, peek_header, seal_frame
from pms.protocol.session import Accepted, Receiver, Repeated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.gateways.rules import Carrier


@dataclass(frozen=True, slots=True)
class Taken:
    """A genuine frame. `is_new` is false where it was known already and nothing changed.

    `acknowledgement` goes back to the lock; None for an answer, which needs none.
    """

    lock_id: int
    is_new: bool
    acknowledgement: bytes | None = None


def take_frame(
    *,
    serial_number: str,
    frame: bytes,
    kinds: rules.Kinds,
    carrier: Carrier | None = None,
    actor: Actor,
    now: datetime,
) -> Taken:
    """Take a frame of the lock into account. WrongKind where it is none of `kinds`; NoAnswer where it does not verify.

    The same bytes again get the same answer and change nothing. `actor` says from where the frame was carried; what it
    says is the lock's own word.
    """
    with transaction():
        return _take(Brought(serial_number, frame, carrier, kinds), actor, now)


def _take(one: Brought, actor: Actor, now: datetime) -> Taken:
    try:
        head = peek_header(one.frame)
    except MalformedError as error:
        raise rules.NoAnswer from error
    if not one.kinds.includes(head):
        raise rules.WrongKind
    session = db.session
    lock = _hold(session, one.serial_number)
    if lock is None:
        raise rules.NoAnswer
    if head.direction is Direction.REPORT:
        taken = _take_report(session, lock, one.frame, actor, now)
    else:
        taken = _take_answer(lock, one.frame, actor, now)
    if taken is None:
        raise rules.NoAnswer
    if taken.is_new and one.carrier is not None:
        gateways.note_carrier(lock_id=lock.id, carrier=one.carrier, now=now)
    return taken


@dataclass(frozen=True, slots=True)
class Brought:
    """The bytes of a frame as somebody brought them; whose it is said to be, and what of it is taken."""

    serial_number: str
    frame: bytes
    carrier: Carrier | None = None
    kinds: rules.Kinds = rules.ANY


def take_frames(*, brought: Sequence[Brought], address: str = "", now: datetime) -> list[Taken | None]:
    """Take a batch of frames into account, in one transaction: what `take_frame` gives for each, in their order.

    None where `take_frame` refuses; such a frame changes nothing for the others. `address` says from where all were carried.
    """
    taken: list[Taken | None] = []
    with transaction():
        for one in brought:
            try:
                taken.append(_take(one, Actor(kind="lock", name="", address=address), now))
            except (rules.NoAnswer, rules.WrongKind):
                taken.append(None)
    return taken


def take_report(*, serial_number: str, frame: bytes, actor: Actor, now: datetime) -> bytes | None:
    """The sealed answer to a report of the lock; None where it does not verify, which is not answered at all."""
    try:
        taken = take_frame(serial_number=serial_number, frame=frame, kinds=rules.ANY_REPORT, actor=actor, now=now)
    except (rules.NoAnswer, rules.WrongKind):
        return None
    return taken.acknowledgement


def _hold(session: Session, serial_number: str) -> Lock | None:
    return session.scalars(
        sa.select(Lock).where(Lock.serial_number == serial_number.upper()).with_for_update()
    ).one_or_none()


def _take_answer(lock: Lock, frame: bytes, actor: Actor, now: datetime) -> Taken | None:
    settled = lock_commands.take_answer(serial_number=lock.serial_number, frame=frame, actor=actor, now=now)
    return Taken(lock.id, settled.is_new) if settled is not None else None


def _take_report(session: Session, lock: Lock, frame: bytes, actor: Actor, now: datetime) -> Taken | None:
    lock_actor = Actor(kind="lock", name=lock.name, address=actor.address)
    key, outcome = _open(lock, frame, lock_actor, now)
    if isinstance(outcome, Repeated):
        return Taken(lock.id, is_new=False, acknowledgement=outcome.answer)
    if not isinstance(outcome, Accepted) or key is None:
        return None
    opened = outcome.frame
    try:
        report = decode_report(opened.command, opened.plaintext, opened.version)
    except ProtocolError:
        # Genuine, but nothing that this version knows; the lock keeps it for a later one.
        return None
    answer = seal_frame(
        key,
        lock_keys.serial_of(lock),
        Frame(opened.version, opened.command, Direction.ACKNOWLEDGEMENT, opened.counter, ACKNOWLEDGED),
    )
    locks.note_report(
        lock_id=lock.id,
        counter=opened.counter,
        report=frame,
        answer=answer,
        battery_percent=_battery(report),
        firmware=getattr(report, "firmware", None) or "",
        begins_life=isinstance(report, Bound),
        now=now,
    )
    notes.note(session, lock, report, lock_actor, now)
    return Taken(lock.id, is_new=True, acknowledgement=answer)


def _open(lock: Lock, frame: bytes, actor: Actor, now: datetime) -> tuple[bytes | None, Any]:
    """Judge the frame under the keys in force, then under those on their way: hearing the lock under them proves them."""
    receiver = Receiver(
        Direction.REPORT, lock.report_counter, 7, lock.last_report or b"", lock.last_report_answer or b""
    )
    # A lock that wiped itself says so once more under the keys that it had.
    known = lock.server_keys or (lock.earlier_server_keys if lock.setup is LockSetup.FORGOTTEN else None)
    candidates = [known] if known else []
    is_pending = lock.setup is LockSetup.PENDING and lock.pending_server_keys is not None
    if is_pending:
        candidates.append(lock.pending_server_keys or "")
    outcome: Any = None
    for server_keys in candidates:
        key = lock_keys.command_key_of(lock, server_keys)
        outcome = receiver.take(key, lock_keys.serial_of(lock), frame)
        if isinstance(outcome, Repeated):
            return key, outcome
        if isinstance(outcome, Accepted):
            if is_pending and server_keys == lock.pending_server_keys:
                locks.confirm_setup(lock_id=lock.id, actor=actor, now=now)
            return key, outcome
    return None, outcome


def _battery(report: Payload) -> int | None:
    battery = getattr(report, "battery", None)
    return int(battery) if isinstance(battery, int) else None
