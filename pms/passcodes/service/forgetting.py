"""For whom codes were made is forgotten; which door they opened and when stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import count_changed, transaction
from pms.passcodes.models import Passcode, PasscodeState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

NOBODY = "–"
"""In the place of a name where the database wants one."""


def forget_stays(*, stay_ids: Collection[int]) -> list[int]:
    """Empty the names and notes of codes of these stays; the ids of the codes. Joins the caller's transaction."""
    with transaction() as session:
        return list(
            session.scalars(
                sa.update(Passcode)
                .where(Passcode.stay_id.in_(stay_ids))
                .values(holder_name="", note="")
                .returning(Passcode.id)
                .execution_options(synchronize_session=False)
            )
        )


def forget_visitors(*, ended_before: datetime, limit: int) -> int:
    """Empty the names of people without a stay whose codes are dead since then; how many codes. Joins the caller's transaction."""
    with transaction() as session:
        dead = sa.or_(
            Passcode.valid_until < ended_before,
            sa.and_(
                Passcode.state.in_((PasscodeState.REVOKED, PasscodeState.USED)),
                sa.func.coalesce(Passcode.ended_at, Passcode.proved_at, Passcode.made_at) < ended_before,
            ),
        )
        ids = (
            sa.select(Passcode.id)
            .where(Passcode.stay_id.is_(None), Passcode.holder_name.not_in(("", NOBODY)), dead)
            .order_by(Passcode.id)
            .limit(limit)
        )
        return count_changed(
            session,
            sa.update(Passcode)
            .where(Passcode.id.in_(session.scalars(ids).all()))
            .values(holder_name=NOBODY, note="")
            .execution_options(synchronize_session=False),
        )
