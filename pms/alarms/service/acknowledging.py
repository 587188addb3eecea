"""Somebody, by name, has looked at an alarm; and who took the history away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.alarms import queries, rules, telling
from pms.alarms.models import Event
from pms.alarms.service.raising import record
from pms.audit import service as audit
from pms.core.db import transaction

if TYPE_CHECKING:
    from datetime import datetime

    from pms.alarms.models import Alarm
    from pms.core.actor import Actor


def acknowledge(*, alarm_id: int, note: str, may_see_discreet: bool, actor: Actor, now: datetime) -> Alarm:
    """The actor has looked, and says what they found. Twice by the same person is once.

    NoSuchAlarm, NobodyByName, AlreadyAcknowledged, NoNote, LongNote. One that is over by now can be acknowledged all the same.
    """
    if actor.account_id is None:
        raise rules.NobodyByName
    with transaction() as session:
        alarm = queries.get_alarm(alarm_id, with_discreet=may_see_discreet, is_to_change=True)
        if alarm.acknowledged_at is not None:
            if alarm.acknowledged_by_id == actor.account_id:
                return alarm
            who = queries.with_place(alarm_id).acknowledged_by
            raise rules.AlreadyAcknowledged(name=who, at=alarm.acknowledged_at)
        alarm.note = rules.clean_note(note, alarm.severity)
        alarm.acknowledged_at, alarm.acknowledged_by_id = now, actor.account_id
        session.flush()
        record(alarm, "alarms.acknowledged", actor, now, {"note": alarm.note} if alarm.note else None)
        telling.tell([(alarm.id, Event.ACKNOWLEDGED)], actor=actor, now=now)
        return alarm


def note_export(*, criteria: dict[str, str], actor: Actor, now: datetime) -> None:
    """Somebody took the alarms away as a file; `criteria` says which of them."""
    with transaction():
        audit.record(
            actor=actor,
            action="alarms.exported",
            subject=audit.Subject(kind="alarm", id=""),
            now=now,
            after=criteria or None,
        )
