"""What locks say of themselves, by reports and answers, and what that makes of their rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import db, insert_into, transaction
from pms.locks import key_changes, queries, setup_book
from pms.locks.models import Lock, LockBattery, LockSetup
from pms.locks.service.scopes import note_told
from pms.properties import queries as properties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.protocol.command import Alive, Bound, SettingsAnswer, SystemSettings

BATTERY_DAYS = 400
"""How long the battery's history is kept."""
# What carrying takes anyhow; a clock that seems to be behind by less than this is right.
_CARRYING = 120
# By these a lock counts nights and days.
_CLOCKWORK = {"time_zone", "check_out_hour"}


def note_settings(
    *,
    lock_id: int,
    said: SettingsAnswer | SystemSettings,
    asked_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> Lock:
    """The lock has told its settings: by itself (0701), or asked at `asked_at` (0200). Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        before = shown_settings(lock)
        _put_common(lock, said, asked_at, now)
        if said.time_zone is not None:
            lock.utc_offset_quarters = said.time_zone
        if said.checkout_hour is not None:
            lock.check_out_hour = said.checkout_hour
        if said.epoch is not None:
            lock.reported_epoch = said.epoch
        if said.key_version is not None:
            lock.key_version = said.key_version
        _put_door(lock, said.door_id)
        _put_raw(lock, {f"{item.tag:02X}": item.value.hex().upper() for item in said.raw})
        lock.settings_at = now
        _close(session, lock, before, "locks.settings_said", actor, now)
        return lock


def note_written(*, lock_id: int, asked: Mapping[str, Any], asked_at: datetime, actor: Actor, now: datetime) -> Lock:
    """The lock has done what it was asked with 0201, at some moment after `asked_at`. Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        before = shown_settings(lock)
        if asked.get("clock"):
            lock.clock_set_at, lock.is_clock_lost = asked_at, False
            # How long the frame was on its way, nobody knows; but no longer than until now.
            lock.clock_drift = 0 if (now - asked_at).total_seconds() <= _CARRYING else None
        lock.utc_offset_quarters = asked.get("time_zone", lock.utc_offset_quarters)
        lock.check_out_hour = asked.get("check_out_hour", lock.check_out_hour)
        if "scopes" in asked:
            note_told(lock_id=lock_id, numbers=asked["scopes"])
        _put_raw(lock, {text[:2]: text[2:] for text in asked.get("settings", ())})
        _close(session, lock, before, "locks.settings_written", actor, now)
        return lock


def note_bound(*, lock_id: int, said: Bound, actor: Actor, now: datetime) -> Lock:
    """The lock reported under its new keys that it is ours (0700). Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        _put_common(lock, said, None, now)
        lock.bound_at = lock.changed_at = now
        _record(lock, "locks.bound", actor, now)
        session.flush()
        return lock


def note_alive(*, lock_id: int, said: Alive, now: datetime) -> Lock:
    """The lock reported that it is alive (0800). Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        _put_common(lock, said, None, now)
        lock.newest_sequence = said.newest_sequence
        # A server that was restored from an old backup learns which counters it has used.
        lock.server_counter = max(lock.server_counter, said.last_counter)
        session.flush()
        return lock


def note_passage(*, lock_id: int, is_on: bool, now: datetime) -> Lock:
    """The lock went into passage mode, or out of it. Joins the caller's transaction."""
    with transaction() as session:
        lock = _load(session, lock_id)
        if lock.in_passage_mode is not is_on:
            lock.in_passage_mode, lock.changed_at = is_on, now
            session.flush()
        return lock


def note_deleted(*, lock_id: int, actor: Actor, now: datetime) -> Lock:
    """The lock has wiped itself: by its owner's order at the lock (0502), or by ours (0501). Joins the caller's transaction.

    From now on nothing is computed for it. Its keys stay sealed, for the record, and for what is carried here late.
    """
    with transaction() as session:
        lock = _load(session, lock_id)
        if lock.setup is LockSetup.FORGOTTEN:
            return lock
        if lock.server_keys is not None:
            lock.earlier_server_keys = lock.server_keys
        lock.server_keys = lock.pending_server_keys = lock.new_admin_code = lock.admin_code = lock.setup_frame = None
        lock.setup, lock.door_number, lock.told_scopes, lock.scope_issues = LockSetup.FORGOTTEN, None, None, {}
        lock.in_passage_mode = None
        lock.forgotten_at = lock.changed_at = now
        session.flush()
        setup_book.forgotten(lock_id=lock_id, now=now)
        key_changes.tell_wiped(lock_id=lock_id, actor=actor, now=now)
        _record(lock, "locks.forgotten", actor, now)
        return lock


def put_battery(lock: Lock, percent: int, now: datetime) -> None:
    """The lock said its battery's percentage; a change goes into its history."""
    percent, is_first = min(percent, 100), lock.battery_at is None
    lock.battery_at = now
    if percent == lock.battery_percent and not is_first:
        return
    lock.battery_percent = percent
    house = properties.find_property()
    day = now.astimezone(house.zone if house else UTC).date()
    statement = insert_into(LockBattery).values(lock_id=lock.id, day=day, percent=percent)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["lock_id", "day"], set_={"percent": statement.excluded.percent})
    )
    old = sa.delete(LockBattery).where(
        LockBattery.lock_id == lock.id, LockBattery.day < day - timedelta(days=BATTERY_DAYS)
    )
    db.session.execute(old)


