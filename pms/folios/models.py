"""The account of a stay: postings, which are added and never changed; triggers of the migration refuse it.

The price of the nights is no posting: it follows the stay's dates (`rules.price_of_nights`).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId, enum_column


class PostingKind(StrEnum):
    """A charge raises what the guest owes, a payment lowers it (or is paid back), an adjustment corrects it."""

    CHARGE = "charge"
    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"


class PostingCode(StrEnum):
    """What a posting is for."""

    EARLY_ARRIVAL = "early_arrival"
    LATE_DEPARTURE = "late_departure"
    MINIBAR = "minibar"
    RESTAURANT = "restaurant"
    PARKING = "parking"
    LAUNDRY = "laundry"
    CITY_TAX = "city_tax"
    LOST_KEY = "lost_key"
    DAMAGE = "damage"
    OTHER = "other"
    DISCOUNT = "discount"
    PAYMENT = "payment"


class PaymentMethod(StrEnum):
    """How money changed hands."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    VOUCHER = "voucher"


class Posting(HasId, Base):
    """One line of a stay's account, in minor units of the house's currency; positive: the guest owes more."""

    __tablename__ = "posting"

    stay_id: Mapped[int] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    kind: Mapped[PostingKind] = mapped_column(enum_column(PostingKind))
    code: Mapped[PostingCode] = mapped_column(enum_column(PostingCode))
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    method: Mapped[PaymentMethod | None] = mapped_column(enum_column(PaymentMethod))
    text: Mapped[str] = mapped_column(sa.String(200), default="")
    posted_at: Mapped[datetime]
    posted_by: Mapped[str] = mapped_column(sa.String(80))
    # Made by the form, so that a double click posts once.
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    # What this one cancels: each posting can be reversed once.
    reverses_id: Mapped[int | None] = mapped_column(sa.ForeignKey("posting.id"), unique=True)
    # A fee for hours follows them by itself: which time it is charged. The second one needs the first to be reversed.
    turn: Mapped[int | None]

    __table_args__ = (
        sa.CheckConstraint("amount <> 0 AND (kind <> 'charge' OR amount > 0)", name="amount"),
        sa.CheckConstraint("(kind = 'payment') = (method IS NOT NULL)", name="method"),
        sa.CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
        sa.UniqueConstraint("stay_id", "code", "turn"),
    )
