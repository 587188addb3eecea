"""Reads of what is missing among records, and of what is not right with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.access_records.models import RecordFinding, RecordGap
from pms.core.db import db


@dataclass(frozen=True, slots=True)
class Remark:
    """A gap among records, or a finding about some: a row of its own between them, at the time when it was found."""

    row: RecordGap | RecordFinding
    is_gap: bool

    @property
    def at(self) -> datetime:
        """When it was found."""
        return self.row.found_at


def list_remarks(
    *, since: datetime | None, until: datetime | None, door_id: int | None = None, lock_id: int | None = None
) -> list[Remark]:
    """Gaps and findings that were found in a time (from `since`, before `until`), newest first."""
    found = [*_remarks(RecordGap, since, until, door_id, lock_id)]
    found += _remarks(RecordFinding, since, until, door_id, lock_id)
    return sorted(found, key=lambda remark: (remark.at, remark.row.id), reverse=True)


def _remarks(
    model: type[RecordGap] | type[RecordFinding],
    since: datetime | None,
    until: datetime | None,
    door_id: int | None,
    lock_id: int | None,
) -> list[Remark]:
    query: sa.Select[Any] = (
        sa.select(model).options(joinedload(model.lock), joinedload(model.door)).order_by(model.id.desc())
    )
    conditions = [
        model.found_at >= since if since else None,
        model.found_at < until if until else None,
        model.door_id == door_id if door_id is not None else None,
        model.lock_id == lock_id if lock_id is not None else None,
    ]
    query = query.where(*(condition for condition in conditions if condition is not None)).limit(200)
    rows: Sequence[RecordGap | RecordFinding] = db.session.scalars(query).all()
    return [Remark(row, isinstance(row, RecordGap)) for row in rows]
