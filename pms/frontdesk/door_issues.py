"""Says which cards a door must go on refusing when its lock is set up or replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db
from pms.keycards.models import KeySeries

if TYPE_CHECKING:
    from datetime import datetime


def issue_floor(*, door_id: int, now: datetime) -> int | None:
    """The number of the latest party whose right to the door has begun: its cards open, all earlier ones do not.

    Numbers of parties to come are higher, and must not be told the lock before they come.
    """
    return db.session.scalars(
        sa.select(sa.func.max(KeySeries.issue)).where(KeySeries.door_id == door_id, KeySeries.begins_at <= now)
    ).one()
