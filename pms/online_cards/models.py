"""What is wanted of a card whose number a machine is about to tell."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.slots.models import Slot, SlotRole


class OnlineCard(HasId, Base):
    """A card to be read for a lock. Once it is read, the lock's book of slots has it."""

    __tablename__ = "online_card"

    job_id: Mapped[str] = mapped_column(sa.ForeignKey("encoder_job.id"), unique=True)
    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    # None: no limit.
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    role: Mapped[SlotRole] = mapped_column(enum_column(SlotRole))
    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"), index=True)
    # None until a card was read and the book has taken it.
    slot_id: Mapped[int | None] = mapped_column(sa.ForeignKey("slot.id"), unique=True)
    created_at: Mapped[datetime]

    slot: Mapped[Slot | None] = relationship(lazy="raise")

    __table_args__ = (sa.CheckConstraint("stay_id IS NULL OR account_id IS NULL", name="of_one_person"),)
