"""Gives a lock keys that only this server knows (command 0500), and takes its reports into account.

The new keys are pending until the lock is heard under them: by its answer to 0500, or by its first report. The frame is
kept and brought to the lock again byte for byte, since a lock that took it already answers the same bytes again.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.locks import closed_cards, key_changes, lock_keys, queries, rules, scope_queries
from pms.locks.models import Door, Lock, LockSetup
from pms.properties import queries as properties
from pms.protocol.card import Audience
from pms.protocol.command import (
    AnswerStatus,
    AreaKey,
    Command,
    Denied,
    Initialise,
    IssueFloor,
    decode_answer,
    decode_request,
)
from pms.protocol.errors import ProtocolError, TamperedError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.session import next_server_counter

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor

_SCOPE = Audience.SCOPE


def start_setup(*, lock_id: int, is_factory_new: bool | None = None, actor: Actor, now: datetime) -> bytes:
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
        frame = _new_frame(lock, door, is_factory_new=is_factory_new, now=now)
        lock.setup, lock.setup_frame = LockSetup.PENDING, frame
        _record(lock, door, "locks.setup_started", actor, now)
        return frame


def finish_setup(*, lock_id: int, answer: bytes, actor: Actor, now: datetime) -> Lock:
    """Take the lock's answer to 0500: its new keys come into force.

    AnswerNotGenuine where the bytes are anything else; SetupRefused where the lock said no.
    """
    with transaction() as session:
        lock = _load(session, lock_id)
        frame = lock.setup_frame
        if lock.setup is not LockSetup.PENDING or frame is None:
            raise rules.NotBeingSetUp
        status = _status(lock, frame, answer)
        lock.last_setup_answer = answer
        if status is AnswerStatus.DONE:
            confirm_setup(lock_id=lock_id, actor=actor, now=now)
        else:
            _drop_pending(lock)
            _record(lock, queries.door_of_lock(lock_id), "locks.setup_refused", actor, now)
    if status is not AnswerStatus.DONE:
        # That the lock refused is stored; only then is it said.
        raise rules.SetupRefused(status=int(status))
    return lock


def confirm_setup(*, lock_id: int, actor: Actor, now: datetime) -> None:
    """The lock was heard under its pending keys: they are in force. Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        if lock.pending_server_keys is None:
            return
        told = _told(lock)
        if _was_factory_new(lock):
            # The life that its first report begins; a lock that was not wiped goes on counting its records.
            lock.counting_life = lock.life + 1
        lock.server_keys, lock.admin_code = told.server_keys, told.admin_passcode
        lock.pending_server_keys = lock.new_admin_code = lock.setup_frame = None
        lock.key_version, lock.door_number = told.key_version, told.door_id
        lock.utc_offset_quarters, lock.check_out_hour = told.time_zone, told.checkout_hour
        lock.known_epoch = lock.code_epoch = told.epoch
        lock.told_scopes = list(told.scopes)
        lock.scope_issues = {str(floor.target_id): floor.issue for floor in told.issues if floor.audience is _SCOPE}
        door = queries.door_of_lock(lock_id)
        is_here = door is not None and door.number == told.door_id
        lock.setup = LockSetup.READY if is_here else LockSetup.MOVED
        lock.last_seen_at = now
        closed_cards.note_denied(
            lock_id=lock_id, credential_ids=[entry.credential_id for entry in told.denied], now=now
        )
        key_changes.tell(lock_id=lock_id, actor=actor, now=now)
        _record(lock, door, "locks.set_up", actor, now)