def shown_settings(lock: Lock) -> dict[str, Any]:
    """The settings as plain values that anybody may see."""
    return {
        "time_zone": lock.utc_offset_quarters,
        "check_out_hour": lock.check_out_hour,
        "settings": " ".join(f"{tag}{value}" for tag, value in sorted(lock.settings.items())),
    }


def _put_common(
    lock: Lock, said: SettingsAnswer | SystemSettings | Bound | Alive, asked_at: datetime | None, now: datetime
) -> None:
    if said.battery is not None:
        put_battery(lock, said.battery, now)
    if said.voltage_class is not None:
        lock.voltage_class = said.voltage_class
    lock.firmware = (getattr(said, "firmware", None) or lock.firmware)[:40]
    clock: int | None = getattr(said, "clock", None)
    if clock is not None:
        _put_clock(lock, clock, asked_at, now)


def _put_clock(lock: Lock, clock: int, asked_at: datetime | None, now: datetime) -> None:
    """0 is the clock of a lock that lost it. Else: how far it is off, as far as that can be known.

    It was read before now, and, where the lock was asked, after that: between the two nothing is off. What a lock reports
    by itself may have been carried for long, so that only a clock that is ahead is off for certain.
    """
    lock.is_clock_lost = clock == 0
    if lock.is_clock_lost:
        lock.clock_drift = None
        return
    latest = int(now.timestamp())
    earliest = int(asked_at.timestamp()) if asked_at is not None else latest - _CARRYING
    if clock > latest:
        lock.clock_drift = clock - latest
    elif clock >= earliest:
        lock.clock_drift = 0
    elif asked_at is not None:
        lock.clock_drift = clock - earliest


def _put_door(lock: Lock, number: int | None) -> None:
    """The lock's own word for which door it was set up."""
    if number is None or lock.setup not in (LockSetup.READY, LockSetup.MOVED):
        return
    lock.door_number = number
    door = queries.door_of_lock(lock.id)
    lock.setup = LockSetup.READY if door is not None and door.number == number else LockSetup.MOVED


def _put_raw(lock: Lock, raw: Mapping[str, str]) -> None:
    lock.settings = {**lock.settings, **raw}


def _close(session: Session, lock: Lock, before: Mapping[str, Any], action: str, actor: Actor, now: datetime) -> None:
    """Store, and note what is another than before."""
    session.flush()
    after = shown_settings(lock)
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        lock.changed_at = now
        session.flush()
    if _CLOCKWORK & set(changed):
        key_changes.tell_clockwork(lock_id=lock.id, actor=actor, now=now)
    _record(
        lock,
        action,
        actor,
        now,
        before={name: before[name] for name in changed} or None,
        after={name: after[name] for name in changed} or None,
    )


def _load(session: Session, lock_id: int) -> Lock:
    lock = session.get(Lock, lock_id, with_for_update=True)
    if lock is None:
        raise queries.NoSuchLock
    return lock


def _record(
    lock: Lock,
    action: str,
    actor: Actor,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    door = queries.door_of_lock(lock.id)
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="lock", id=lock.id, label=lock.name, lock_id=lock.id, room_id=door.room_id if door else None
        ),
        now=now,
        before=before,
        after=after,
    )
