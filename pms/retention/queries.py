"""Whose data should be removed, whose may, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from pms.core.db import db
from pms.folios import queries as folios
from pms.guests.models import Guest
from pms.properties import queries as properties
from pms.reservations.models import Reservation
from pms.retention import rules
from pms.retention.models import RetentionRule
from pms.stays.models import Stay, StayState

_OPEN = (StayState.CONFIRMED, StayState.IN_HOUSE)


@dataclass(frozen=True, slots=True)
class Due:
    """A guest whose data the next run removes, and when they left last; None: they never came."""

    guest: Guest
    left_on: date | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the next run will do: how many, the first of them, how many are kept for an account that is not settled."""

    day: date
    count: int
    first: Sequence[Due]
    unsettled: int


def find_rule() -> RetentionRule | None:
    """What the house decided, or None."""
    return db.session.get(RetentionRule, 1)


def months() -> int | None:
    """For how many months guests' data are kept now; None: for ever."""
    rule = find_rule()
    return rules.USUAL_MONTHS if rule is None else rule.months


def plan(*, now: datetime, months: int, size: int) -> Plan:
    """What a run would do now."""
    day, ends = rules.cutoff(now, properties.get_property().zone, months)
    past = _is_past(day, ends)
    left_on = sa.select(sa.func.max(Stay.departure_date)).where(Stay.guest_id == Guest.id).scalar_subquery()
    rows = db.session.execute(
        sa.select(Guest, left_on).where(past, sa.not_(_has_open_account())).order_by(Guest.id).limit(size)
    ).all()
    counts = db.session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(sa.case((_has_open_account(), 0), else_=1)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((_has_open_account(), 1), else_=0)), 0),
        ).where(past)
    ).one()
    return Plan(day, counts[0], [Due(row[0], row[1]) for row in rows], counts[1])


def due_ids(*, day: date, ends: datetime, limit: int, among: Sequence[int] | None = None) -> Sequence[int]:
    """Guests whose data should go: their last stay was over on `day` or earlier, or they were entered before it `ends` and never
    stayed; nobody waits for them, and they owe and are owed nothing.
    """
    query = sa.select(Guest.id).where(_is_past(day, ends), sa.not_(_has_open_account()))
    if among is not None:
        query = query.where(Guest.id.in_(among))
    return db.session.scalars(query.order_by(Guest.id).limit(limit)).all()


def is_expected(guest_id: int) -> bool:
    """Whether the guest is in house or has a booking, also one that they made for somebody else."""
    found = sa.select(Guest.id).where(Guest.id == guest_id, sa.or_(*_stays(Stay.state.in_(_OPEN))))
    return db.session.scalar(found) is not None


def has_open_account(guest_id: int) -> bool:
    """Whether the account of one of their stays is not settled."""
    return db.session.scalar(sa.select(Guest.id).where(Guest.id == guest_id, _has_open_account())) is not None


def count_former() -> int:
    """How many guests are known by a number only."""
    query = sa.select(sa.func.count()).select_from(Guest).where(Guest.anonymised_at.is_not(None))
    return db.session.scalars(query).one()


def _is_past(day: date, ends: datetime) -> sa.ColumnElement[bool]:
    keeps = sa.or_(Stay.state.in_(_OPEN), Stay.departure_date > day)
    return sa.and_(
        Guest.anonymised_at.is_(None),
        Guest.created_at <= ends,
        *(sa.not_(condition) for condition in _stays(keeps)),
    )


def _stays(condition: sa.ColumnElement[bool]) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """That a stay of the guest, and that one of a booking in the guest's name, is so."""
    own = sa.select(Stay.id).where(Stay.guest_id == Guest.id, condition).exists()
    booked = (
        sa.select(Stay.id)
        .join(Reservation, Reservation.id == Stay.reservation_id)
        .where(Reservation.booker_id == Guest.id, condition)
        .exists()
    )
    return own, booked


def _has_open_account() -> sa.ColumnElement[bool]:
    return sa.select(Stay.id).where(Stay.guest_id == Guest.id, folios.is_open()).correlate(Guest).exists()
