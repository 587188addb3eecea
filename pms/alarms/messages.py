"""What programs are told: JSON, version 1 (docs/alarms.md). Codes and times only; no guest, no clerk and no note leaves the house."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pms.alarms.models import Event
    from pms.alarms.queries import AlarmRow

VERSION = 1


def of_alarm(delivery_id: int, event: Event, row: AlarmRow, *, house: str, now: datetime) -> str:
    """The text as it is signed and sent. Ids are text: they do not fit into a JavaScript number."""
    alarm = row.alarm
    return _text(
        delivery_id,
        event,
        house,
        now,
        {
            "id": str(alarm.id),
            "kind": alarm.kind.value,
            "severity": alarm.severity.value,
            "state": state_of(alarm.settled_at, alarm.acknowledged_at),
            "door": alarm.door.name if alarm.door is not None else None,
            "room": row.room.number if row.room is not None else None,
            "lock": alarm.lock.name if alarm.lock is not None else None,
            "gateway": alarm.gateway.name if alarm.gateway is not None else None,
            "raised_at": _instant(alarm.raised_at),
            "noticed_at": _instant(alarm.noticed_at),
            "last_seen_at": _instant(alarm.last_seen_at),
            "times": alarm.times,
            "settled_at": _instant(alarm.settled_at),
            "acknowledged_at": _instant(alarm.acknowledged_at),
            "details": alarm.details,
        },
    )


def of_test(delivery_id: int, event: Event, *, house: str, now: datetime) -> str:
    """A message about no alarm."""
    return _text(delivery_id, event, house, now, None)


def state_of(settled_at: datetime | None, acknowledged_at: datetime | None) -> str:
    """settled goes before acknowledged: what is over is over, whoever has looked."""
    if settled_at is not None:
        return "settled"
    return "acknowledged" if acknowledged_at is not None else "open"


def _text(delivery_id: int, event: Event, house: str, now: datetime, alarm: dict[str, Any] | None) -> str:
    message = {
        "version": VERSION,
        "delivery": str(delivery_id),
        "event": event.value,
        "sent_for": house,
        "at": _instant(now),
        "alarm": alarm,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at is not None else None
