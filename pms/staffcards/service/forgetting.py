"""Which visitor had a card is forgotten; which door it opened and when stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import count_changed, transaction
from pms.staffcards.models import StaffCard, StaffCardKind

if TYPE_CHECKING:
    from datetime import datetime

_NOBODY = "–"


def forget_visitors(*, ended_before: datetime, limit: int) -> int:
    """Take the names off visitors' cards whose time was over before then; how many cards. Joins the caller's transaction."""
    with transaction() as session:
        ids = (
            sa.select(StaffCard.id)
            .where(
                StaffCard.kind == StaffCardKind.ONE_SHOT,
                StaffCard.account_id.is_(None),
                StaffCard.holder_name.not_in(("", _NOBODY)),
                StaffCard.valid_until < ended_before,
            )
            .order_by(StaffCard.id)
            .limit(limit)
        )
        return count_changed(
            session,
            sa.update(StaffCard)
            .where(StaffCard.id.in_(session.scalars(ids).all()))
            .values(holder_name=_NOBODY)
            .execution_options(synchronize_session=False),
        )
