"""Offline passcodes. The digits are not stored: they are computed anew from the lock's key by whoever may see them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.locks.models import Door


class PasscodeKind(StrEnum):
    """Which block of the protocol's list (section 3.1) the code is from."""

    NIGHTS = "nights"
    DAYS = "days"
    CLEAR = "clear"


class PasscodeState(StrEnum):
    """active; revoking: a clear code was handed out and nobody knows yet that it was typed; revoked: the lock said so."""

    ACTIVE = "active"
    REVOKING = "revoking"
    REVOKED = "revoked"


class PasscodeProof(StrEnum):
    """believed until the lock's record shows it."""

    BELIEVED = "believed"
    CONFIRMED = "confirmed"


class Passcode(HasId, Base):
    """One code for one door."""

    __tablename__ = "passcode"

    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    door_id: Mapped[int] = mapped_column(sa.ForeignKey("door.id"), index=True)
    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    kind: Mapped[PasscodeKind] = mapped_column(enum_column(PasscodeKind))
    epoch: Mapped[int]
    # The permission's number; without the lock's key it says nothing about the digits.
    permission: Mapped[int] = mapped_column(sa.BigInteger)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    state: Mapped[PasscodeState] = mapped_column(enum_column(PasscodeState), default=PasscodeState.ACTIVE)
    proof: Mapped[PasscodeProof] = mapped_column(enum_column(PasscodeProof), default=PasscodeProof.BELIEVED)
    proved_at: Mapped[datetime | None]
    # The stay has no use for it any more (check-out, move); the door does not know, so it says nothing about `state`.
    ended_at: Mapped[datetime | None]
    ended_step_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    made_by: Mapped[str] = mapped_column(sa.String(80))
    made_at: Mapped[datetime]
    # The form's own id: a double click makes one code.
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)

    door: Mapped[Door] = relationship(lazy="raise")

    __table_args__ = (sa.Index("ix_passcode_lock_permission", "lock_id", "epoch", "permission"),)


class PasscodeStart(Base):
    """No two parties of a lock share a start within one epoch, whatever the length (protocol section 3.2)."""

    __tablename__ = "passcode_start"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), primary_key=True)
    life: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    stay_id: Mapped[int] = mapped_column(sa.ForeignKey("stay.id"))
