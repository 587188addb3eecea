"""What doors note, made into alarms: those they sound themselves, what ends them, and codes that somebody tries.

A batch of records costs one question where nothing is wrong, however long it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pms.alarms import queries, rules, telling
from pms.alarms.models import Alarm, AlarmKind, Event
from pms.alarms.service.raising import HOUSE, Found, close, put, thing_of
from pms.core.db import transaction
from pms.locks import queries as locks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.protocol.record import AccessRecord as DoorRecord


class Noted(NamedTuple):
    """A record that has just been stored, for the first time. `actor` is its lock."""

    lock_id: int
    record_id: int
    record: DoorRecord
    at: datetime
    actor: Actor


class History(Protocol):
    """What else doors have noted; asked only where something is wrong."""

    def wrong_codes(self, since: datetime, until: datetime) -> Sequence[tuple[datetime, int]]:
        """When and at which lock wrong codes were typed, the batch's own included."""

    def after(self, record_id: int) -> Sequence[tuple[datetime, int, int]]:
        """(at, event, method) of what the same lock noted next and is stored already."""


@dataclass(slots=True)
class _Batch:
    """Which alarms last, and what became of them in this batch."""

    session: Session
    history: History
    now: datetime
    lasting: dict[tuple[int | None, AlarmKind], Alarm]
    raised: dict[int, Alarm] = field(default_factory=dict)
    settled: dict[int, Alarm] = field(default_factory=dict)

    def put(self, found: Found, actor: Actor) -> None:
        """Raise it, or count it again."""
        alarm, is_new = put(self.session, found, actor, self.now)
        if is_new:
            self.raised[alarm.id] = alarm
        if found.kind in rules.ENDED_BY_RECORDS:
            self.lasting[found.lock_id, found.kind] = alarm

    def close(self, alarm: Alarm, at: datetime, actor: Actor) -> None:
        """It is over."""
        close(self.session, alarm, at, actor, self.now)
        self.lasting.pop((alarm.lock_id, alarm.kind), None)
        # What began and ended before anybody heard of it stands in the list, and is told to nobody.
        if self.raised.pop(alarm.id, None) is None:
            self.settled[alarm.id] = alarm

    def changes(self) -> list[tuple[int, Event]]:
        """Whom to tell of: the alarm's id, and what became of it."""
        return [*((number, Event.RAISED) for number in self.raised), *((n, Event.SETTLED) for n in self.settled)]


def from_records(*, noted: Sequence[Noted], history: History, now: datetime) -> None:
    """Raise what these records sound, settle what they show to be over. Records of each lock come in their order.

    Joins the caller's transaction, in which the records were stored.
    """
    if not noted:
        return
    with transaction() as session:
        things = {thing_of(lock_id) for lock_id in {one.lock_id for one in noted}}
        lasting = queries.current_of(rules.ENDED_BY_RECORDS, things)
        batch = _Batch(session, history, now, {(alarm.lock_id, alarm.kind): alarm for alarm in lasting})
        for one in noted:
            _end(batch, one)
            kind = rules.OF_EVENT.get(one.record.event)
            if kind is not None:
                details = {"percent": min(one.record.battery, 100)} if kind is AlarmKind.LOW_BATTERY else {}
                found = Found(
                    kind, thing_of(one.lock_id), one.at, one.lock_id, record_id=one.record_id, details=details
                )
                batch.put(found, one.actor)
        _end_late(batch, noted)
        _find_guessing(batch, noted)
        telling.tell(batch.changes(), actor=noted[-1].actor, now=now)


def _end(batch: _Batch, one: Noted) -> None:
    for kind in rules.ENDED_BY_RECORDS:
        alarm = batch.lasting.get((one.lock_id, kind))
        if alarm is not None and one.at >= alarm.last_seen_at and rules.ends(kind, one.record.event, one.record.method):
            batch.close(alarm, one.at, one.actor)


def _end_late(batch: _Batch, noted: Sequence[Noted]) -> None:
    """What comes in late may have been over long since: what the lock noted next is here already."""
    actors = {one.lock_id: one.actor for one in noted}
    for alarm in list(batch.raised.values()):
        if alarm.record_id is None or alarm.kind not in rules.ENDED_BY_RECORDS:
            continue
        over = (
            at for at, event, method in batch.history.after(alarm.record_id) if rules.ends(alarm.kind, event, method)
        )
        at = next(over, None)
        if at is not None:
            batch.close(alarm, at, actors[alarm.lock_id or 0])


def _find_guessing(batch: _Batch, noted: Sequence[Noted]) -> None:
    wrong = [one for one in noted if rules.is_wrong_code(one.record)]
    if not wrong:
        return
    times = [one.at for one in wrong]
    tries = batch.history.wrong_codes(min(times) - rules.ONE_DOOR, max(times) + rules.ONE_DOOR)
    at_locks = {one.lock_id for one in wrong}
    things = {HOUSE, *(thing_of(lock_id) for lock_id in at_locks)}
    seen = queries.last_seen(AlarmKind.PASSCODE_GUESSING, things)
    known = {alarm.thing: alarm for alarm in queries.current_of([AlarmKind.PASSCODE_GUESSING], things)}
    for lock_id in sorted(at_locks):
        here = [one for one in wrong if one.lock_id == lock_id]
        thing = thing_of(lock_id)
        found = _goes_on(known.get(thing), here, rules.ONE_DOOR) or _at_one_door(tries, lock_id, seen.get(thing))
        if found is not None:
            batch.put(found, here[-1].actor)
    found = _goes_on(known.get(HOUSE), wrong, rules.MANY_DOORS) or _at_many_doors(tries, seen.get(HOUSE))
    if found is not None:
        batch.put(found, wrong[-1].actor)


def _goes_on(alarm: Alarm | None, wrong: Sequence[Noted], span: timedelta) -> Found | None:
    """The same again: nobody has looked yet, and hardly any time has passed."""
    if alarm is None:
        return None
    new = [one.at for one in wrong if alarm.raised_at <= one.at <= alarm.last_seen_at + span]
    if not new:
        return None
    return Found(alarm.kind, alarm.thing, max(new), alarm.lock_id, times=len(new))


def _at_one_door(tries: Sequence[tuple[datetime, int]], lock_id: int, seen: datetime | None) -> Found | None:
    """What was the reason of an alarm already is none of another one."""
    times = [at for at, where in tries if where == lock_id and (seen is None or at > seen)]
    most, at = rules.most_within(times, rules.ONE_DOOR)
    if at is None or most < rules.MOST_AT_ONE_DOOR:
        return None
    return Found(AlarmKind.PASSCODE_GUESSING, thing_of(lock_id), at, lock_id, times=most)


def _at_many_doors(tries: Sequence[tuple[datetime, int]], seen: datetime | None) -> Found | None:
    fresh = [one for one in tries if seen is None or one[0] > seen]
    lock_ids, at = rules.doors_within(fresh, rules.MANY_DOORS)
    if at is None or len(lock_ids) < rules.MOST_DOORS:
        return None
    found = locks.doors_of_locks(lock_ids)
    doors = [found[lock_id].name for lock_id in lock_ids if lock_id in found][: rules.KEPT_DOORS]
    return Found(AlarmKind.PASSCODE_GUESSING, HOUSE, at, times=len(lock_ids), details={"doors": doors})
