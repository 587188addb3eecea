"""Reads of accounts: balances of many stays at once, the lines of one, and who leaves without having paid."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from pms.core.db import db
from pms.core.errors import NotFound
from pms.folios import rules
from pms.folios.models import Posting, PostingCode
from pms.stays import rules as stay_rules
from pms.stays.models import Stay, StayState

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Balance:
    """What the nights cost, what else was charged, what was paid, in minor units."""

    stay_id: int
    nights: int = 0
    charges: int = 0
    paid: int = 0

    @property
    def amount(self) -> int:
        """Positive: the guest owes; negative: the house does."""
        return self.nights + self.charges - self.paid


@dataclass(frozen=True, slots=True)
class Line:
    """A posting with whether it was reversed since, and what it cancels."""

    posting: Posting
    is_reversed: bool
    cancels: Posting | None


class _Days(sa.sql.functions.FunctionElement[int]):
    """Whole days from the first date to the second."""

    type = sa.Integer()
    inherit_cache = True
    name = "days"


@compiles(_Days, "sqlite")
def _days_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(julianday({second}) - julianday({first}) AS INTEGER)"


@compiles(_Days, "postgresql")
def _days_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({second} - {first})"


def balances(stay_ids: Collection[int]) -> dict[int, Balance]:
    """The balance of each of these stays, in one query."""
    if not stay_ids:
        return {}
    postings, target = sa.orm.aliased(Posting), sa.orm.aliased(Posting)
    # A reversal counts on the side of what it cancels.
    is_payment = sa.func.coalesce(target.code, postings.code) == PostingCode.PAYMENT
    sums = (
        sa.select(
            postings.stay_id,
            sa.func.sum(sa.case((is_payment, 0), else_=postings.amount)).label("charges"),
            sa.func.sum(sa.case((is_payment, -postings.amount), else_=0)).label("paid"),
        )
        .outerjoin(target, target.id == postings.reverses_id)
        .where(postings.stay_id.in_(stay_ids))
        .group_by(postings.stay_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(
            Stay.id,
            Stay.state,
            Stay.arrival_date,
            Stay.departure_date,
            Stay.is_day_use,
            Stay.night_price,
            sums.c.charges,
            sums.c.paid,
        )
        .outerjoin(sums, sums.c.stay_id == Stay.id)
        .where(Stay.id.in_(stay_ids))
    )
    return {
        row.id: Balance(
            row.id,
            nights=rules.price_of_nights(
                state=row.state,
                arrival=row.arrival_date,
                departure=row.departure_date,
                is_day_use=row.is_day_use,
                night_price=row.night_price,
            ),
            charges=int(row.charges or 0),
            paid=int(row.paid or 0),
        )
        for row in rows
    }


def balance_of(stay_id: int) -> Balance:
    """The balance of one stay; NotFound."""
    found = balances([stay_id]).get(stay_id)
    if found is None:
        raise NotFound
    return found


def owed_at_check_out(stay: Stay, *, today: date) -> int:
    """What the guest owes when they leave now: nights that remain are given back."""
    balance = balance_of(stay.id)
    departure = stay_rules.departure_after_check_out(
        arrival=stay.arrival_date, departure=stay.departure_date, today=today
    )
    nights = rules.price_of_nights(
        state=stay.state,
        arrival=stay.arrival_date,
        departure=departure,
        is_day_use=stay.is_day_use,
        night_price=stay.night_price,
    )
    return balance.amount - balance.nights + nights


def leaves_unpaid(day: date) -> sa.ColumnElement[bool]:
    """That the stay of the row stands in `unpaid`: for lists that know more conditions."""
    return sa.and_(*_leaving_unpaid(day, _owed()))


def lines(stay_id: int) -> list[Line]:
    """Every posting of a stay, oldest first."""
    postings = db.session.scalars(sa.select(Posting).where(Posting.stay_id == stay_id).order_by(Posting.id)).all()
    known = {posting.id: posting for posting in postings}
    reversed_ids = {posting.reverses_id for posting in postings}
    return [Line(p, p.id in reversed_ids, known.get(p.reverses_id or 0)) for p in postings]


def get_posting(posting_id: int) -> Posting:
    """One posting; NotFound."""
    posting = db.session.get(Posting, posting_id)
    if posting is None:
        raise NotFound
    return posting


def find_by_request(request_id: str) -> Posting | None:
    """What this form has posted already."""
    return db.session.scalars(sa.select(Posting).where(Posting.request_id == request_id)).one_or_none()


def fees(stay_id: int) -> list[Line]:
    """The fees for hours that were ever posted for a stay, oldest first."""
    return [line for line in lines(stay_id) if line.posting.turn is not None]


def has_postings() -> bool:
    """Whether anything was ever posted."""
    return db.session.scalar(sa.select(Posting.id).limit(1)) is not None


def is_open() -> sa.ColumnElement[bool]:
    """That the account of the row of `stay` is not settled, in whosever favour."""
    owed = sa.case((Stay.state.in_(rules.UNSOLD), _posted()), else_=_owed())
    return owed != 0


def _owed() -> sa.ColumnElement[int]:
    """The balance of the row of `stay`; nights as in `rules.price_of_nights`."""
    nights = sa.case((Stay.is_day_use, 1), else_=_Days(Stay.arrival_date, Stay.departure_date))
    return Stay.night_price * nights + _posted()


def _posted() -> sa.ColumnElement[int]:
    return (
        sa.select(sa.func.coalesce(sa.func.sum(Posting.amount), 0))
        .where(Posting.stay_id == Stay.id)
        .correlate(Stay)
        .scalar_subquery()
    )


def _leaving_unpaid(day: date, owed: sa.ColumnElement[int]) -> tuple[sa.ColumnElement[bool], ...]:
    return Stay.state == StayState.IN_HOUSE, Stay.departure_date <= day, owed > 0
