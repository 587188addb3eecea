"""Which command of the desk a record is of: the lock notes what it did "by command", and its time, but not which it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pms.access_records import rules
from pms.access_records import series_queries as queries
from pms.locks.rules import MOST_DRIFT
from pms.protocol.record import RecordMethod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.access_records.service.told import Sorted

_DRIFT = timedelta(seconds=MOST_DRIFT)


def find_behind(found: Sequence[Sorted]) -> dict[tuple[int, int], int]:
    """By lock and sequence, the command that made the lock do what its new record tells of. None is behind two records."""
    noted = [
        (one, record, at)
        for one in found
        for record, at in one.fresh
        if record.method is RecordMethod.COMMAND and record.event in rules.DEEDS
    ]
    if not noted:
        return {}
    asked = queries.deeds_asked(
        {one.lock.id for one, _record, _at in noted},
        since=min(at for _one, _record, at in noted) - _DRIFT,
        until=max(at for _one, _record, at in noted) + _DRIFT,
    )
    behind = {}
    for one, record, at in noted:
        waiting = asked.get(one.lock.id, [])
        true_at = at - timedelta(seconds=one.lock.clock_drift or 0)
        command = rules.command_behind(record.event, true_at, waiting, most=_DRIFT)
        if command is not None:
            waiting.remove(command)
            behind[one.lock.id, record.sequence] = command.id
    return behind
