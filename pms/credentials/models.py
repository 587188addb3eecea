"""Fingerprints that were captured here. Where each of them is, the book of slots says."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_bytes
from pms.slots.models import Slot


class FingerState(StrEnum):
    """capturing -> stored (the template is here, sealed) | not_taken; stored -> destroyed (the template is gone here; locks
    may still have it, see `SlotState`)."""

    CAPTURING = "capturing"
    STORED = "stored"
    NOT_TAKEN = "not_taken"
    DESTROYED = "destroyed"


class Finger(StrEnum):
    """Which finger."""

    RIGHT_THUMB = "right_thumb"
    RIGHT_INDEX = "right_index"
    RIGHT_MIDDLE = "right_middle"
    LEFT_THUMB = "left_thumb"
    LEFT_INDEX = "left_index"
    LEFT_MIDDLE = "left_middle"


class EndReason(StrEnum):
    """Why a template was destroyed."""

    CHECKED_OUT = "checked_out"
    WITHDRAWN = "withdrawn"
    REMOVED = "removed"
    TIME_OVER = "time_over"
    LEFT = "left"  # the staff account was switched off


class Fingerprint(HasId, Base):
    """One finger of a guest during a stay, or of somebody who works here."""

    __tablename__ = "fingerprint"

    guest_id: Mapped[int | None] = mapped_column(sa.ForeignKey("guest.id"), index=True)
    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"), index=True)
    consent_id: Mapped[int] = mapped_column(sa.ForeignKey("consent.id"))
    job_id: Mapped[str] = mapped_column(sa.ForeignKey("encoder_job.id"), unique=True)
    finger: Mapped[Finger] = mapped_column(enum_column(Finger))
    # By this the door's record names it.
    credential_id: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    state: Mapped[FingerState] = mapped_column(enum_column(FingerState), default=FingerState.CAPTURING)
    template_sealed: Mapped[bytes | None]
    template = sealed_bytes()
    # Only modules of the same family understand a template.
    template_format: Mapped[str] = mapped_column(sa.String(20), default="")
    template_model: Mapped[str] = mapped_column(sa.String(40), default="")
    valid_until: Mapped[datetime]
    captured_at: Mapped[datetime | None]
    captured_by: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]
    end_reason: Mapped[EndReason | None] = mapped_column(enum_column(EndReason))

    places: Mapped[list[Slot]] = relationship(lazy="raise", order_by=Slot.id)

    __table_args__ = (
        sa.CheckConstraint("(guest_id IS NULL) <> (account_id IS NULL)", name="of_one_person"),
        sa.CheckConstraint("(guest_id IS NULL) = (stay_id IS NULL)", name="guests_have_stays"),
        # Nothing of a finger is left here once it is destroyed, whatever path the program took.
        sa.CheckConstraint("(state = 'stored') = (template_sealed IS NOT NULL)", name="template_while_stored"),
        sa.CheckConstraint("(state = 'destroyed') = (destroyed_at IS NOT NULL)", name="destroyed"),
    )
