"""What stays and bookings say of people is forgotten; nights, rooms and prices stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import transaction
from pms.reservations.models import Reservation
from pms.stays.models import Stay, StayStep

if TYPE_CHECKING:
    from collections.abc import Collection

# What of a step's "before" is somebody's own words or wishes.
_PERSONAL = {"note": "", "fixed_reason": "", "wishes": []}


def forget(*, guest_ids: Collection[int]) -> list[int]:
    """Empty notes and wishes of the stays of these guests, also in the steps that led there, and the notes and group names of
    bookings that are theirs alone; the ids of the stays. Joins the caller's transaction, whose audit lines speak for it.
    """
    with transaction() as session:
        stay_ids = list(session.scalars(sa.select(Stay.id).where(Stay.guest_id.in_(guest_ids)).order_by(Stay.id)))
        session.execute(
            sa.update(Stay)
            .where(Stay.id.in_(stay_ids))
            .values(note="", fixed_reason="", wishes=[], version=Stay.version + 1)
            .execution_options(synchronize_session=False)
        )
        for step in session.scalars(
            sa.select(StayStep).where(StayStep.stay_id.in_(stay_ids), StayStep.before.is_not(None))
        ):
            step.before = {name: _PERSONAL.get(name, value) for name, value in (step.before or {}).items()}
        others = (
            sa.select(Stay.id).where(Stay.reservation_id == Reservation.id, Stay.guest_id.not_in(guest_ids)).exists()
        )
        own = sa.select(Stay.reservation_id).where(Stay.id.in_(stay_ids))
        session.execute(
            sa.update(Reservation)
            .where(
                sa.or_(
                    Reservation.booker_id.in_(guest_ids),
                    sa.and_(Reservation.id.in_(own), sa.not_(others)),
                )
            )
            .values(note="", group_name="")
            .execution_options(synchronize_session=False)
        )
        session.flush()
        session.expire_all()
        return stay_ids
