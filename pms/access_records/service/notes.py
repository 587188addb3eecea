"""What each kind of report means, and to whom it is told: one function a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pms.gateways import service as gateways
from pms.locks import service as locks
from pms.protocol.command import Alive, Bound, Deleted, ModuleAssociated, OneRecord, SystemSettings, UserList
from pms.slots import service as slots

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pms.access_records.service.intake import Intake
    from pms.core.actor import Actor
    from pms.locks.models import Lock
    from pms.protocol.command import Payload


def note(intake: Intake, lock: Lock, report: Payload, actor: Actor, now: datetime) -> None:
    """Store what the report says. Battery and firmware are the lock's own row's, and are noted already."""
    if isinstance(report, OneRecord):
        intake.add_single(lock, report.record, actor)
    elif isinstance(report, Alive):
        locks.note_alive(lock_id=lock.id, said=report, now=now)
        intake.add_newest(lock, report.newest_sequence, actor)
    else:
        _NOTERS[type(report)](lock, report, actor, now)


def _bound(lock: Lock, report: Bound, actor: Actor, now: datetime) -> None:
    locks.note_bound(lock_id=lock.id, said=report, actor=actor, now=now)


def _deleted(lock: Lock, _report: Deleted, actor: Actor, now: datetime) -> None:
    locks.note_deleted(lock_id=lock.id, actor=actor, now=now)


def _settings(lock: Lock, report: SystemSettings, actor: Actor, now: datetime) -> None:
    locks.note_settings(lock_id=lock.id, said=report, actor=actor, now=now)


def _users(lock: Lock, report: UserList, actor: Actor, now: datetime) -> None:
    slots.note_users(lock_id=lock.id, users=report, actor=actor, now=now)


def _module(lock: Lock, report: ModuleAssociated, actor: Actor, now: datetime) -> None:
    gateways.note_associated(lock_id=lock.id, imei=report.imei, imsi=report.imsi, actor=actor, now=now)


_NOTERS: dict[type[Payload], Callable[[Lock, Any, Actor, datetime], None]] = {
    Bound: _bound,
    Deleted: _deleted,
    SystemSettings: _settings,
    UserList: _users,
    ModuleAssociated: _module,
}
