"""Access records: what a door noted, each stored once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId
from pms.locks.models import Door, Lock
from pms.staffcards.models import StaffCard


class AccessRecord(HasId, Base):
    """One record of a lock (protocol section 5). (lock, life, sequence) can be sent any number of times."""

    __tablename__ = "access_record"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"))
    # The door that the lock hung on when the record came in; locks are moved.
    door_id: Mapped[int | None] = mapped_column(sa.ForeignKey("door.id"), index=True)
    life: Mapped[int]
    sequence: Mapped[int] = mapped_column(sa.BigInteger)
    at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[int]
    method: Mapped[int]
    credential_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    result: Mapped[int]
    battery_percent: Mapped[int]
    received_at: Mapped[datetime]
    # Whom the record is about, where the credential is known.
    key_card_id: Mapped[int | None] = mapped_column(sa.ForeignKey("key_card.id"), index=True)
    passcode_id: Mapped[int | None] = mapped_column(sa.ForeignKey("passcode.id"), index=True)
    staff_card_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff_card.id"), index=True)
    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"), index=True)

    lock: Mapped[Lock] = relationship(lazy="raise")
    door: Mapped[Door | None] = relationship(lazy="raise")
    staff_card: Mapped[StaffCard | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.UniqueConstraint("lock_id", "life", "sequence"),
        sa.Index("ix_access_record_lock_id_at", "lock_id", "at"),
    )
