"""Alarms are raised once while they last, and end where what they were about is over.

The database holds "once": whoever raises inserts, and where there is one already counts it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pms.alarms import queries, rules, telling
from pms.alarms.models import Alarm, AlarmKind, Event
from pms.audit import service as audit
from pms.core.db import insert_into, transaction
from pms.core.ids import new_id
from pms.locks import queries as locks

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong, before it is known whether it is told of already. `thing` as in the table."""

    kind: AlarmKind
    thing: str
    at: datetime
    lock_id: int | None = None
    gateway_id: int | None = None
    record_id: int | None = None
    times: int = 1
    details: dict[str, Any] = field(default_factory=dict)


def raise_alarm(
    *,
    kind: AlarmKind,
    lock_id: int | None = None,
    gateway_id: int | None = None,
    record_id: int | None = None,
    at: datetime,
    actor: Actor,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> Alarm:
    """Something is wrong at a lock or with a gateway (neither: in the house). While the same lasts it is counted again.

    Joins the caller's transaction. `details` are plain values.
    """
    with transaction() as session:
        found = Found(kind, thing_of(lock_id, gateway_id), at, lock_id, gateway_id, record_id, details=details or {})
        alarm, is_new = put(session, found, actor, now)
        if is_new:
            telling.tell([(alarm.id, Event.RAISED)], actor=actor, now=now)
        return alarm


def settle(
    *, kind: AlarmKind, lock_id: int | None = None, gateway_id: int | None = None, now: datetime, actor: Actor
) -> None:
    """What the alarm was about is over. Nothing happens where there is none. Joins the caller's transaction."""
    with transaction() as session:
        alarm = queries.current(kind, thing_of(lock_id, gateway_id))
        if alarm is not None:
            close(session, alarm, now, actor, now)
            telling.tell([(alarm.id, Event.SETTLED)], actor=actor, now=now)


def thing_of(lock_id: int | None = None, gateway_id: int | None = None) -> str:
    """What an alarm is about, as its row names it."""
    if lock_id is not None:
        return f"lock:{lock_id}"
    return f"gateway:{gateway_id}" if gateway_id is not None else HOUSE


HOUSE = "house"


def put(session: Session, found: Found, actor: Actor, now: datetime) -> tuple[Alarm, bool]:
    """The alarm, and whether it is a new one; nobody is told here. Inside the caller's transaction."""
    while True:
        alarm = _insert(session, found, now)
        if alarm is not None:
            record(alarm, "alarms.raised", actor, now, {"at": found.at.isoformat()})
            return alarm, True
        same = queries.current(found.kind, found.thing)
        # None: it ended in the moment between, so the next try makes another one.
        if same is not None:
            same.times += found.times
            same.last_seen_at = max(same.last_seen_at, found.at)
            same.details = {**same.details, **found.details}
            session.flush()
            return same, False


def close(session: Session, alarm: Alarm, at: datetime, actor: Actor, now: datetime) -> None:
    """It is over since `at`; nobody is told here. Inside the caller's transaction, which holds the row."""
    alarm.settled_at = max(at, alarm.raised_at)
    session.flush()
    record(alarm, "alarms.settled", actor, now)


def record(alarm: Alarm, action: str, actor: Actor, now: datetime, after: dict[str, Any] | None = None) -> None:
    """A line in the trail, to be found by lock and room."""
    row = queries.with_place(alarm.id)
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="alarm",
            id=alarm.id,
            label=row.place,
            lock_id=alarm.lock_id,
            room_id=row.room.id if row.room is not None else None,
        ),
        now=now,
        after={"kind": alarm.kind.value, **(after or {})},
    )


def _insert(session: Session, found: Found, now: datetime) -> Alarm | None:
    door = locks.door_of_lock(found.lock_id) if found.lock_id is not None else None
    number = session.scalar(
        insert_into(Alarm)
        .values(
            id=new_id(),
            kind=found.kind,
            severity=rules.SEVERITIES[found.kind],
            thing=found.thing,
            lock_id=found.lock_id,
            door_id=door.id if door is not None else None,
            gateway_id=found.gateway_id,
            record_id=found.record_id,
            raised_at=found.at,
            noticed_at=now,
            last_seen_at=found.at,
            times=found.times,
            details=found.details,
            note="",
        )
        .on_conflict_do_nothing()
        .returning(Alarm.id)
    )
    return session.get_one(Alarm, number) if number is not None else None
