"""What doors sound, and what shows that it is over, is told to `alarms` in the transaction that stores it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.access_records import alarm_queries
from pms.alarms import service as alarms
from pms.alarms.models import AlarmKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pms.access_records.models import Doubt
    from pms.access_records.rules import Span
    from pms.alarms.service import Noted
    from pms.core.actor import Actor


class _Stored:
    """What else doors have noted: `alarms` asks only where something is wrong."""

    def wrong_codes(self, since: datetime, until: datetime) -> Sequence[tuple[datetime, int]]:
        return alarm_queries.wrong_codes(since, until)

    def after(self, record_id: int) -> Sequence[tuple[datetime, int, int]]:
        return alarm_queries.after(record_id)


def tell(noted: Sequence[Noted], now: datetime) -> None:
    """These records have just been stored, of any number of locks, those of each in their order."""
    alarms.from_records(noted=noted, history=_Stored(), now=now)


def tell_doubt(lock_id: int, kind: Doubt, span: Span, actor: Actor, now: datetime) -> None:
    """Some records are not what the lock wrote."""
    alarms.raise_alarm(
        kind=AlarmKind.CHAIN_BROKEN,
        lock_id=lock_id,
        at=now,
        actor=actor,
        now=now,
        details={"doubt": kind.value, "first": span[0], "last": span[1]},
    )
