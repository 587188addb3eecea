"""Making reservations."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.core.db import db, transaction
from pms.reservations.models import Reservation
from pms.reservations.rules import ALPHABET, CODE_LENGTH

if TYPE_CHECKING:
    from datetime import datetime

# 30^6 codes: that many misses in a row mean something else is wrong.
_ATTEMPTS = 10


class Created(NamedTuple):
    """The reservation, and whether this call made it (else the same form was posted before)."""

    reservation: Reservation
    is_new: bool


def create(
    *, booker_id: int, note: str, source: str, group_name: str = "", request_id: str | None, now: datetime
) -> Created:
    """A reservation with a code of its own; joins the caller's transaction, whose audit line speaks for it.

    Posting the same `request_id` again, even at the same instant, gives the reservation that is there already.
    """
    with transaction() as session:
        for _attempt in range(_ATTEMPTS):
            if request_id and (earlier := find_by_request(request_id)):
                return Created(earlier, is_new=False)
            reservation = Reservation(
                code="".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)),
                booker_id=booker_id,
                group_name=group_name,
                note=note,
                source=source,
                request_id=request_id,
                created_at=now,
            )
            try:
                with session.begin_nested():
                    session.add(reservation)
            except IntegrityError:
                continue  # the code is in use, or the same form won the race and is found now
            return Created(reservation, is_new=True)
        raise RuntimeError("no reservation code could be made; does the booker exist?")


def find_by_request(request_id: str) -> Reservation | None:
    """The reservation that this form made before, if it was posted twice."""
    return db.session.scalars(sa.select(Reservation).where(Reservation.request_id == request_id)).one_or_none()
