"""New locks: known from their label, bound under its key, and put in the place of broken ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.locks import bind_rules, queries, rules, setup_book
from pms.locks.models import Door, Lock, LockSetup
from pms.locks.service.doors import give_door, hang
from pms.locks.service.setup import start_setup

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What is printed on a lock, or comes with it. The keys are kept out of texts."""

    serial_number: str
    mac: str
    lock_keys: str = field(repr=False)
    name: str = ""
    model: str = ""
    protocol_version: int = 8
    features: tuple[str, ...] = ()


def register_lock(*, label: Label, is_reset: bool = False, actor: Actor, now: datetime) -> Lock:
    """The lock with this label, made known if it was not. OtherLabel, MacTaken; AlreadyBound unless it was reset."""
    with transaction() as session:
        lock = _find(session, label)
        if lock is None:
            lock = _add(session, label, actor, now)
        _check_label(lock, label)
        if lock.server_keys is not None and not is_reset:
            raise bind_rules.AlreadyBound(lock=lock.name)
        return lock


def bind_lock(
    *,
    label: Label,
    room_id: int | None = None,
    area_id: int | None = None,
    door_name: str = "",
    is_reset: bool = False,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Lock:
    """Make a lock known, hang it, and begin its setup under the key of its label.

    Asked again while the lock has not answered, the same frame waits for it still, unless the lock was reset meanwhile.
    """
    with transaction():
        lock = register_lock(label=label, is_reset=is_reset, actor=actor, now=now)
        place_lock(lock_id=lock.id, room_id=room_id, area_id=area_id, door_name=door_name, actor=actor, now=now)
        start_setup(lock_id=lock.id, is_factory_new=is_reset or None, request_id=request_id, actor=actor, now=now)
        return queries.get_lock(lock.id)


def place_lock(
    *,
    lock_id: int,
    room_id: int | None = None,
    area_id: int | None = None,
    door_name: str = "",
    actor: Actor,
    now: datetime,
) -> Door:
    """Hang a lock that may hang there already. LockTaken where it hangs elsewhere, and what `give_door` refuses."""
    with transaction():
        door = queries.door_of_lock(lock_id)
        if door is None:
            return give_door(room_id=room_id, area_id=area_id, lock_id=lock_id, name=door_name, actor=actor, now=now)
        if (room_id is None) == (area_id is None):
            raise rules.RoomOrArea
        if (door.room_id, door.area_id) != (room_id, area_id):
            raise rules.LockTaken(lock=queries.get_lock(lock_id).name, door=door.name)
        return door


def replace_lock(
    *, old_lock_id: int, new_lock_id: int, request_id: str | None = None, actor: Actor, now: datetime
) -> Lock:
    """Hang another lock in the place of a broken one, and begin its setup. The door keeps its number and its history.

    Asked again for the same two, nothing changes. AlreadyReplaced, HangsNowhere, and what hanging and setting up refuse.
    """
    with transaction() as session:
        old, new = _load(session, old_lock_id), _load(session, new_lock_id)
        if old.replaced_at is not None:
            if old.replaced_by_id == new_lock_id:
                return new
            raise bind_rules.AlreadyReplaced(lock=old.name)
        found = queries.door_of_lock(old_lock_id)
        if found is None or old_lock_id == new_lock_id:
            raise bind_rules.HangsNowhere(lock=old.name)
        door = session.get_one(Door, found.id, with_for_update=True)
        door.lock_id = None
        session.flush()
        hang(session, door, new_lock_id)
        old.replaced_at = old.changed_at = now
        old.replaced_by_id = new_lock_id
        old.pending_server_keys = old.new_admin_code = old.setup_frame = None
        if old.setup is LockSetup.PENDING:
            old.setup = LockSetup.MOVED if old.server_keys is not None else LockSetup.NEW
        session.flush()
        setup_book.forgotten(lock_id=old_lock_id, now=now)
        _record(old, door, "locks.replaced", actor, now, other=new)
        start_setup(lock_id=new_lock_id, request_id=request_id, actor=actor, now=now)
        return new


def _find(session: Session, label: Label) -> Lock | None:
    return session.scalars(
        sa.select(Lock).where(Lock.serial_number == label.serial_number.upper()).with_for_update()
    ).one_or_none()


def _add(session: Session, label: Label, actor: Actor, now: datetime) -> Lock:
    mac = label.mac.upper()
    other = session.scalars(sa.select(Lock).where(Lock.mac == mac)).first()
    if other is not None:
        # It may be this very lock, which somebody else made known since we looked.
        if other.serial_number == label.serial_number.upper() and (known := _find(session, label)) is not None:
            return known
        raise bind_rules.MacTaken(mac=mac, lock=other.name)
    lock = Lock(
        serial_number=label.serial_number.upper(),
        mac=mac,
        name=label.name or label.serial_number,
        model=label.model,
        protocol_version=label.protocol_version,
        features=list(label.features),
        setup=LockSetup.NEW,
        lock_keys=label.lock_keys.upper(),
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(lock)
            session.flush()
    except IntegrityError:
        # Two who bind the same lock at the same instant, on PostgreSQL.
        known = _find(session, label)
        if known is None:
            raise
        return known
    _record(lock, None, "locks.registered", actor, now)
    return lock


def _check_label(lock: Lock, label: Label) -> None:
    if (lock.mac, lock.lock_keys) != (label.mac.upper(), label.lock_keys.upper()):
        raise bind_rules.OtherLabel(serial=lock.serial_number)


def _load(session: Session, lock_id: int) -> Lock:
    lock = session.get(Lock, lock_id, with_for_update=True)
    if lock is None:
        raise queries.NoSuchLock
    return lock


def _record(lock: Lock, door: Door | None, action: str, actor: Actor, now: datetime, other: Lock | None = None) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="lock", id=lock.id, label=lock.name, lock_id=lock.id, room_id=door.room_id if door else None
        ),
        now=now,
        after={"lock": other.name if other else lock.serial_number, **({"door": door.name} if door else {})},
    )
