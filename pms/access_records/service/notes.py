"""What each kind of report means, and to whom it is told: one function a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pms.access_records.service import series, storing
from pms.gateways import service as gateways
from pms.locks import service as locks
from pms.protocol.command import Alive, Bound, Deleted, ModuleAssociated, OneRecord, SystemSettings, UserList
from pms.slots import service as slots

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.locks.models import Lock
    from pms.protocol.command import Payload


def note(session: Session, lock: Lock, report: Payload, actor: Actor, now: datetime) -> None:
    """Store what the report says. Battery and firmware are the lock's own row's, and are noted already."""
    _NOTERS[type(report)](session, lock, report, actor, now)


def _record(session: Session, lock: Lock, report: OneRecord, actor: Actor, now: datetime) -> None:
    series.series_of(session, lock)
    storing.store(session, lock, [report.record], actor, now)
    series.after_one(session, lock, report.record.sequence, actor, now)


def _alive(session: Session, lock: Lock, report: Alive, _actor: Actor, now: datetime) -> None:
    locks.note_alive(lock_id=lock.id, said=report, now=now)
    row = series.series_of(session, lock)
    row.newest = max(row.newest, report.newest_sequence)


def _bound(_session: Session, lock: Lock, report: Bound, actor: Actor, now: datetime) -> None:
    locks.note_bound(lock_id=lock.id, said=report, actor=actor, now=now)


def _deleted(_session: Session, lock: Lock, _report: Deleted, actor: Actor, now: datetime) -> None:
    locks.note_deleted(lock_id=lock.id, actor=actor, now=now)


def _settings(_session: Session, lock: Lock, report: SystemSettings, actor: Actor, now: datetime) -> None:
    locks.note_settings(lock_id=lock.id, said=report, actor=actor, now=now)


def _users(_session: Session, lock: Lock, report: UserList, actor: Actor, now: datetime) -> None:
    slots.note_users(lock_id=lock.id, users=report, actor=actor, now=now)


def _module(_session: Session, lock: Lock, report: ModuleAssociated, actor: Actor, now: datetime) -> None:
    gateways.note_associated(lock_id=lock.id, imei=report.imei, imsi=report.imsi, actor=actor, now=now)


_NOTERS: dict[type[Payload], Callable[[Session, Lock, Any, Actor, datetime], None]] = {
    OneRecord: _record,
    Alive: _alive,
    Bound: _bound,
    Deleted: _deleted,
    SystemSettings: _settings,
    UserList: _users,
    ModuleAssociated: _module,
}
