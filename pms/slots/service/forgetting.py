"""For whom locks stored something is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import count_changed, transaction
from pms.slots import rules
from pms.slots.models import Slot

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


def forget(*, guest_ids: Collection[int], stay_ids: Collection[int]) -> None:
    """Empty the names of what was stored for these guests and stays. Joins the caller's transaction."""
    with transaction() as session:
        session.execute(
            sa.update(Slot)
            .where(sa.or_(Slot.guest_id.in_(guest_ids), Slot.stay_id.in_(stay_ids)))
            .values(name="")
            .execution_options(synchronize_session=False)
        )


def forget_visitors(*, ended_before: datetime, limit: int) -> int:
    """Empty the names of people without a stay or an account whose credentials are out of the locks since then; how many.

    Joins the caller's transaction.
    """
    with transaction() as session:
        ids = (
            sa.select(Slot.id)
            .where(
                Slot.guest_id.is_(None),
                Slot.stay_id.is_(None),
                Slot.account_id.is_(None),
                Slot.name != "",
                Slot.state.in_(rules.UNUSED),
                Slot.changed_at < ended_before,
            )
            .order_by(Slot.id)
            .limit(limit)
        )
        return count_changed(
            session,
            sa.update(Slot)
            .where(Slot.id.in_(session.scalars(ids).all()))
            .values(name="")
            .execution_options(synchronize_session=False),
        )
