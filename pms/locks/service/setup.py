"""Gives a lock keys that only this server knows (command 0500), and takes its reports into account.

The new keys are pending until the lock is heard under them: by its answer to 0500, or by its first report. The frame is
kept and brought to the lock again byte for byte, since a lock that took it already answers the same bytes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from pms.audit import service as audit
from pms.core.db import transaction
from pms.locks import closed_cards, key_changes, queries, rules, setup_book
from pms.locks.models import Door, Lock, LockSetup
from pms.locks.service.reported import put_battery
from pms.locks.service.setup_frames import SCOPE, new_frame, read_answer, told_by, was_factory_new
from pms.protocol.command import AnswerStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


def start_setup(
    *, lock_id: int, is_factory_new: bool | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> bytes:
    """The frame that an installer's phone brings to the lock: the same one until the lock has answered.

    `is_factory_new` says that the lock was reset to its factory state, where it takes nothing but a frame under `K_bind`;
    without it, that is so for a lock which never had server keys. Saying it while a setup is under way begins anew.
    """
    with transaction() as session:
        lock = _load(session, lock_id)
        frame = lock.setup_frame if lock.setup is LockSetup.PENDING else None
        if frame is not None and not is_factory_new:
            return frame
        door = queries.door_of_lock(lock_id)
        if door is None:
            raise rules.NoDoor
        if is_factory_new is None:
            is_factory_new = lock.server_keys is None
        frame = new_frame(lock, door, is_factory_new=is_factory_new, now=now)
        lock.setup, lock.setup_frame = LockSetup.PENDING, frame
        session.flush()
        setup_book.started(lock_id=lock_id, frame=frame, request_id=request_id, actor=actor, now=now)
        _record(lock, door, "locks.setup_started", actor, now)
        return frame


def finish_setup(*, lock_id: int, answer: bytes, actor: Actor, now: datetime) -> Lock:
    """Take the lock's answer to 0500: its new keys come into force.

    AnswerNotGenuine where the bytes are anything else; SetupRefused where the lock said no.
    """
    status = settle_setup(lock_id=lock_id, answer=answer, actor=actor, now=now)
    if status is not AnswerStatus.DONE:
        # That the lock refused is stored; only then is it said.
        raise rules.SetupRefused(status=int(status))
    return queries.get_lock(lock_id)


def settle_setup(*, lock_id: int, answer: bytes, actor: Actor, now: datetime) -> AnswerStatus:
    """What the lock said to 0500, and all that follows from it. Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        frame = lock.setup_frame
        if lock.setup is not LockSetup.PENDING or frame is None:
            raise rules.NotBeingSetUp
        status = read_answer(lock, frame, answer)
        if status is AnswerStatus.DONE:
            confirm_setup(lock_id=lock_id, actor=actor, now=now)
        else:
            _drop_pending(lock)
            setup_book.ended(lock_id=lock_id, status=int(status), now=now)
            _record(lock, queries.door_of_lock(lock_id), "locks.setup_refused", actor, now)
        session.flush()
        return status


def confirm_setup(*, lock_id: int, actor: Actor, now: datetime) -> None:
    """The lock was heard under its pending keys: they are in force. Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        if lock.pending_server_keys is None:
            return
        told = told_by(lock)
        if was_factory_new(lock):
            # The life that its first report begins; a lock that was not wiped goes on counting its records.
            lock.counting_life = lock.life + 1
        if lock.server_keys is not None:
            lock.earlier_server_keys = lock.server_keys
        lock.server_keys, lock.admin_code = told.server_keys, told.admin_passcode
        lock.pending_server_keys = lock.new_admin_code = lock.setup_frame = None
        lock.key_version, lock.door_number = told.key_version, told.door_id
        lock.utc_offset_quarters, lock.check_out_hour = told.time_zone, told.checkout_hour
        lock.known_epoch = lock.code_epoch = told.epoch
        lock.told_scopes = list(told.scopes)
        lock.scope_issues = {str(floor.target_id): floor.issue for floor in told.issues if floor.audience is SCOPE}
        door = queries.door_of_lock(lock_id)
        is_here = door is not None and door.number == told.door_id
        lock.setup = LockSetup.READY if is_here else LockSetup.MOVED
        lock.bound_at = lock.forgotten_at = None
        lock.clock_set_at = datetime.fromtimestamp(told.clock, UTC)
        lock.last_seen_at = lock.changed_at = now
        session.flush()
        setup_book.ended(lock_id=lock_id, status=int(AnswerStatus.DONE), now=now)
        closed_cards.note_denied(
            lock_id=lock_id, credential_ids=[entry.credential_id for entry in told.denied], now=now
        )
        key_changes.tell(lock_id=lock_id, actor=actor, now=now)
        _record(lock, door, "locks.set_up", actor, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A report that was accepted, what was answered, and what it said of the lock by the way."""

    counter: int
    report: bytes
    answer: bytes
    battery_percent: int | None = None
    firmware: str = ""
    begins_life: bool = False


def put_reports(session: Session, heard: Sequence[tuple[Lock, Heard]], *, now: datetime) -> None:
    """Remember the last report of each lock. Their rows are held by the caller's transaction.

    What changes with every report goes there by one statement for all: a batch brings those of hundreds of locks. People
    change none of it, so that it makes no new version of the row.
    """
    if not heard:
        return
    for lock, one in heard:
        if one.battery_percent is not None and (lock.battery_at is None or lock.battery_percent != one.battery_percent):
            put_battery(lock, one.battery_percent, now)
        if one.firmware and lock.firmware != one.firmware[:40]:
            lock.firmware = one.firmware[:40]
        if one.begins_life:
            lock.life += 1
    session.flush()
    rows = [
        {
            "report_counter": one.counter,
            "last_report": one.report,
            "last_report_answer": one.answer,
            "last_seen_at": now,
            "battery_at": now if one.battery_percent is not None else lock.battery_at,
        }
        for lock, one in heard
    ]
    places = [
        {"key": lock.id, **{f"new_{name}": row[name] for name in row}}
        for (lock, _one), row in zip(heard, rows, strict=True)
    ]
    session.connection().execute(_PUT, places)
    for (lock, _one), row in zip(heard, rows, strict=True):
        for name, value in row.items():
            set_committed_value(lock, name, value)


_PUT = (
    sa.update(Lock)
    .where(Lock.id == sa.bindparam("key"))
    .values(
        {
            name: sa.bindparam(f"new_{name}")
            for name in ("report_counter", "last_report", "last_report_answer", "last_seen_at", "battery_at")
        }
    )
)


def _drop_pending(lock: Lock) -> None:
    lock.pending_server_keys = lock.new_admin_code = lock.setup_frame = None
    lock.setup = _resting(lock)


def _resting(lock: Lock) -> LockSetup:
    """What a lock is without a setup under way."""
    if lock.server_keys is None:
        if lock.forgotten_at is not None:
            return LockSetup.FORGOTTEN
        return LockSetup.IMPORTED if lock.origin else LockSetup.NEW
    if lock.door_number is None:
        return LockSetup.IMPORTED
    door = queries.door_of_lock(lock.id)
    return LockSetup.READY if door is not None and door.number == lock.door_number else LockSetup.MOVED


def _load(session: Session, lock_id: int) -> Lock:
    lock = session.get(Lock, lock_id, with_for_update=True)
    if lock is None:
        raise queries.NoSuchLock
    return lock


def _record(lock: Lock, door: Door | None, action: str, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="lock", id=lock.id, label=lock.name, lock_id=lock.id, room_id=door.room_id if door else None
        ),
        now=now,
        after={"door": door.name if door else None, "key_version": lock.key_version},
    )
