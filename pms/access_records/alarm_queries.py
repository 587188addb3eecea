"""What `alarms` asks of the records that are stored: wrong codes of an hour, and what came after a record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pms.access_records.models import WRONG_CODE, AccessRecord
from pms.core.db import db

# A house in which more wrong codes are typed in an hour than that is known to be under attack.
_MOST = 2000
# An end that comes later than so many records after its alarm is settled by whoever looks.
_FOLLOWING = 200


def wrong_codes(since: datetime, until: datetime) -> Sequence[tuple[datetime, int]]:
    """When and at which lock wrong codes were typed from `since` to `until`."""
    rows = db.session.execute(
        sa.select(AccessRecord.at, AccessRecord.lock_id)
        .where(WRONG_CODE, AccessRecord.at.between(since, until))
        .order_by(AccessRecord.at)
        .limit(_MOST)
    )
    return [(row[0], row[1]) for row in rows]


def after(record_id: int) -> Sequence[tuple[datetime, int, int]]:
    """(at, event, method) of the records that the lock wrote next in the same life and that are held, in their order."""
    first = sa.orm.aliased(AccessRecord)
    rows = db.session.execute(
        sa.select(AccessRecord.at, AccessRecord.event, AccessRecord.method)
        .join(
            first,
            sa.and_(
                first.lock_id == AccessRecord.lock_id,
                first.life == AccessRecord.life,
                AccessRecord.sequence > first.sequence,
            ),
        )
        .where(first.id == record_id)
        .order_by(AccessRecord.sequence)
        .limit(_FOLLOWING)
    )
    return [(row[0], row[1], row[2]) for row in rows]
