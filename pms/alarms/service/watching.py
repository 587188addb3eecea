"""What no record tells: batteries that are low, a line, gateways and locks that keep silent. Looked at every few minutes.

What is wrong now is compared with the alarms that last; each difference is raised or settled by itself, so that no row is held
while others are looked at. A second look changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pms.alarms import queries as alarms
from pms.alarms import rules, watch_queries
from pms.alarms.models import AlarmKind
from pms.alarms.service.raising import HOUSE, raise_alarm, settle
from pms.properties import queries as properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pms.alarms.rules import Carried
    from pms.core.actor import Actor


def watch(*, actor: Actor, now: datetime) -> tuple[int, int]:
    """Look at all batteries and all ways to locks; how many alarms were raised, and how many are over."""
    house = properties.find_property()
    if house is None:
        return 0, 0
    patience, longest = timedelta(minutes=house.offline_minutes), timedelta(hours=house.silent_lock_hours)
    threshold, silence = house.low_battery_percent, watch_queries.silence(now)
    found = (
        _watch_batteries(threshold, actor, now),
        _watch_line(silence.line, patience, actor, now),
        _watch_gateways(silence.gateways, patience, actor, now),
        _watch_locks(silence.locks, patience, longest, actor, now),
    )
    return sum(raised for raised, _settled in found), sum(settled for _raised, settled in found)


def _watch_batteries(threshold: int, actor: Actor, now: datetime) -> tuple[int, int]:
    kind, percents = AlarmKind.LOW_BATTERY, watch_queries.batteries()
    known = {
        alarm.lock_id: alarm.details.get("percent", threshold)
        for alarm in alarms.list_current(kind)
        if alarm.lock_id is not None
    }
    low = [lock_id for lock_id, percent in percents.items() if percent <= threshold and lock_id not in known]
    over = [
        lock_id
        for lock_id, told in known.items()
        if lock_id not in percents or rules.is_changed(percents[lock_id], told=told, threshold=threshold)
    ]
    for lock_id in low:
        details = {"percent": percents[lock_id]}
        raise_alarm(kind=kind, lock_id=lock_id, at=now, details=details, actor=actor, now=now)
    for lock_id in over:
        settle(kind=kind, lock_id=lock_id, actor=actor, now=now)
    return len(low), len(over)


def _watch_line(down_since: datetime | None, patience: timedelta, actor: Actor, now: datetime) -> tuple[int, int]:
    """The server's own line to the broker: one alarm of the house, and none for whoever is behind it."""
    is_known = any(alarm.thing == HOUSE for alarm in alarms.list_current(AlarmKind.OFFLINE))
    is_raised = down_since is not None and now - down_since > patience and not is_known
    is_settled = down_since is None and is_known
    if is_raised and down_since is not None:
        details = {"line_since": down_since.isoformat()}
        raise_alarm(kind=AlarmKind.OFFLINE, at=now, details=details, actor=actor, now=now)
    if is_settled:
        settle(kind=AlarmKind.OFFLINE, actor=actor, now=now)
    return int(is_raised), int(is_settled)


def _watch_gateways(gone: Mapping[int, datetime], patience: timedelta, actor: Actor, now: datetime) -> tuple[int, int]:
    known = {alarm.gateway_id for alarm in alarms.list_current(AlarmKind.OFFLINE) if alarm.gateway_id is not None}
    missed = [number for number, since in gone.items() if now - since > patience and number not in known]
    back = [number for number in known if number not in gone]
    for number in missed:
        details = {"since": gone[number].isoformat()}
        raise_alarm(kind=AlarmKind.OFFLINE, gateway_id=number, at=now, details=details, actor=actor, now=now)
    for number in back:
        settle(kind=AlarmKind.OFFLINE, gateway_id=number, actor=actor, now=now)
    return len(missed), len(back)


def _watch_locks(
    locks: Sequence[Carried], patience: timedelta, longest: timedelta, actor: Actor, now: datetime
) -> tuple[int, int]:
    """After the line and the gateways: as long as one was away its locks could not be heard, and since it is back they have their
    time."""
    back_at = alarms.last_settled(AlarmKind.OFFLINE)
    silent = {}
    for lock in locks:
        came_back = max(
            (at for at in (back_at.get(lock.gateway_id), back_at.get(None)) if at is not None), default=None
        )
        since = rules.silent_since(lock, back_at=came_back, patience=patience, longest=longest, now=now)
        if since is not None:
            silent[lock.lock_id] = since
    known = {alarm.lock_id for alarm in alarms.list_current(AlarmKind.OFFLINE) if alarm.lock_id is not None}
    gone, back = [number for number in silent if number not in known], [n for n in known if n not in silent]
    for number in gone:
        details = {"since": silent[number].isoformat()}
        raise_alarm(kind=AlarmKind.OFFLINE, lock_id=number, at=now, details=details, actor=actor, now=now)
    for number in back:
        settle(kind=AlarmKind.OFFLINE, lock_id=number, actor=actor, now=now)
    return len(gone), len(back)
