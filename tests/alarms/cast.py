"""What the tests of alarms do again and again."""

from __future__ import annotations

import sqlalchemy as sa

from pms.access_records.models import AccessRecord
from pms.access_records.service import alarming
from pms.alarms import service
from pms.alarms.models import Alarm, AlarmKind
from pms.alarms.service import Noted
from pms.audit.models import AuditEntry
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.ids import new_id
from pms.protocol.record import AccessRecord as DoorRecord
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult

LOCK = Actor(kind="lock", name="Z-1")


def raised(house, now, kind=AlarmKind.TAMPER, door="101", **more) -> Alarm:
    """An alarm at a door of the small house."""
    return service.raise_alarm(
        kind=kind, lock_id=house.doors[door].lock_id, at=more.pop("at", now), actor=LOCK, now=now, **more
    )


def person(house, name="desk") -> Actor:
    return Actor(kind="account", name=name.title(), account_id=house.accounts[name].id)


def acknowledge(house, alarm, now, note="Looked", name="desk", *, may_see_discreet=False) -> Alarm:
    return service.acknowledge(
        alarm_id=alarm.id, note=note, may_see_discreet=may_see_discreet, actor=person(house, name), now=now
    )


def everything() -> list[Alarm]:
    """All alarms as they are in the database, the oldest first."""
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Alarm).order_by(Alarm.id)))


def actions(prefix="alarms.") -> list[str]:
    """What the trail has of alarms, in its order."""
    rows = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id))
    return [action for action in rows if action.startswith(prefix)]


def record(sequence, at, event, *, method=RecordMethod.OFFLINE_CARD, result=RecordResult.OPENED, battery=80):
    return DoorRecord(sequence, int(at.timestamp()), event, method, 0, result, battery), at


def wrong_code(sequence, at):
    return record(
        sequence, at, RecordEvent.REFUSED, method=RecordMethod.OFFLINE_PASSCODE, result=RecordResult.WRONG_CODE
    )


def note(house, now, *batches) -> None:
    """Store records and tell of them in one transaction: (door, records) each, all of them one batch."""
    with transaction() as session:
        noted = []
        for name, records in batches:
            door = house.doors[name]
            for one, at in records:
                number = new_id()
                session.add(
                    AccessRecord(
                        id=number,
                        lock_id=door.lock_id,
                        door_id=door.id,
                        life=1,
                        sequence=one.sequence,
                        at=at,
                        event=int(one.event),
                        method=int(one.method),
                        credential_id=0,
                        result=int(one.result),
                        battery_percent=one.battery,
                        received_at=now,
                    )
                )
                noted.append(Noted(door.lock_id, number, one, at, LOCK))
        session.flush()
        alarming.tell(noted, now)
