"""Locks that can be reached are asked for what they have noted, without anybody having to come by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.access_records import fetch_queries, rules
from pms.access_records.service import series
from pms.core.db import db
from pms.locks import reach

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor

MOST = 50
"""Locks that are asked in one turn: each answer may bring 60 records, and asks for the next ones by itself."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Locks that were asked; that could not be reached; that wait for the next turn."""

    asked: int
    away: int
    left: int


def fetch_due(*, actor: Actor, now: datetime) -> Fetched:
    """Ask the locks that are online and have more than is here, or were not read for hours. Each question is a transaction.

    A second call asks nobody again: a question that is open, or was asked a moment ago, is not repeated.
    """
    due = fetch_queries.list_due(series.SUBJECT, now=now)
    online = {lock_id for lock_id, way in reach.of_locks(lock_ids=None, now=now).items() if way.is_online}
    db.remove()
    there, away = fetch_queries.split(due, online)
    asked = 0
    for lock_id in there[:MOST]:
        try:
            series.sync_records(lock_id=lock_id, actor=actor, now=now)
        except rules.LockKeepsNothing:
            # It was taken down, or is being set up anew, since the list was made.
            continue
        asked += 1
    return Fetched(asked=asked, away=away, left=max(0, len(there) - MOST))