def note_report(
    *,
    lock_id: int,
    counter: int,
    report: bytes,
    answer: bytes,
    battery_percent: int | None = None,
    firmware: str = "",
    begins_life: bool = False,
    now: datetime,
) -> Lock:
    """Remember a report that was accepted, and what it said of the lock. Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        lock.report_counter, lock.last_report, lock.last_report_answer = counter, report, answer
        lock.last_seen_at = now
        if battery_percent is not None:
            lock.battery_percent = min(battery_percent, 100)
        if firmware:
            lock.firmware = firmware[:40]
        if begins_life:
            lock.life += 1
        session.flush()
        return lock


def _new_frame(lock: Lock, door: Door, *, is_factory_new: bool, now: datetime) -> bytes:
    key = lock_keys.bind_key_of(lock) if is_factory_new else lock_keys.command_key_of(lock)
    lock.pending_server_keys = f"{secrets.randbelow(10**16):016d}"
    lock.new_admin_code = f"{secrets.randbelow(10**8):08d}"
    content = _content(door, lock.pending_server_keys, lock.new_admin_code, lock.code_epoch, now)
    lock.server_counter = next_server_counter(lock.server_counter, int(now.timestamp() * 1000))
    version = lock.protocol_version
    return seal_frame(
        key,
        lock_keys.serial_of(lock),
        Frame(version, Command.INITIALISE, Direction.REQUEST, lock.server_counter, content.encode(version)),
    )


def _content(door: Door, server_keys: str, admin_passcode: str, epoch: int, now: datetime) -> Initialise:
    """All that a lock must know of its door; also what a lock before it had learnt, so that no dead card revives."""
    house, site_key = properties.get_property(), properties.get_site_key()
    scopes = scope_queries.scopes_of_door(door)
    issue = closed_cards.issue_floor(door_id=door.id, now=now)
    issues = [IssueFloor(Audience.DOOR, door.number, issue)] if issue is not None else []
    issues += [IssueFloor(_SCOPE, scope.number, scope.issue) for scope in scopes]
    return Initialise(
        server_keys=server_keys,
        admin_passcode=admin_passcode,
        door_id=door.number,
        key_version=site_key.key_version,
        door_key=lock_keys.door_key(site_key, door),
        areas=(AreaKey(door.area.number, lock_keys.area_key(site_key, door.area)),) if door.area else (),
        card_a_key=lock_keys.card_keys(site_key).a,
        staff_public_key=site_key.pk_staff,
        clock=int(now.timestamp()),
        time_zone=rules.utc_offset_quarters(now, house.zone),
        checkout_hour=house.check_out_hour,
        epoch=epoch,
        scopes=tuple(scope.number for scope in scopes),
        issues=tuple(issues),
        denied=tuple(
            Denied(card.credential_id, int(card.until.timestamp())) for card in closed_cards.denied_cards(now=now)
        ),
    )


def _status(lock: Lock, frame: bytes, answer: bytes) -> AnswerStatus:
    """What the lock said; AnswerNotGenuine for anything but its answer to this very frame."""
    counter = peek_header(frame).counter
    try:
        opened = _open(lock, answer)
        if (opened.command, opened.direction, opened.counter) == (Command.INITIALISE, Direction.ANSWER, counter):
            return decode_answer(opened.command, opened.plaintext, opened.version).status
    except ProtocolError as error:
        raise rules.AnswerNotGenuine from error
    raise rules.AnswerNotGenuine


def _open(lock: Lock, data: bytes) -> Frame:
    """A frame of a setup under way: an answer is sealed with the key of its request, and that was one of two."""
    if lock.server_keys is not None:
        try:
            return open_frame(lock_keys.command_key_of(lock), lock_keys.serial_of(lock), data)
        except TamperedError:
            pass
    return open_frame(lock_keys.bind_key_of(lock), lock_keys.serial_of(lock), data)


def _was_factory_new(lock: Lock) -> bool:
    """Whether the frame on its way is one that only an unbound lock takes."""
    if lock.server_keys is None:
        return True
    try:
        open_frame(lock_keys.command_key_of(lock), lock_keys.serial_of(lock), lock.setup_frame or b"")
    except TamperedError:
        return True
    return False


def _told(lock: Lock) -> Initialise:
    """What the frame on its way told the lock."""
    opened = _open(lock, lock.setup_frame or b"")
    told = decode_request(opened.command, opened.plaintext, opened.version)
    if not isinstance(told, Initialise):
        raise TypeError("a setup frame without a setup")
    return told


def _drop_pending(lock: Lock) -> None:
    lock.pending_server_keys = lock.new_admin_code = lock.setup_frame = None
    lock.setup = LockSetup.MOVED if lock.door_number is not None else LockSetup.IMPORTED


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
