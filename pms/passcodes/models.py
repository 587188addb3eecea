"""Offline passcodes. The digits are not stored: they are computed anew from the lock's key by whoever may see them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.locks.models import Door, Lock
from pms.stays.models import Stay


class PasscodeKind(StrEnum):
    """Which block of the protocol's list (section 3.1) the code is from."""

    HOURS = "hours"
    NIGHTS = "nights"
    DAYS = "days"
    SINGLE = "single"
    PERMANENT = "permanent"
    CYCLIC = "cyclic"
    CLEAR = "clear"


class PasscodeState(StrEnum):
    """active; revoking: a clear code was handed out, or a command is on its way, and nobody knows yet that it has arrived;
    revoked and used (a code that opens once): the lock said so."""

    ACTIVE = "active"
    REVOKING = "revoking"
    REVOKED = "revoked"
    USED = "used"


class PasscodeProof(StrEnum):
    """believed until the lock's record shows it."""

    BELIEVED = "believed"
    CONFIRMED = "confirmed"


_HELD = "kind = 'permanent' OR state <> 'revoked'"


class Passcode(HasId, Base):
    """One code for one door, for the guest of a stay or for somebody with a name."""

    __tablename__ = "passcode"

    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    holder_name: Mapped[str] = mapped_column(sa.String(60), default="")
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    door_id: Mapped[int] = mapped_column(sa.ForeignKey("door.id"), index=True)
    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    kind: Mapped[PasscodeKind] = mapped_column(enum_column(PasscodeKind))
    # The lock's life in which it was made: with other keys the same permission is another code.
    life: Mapped[int]
    epoch: Mapped[int]
    # The permission's number; without the lock's key it says nothing about the digits.
    permission: Mapped[int] = mapped_column(sa.BigInteger)
    # A keyed hash of the digits, by which somebody who reads them out is found; None for codes made before it was kept.
    digits_index: Mapped[str | None] = mapped_column(sa.String(32), index=True)
    valid_from: Mapped[datetime]
    # By the lock's clock as it is set now; None: until it is revoked.
    valid_until: Mapped[datetime | None]
    state: Mapped[PasscodeState] = mapped_column(enum_column(PasscodeState), default=PasscodeState.ACTIVE)
    proof: Mapped[PasscodeProof] = mapped_column(enum_column(PasscodeProof), default=PasscodeProof.BELIEVED)
    proved_at: Mapped[datetime | None]
    # The stay has no use for it any more (check-out, move); the door does not know, so it says nothing about `state`.
    ended_at: Mapped[datetime | None]
    ended_step_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    # It was made elsewhere, by a phone with the lock's key, and is only written down here.
    was_added: Mapped[bool] = mapped_column(default=False)
    # The code whose times were changed by making this one.
    replaces_id: Mapped[int | None] = mapped_column(sa.ForeignKey("passcode.id"), index=True)
    # The first code of somebody who is no guest of a stay: later ones for the same person share its start.
    party_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    made_by: Mapped[str] = mapped_column(sa.String(80))
    made_at: Mapped[datetime] = mapped_column(index=True)
    # The form's own id: a double click makes one code.
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)

    door: Mapped[Door] = relationship(lazy="raise")
    lock: Mapped[Lock] = relationship(lazy="raise")
    stay: Mapped[Stay | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.Index("ix_passcode_lock_permission", "lock_id", "epoch", "permission"),
        sa.Index("ix_passcode_state_valid_until", "state", "valid_until"),
        # The same permission is the same ten digits. A lock keeps which permanent ones were revoked, so their serials are
        # not given out again.
        sa.Index(
            "uq_passcode_digits",
            "lock_id",
            "life",
            "epoch",
            "permission",
            unique=True,
            sqlite_where=sa.text(_HELD),
            postgresql_where=sa.text(_HELD),
        ),
        sa.CheckConstraint("(kind = 'permanent') = (valid_until IS NULL)", name="has_an_end"),
        sa.CheckConstraint("stay_id IS NOT NULL OR holder_name <> '' OR kind = 'clear'", name="is_for_somebody"),
    )


class PasscodeStart(Base):
    """No two parties of a lock share a start within one epoch, whatever the length (protocol section 3.2)."""

    __tablename__ = "passcode_start"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), primary_key=True)
    life: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"))
    # The first code of somebody who is no guest of a stay.
    passcode_id: Mapped[int | None] = mapped_column(sa.ForeignKey("passcode.id"))

    __table_args__ = (sa.CheckConstraint("(stay_id IS NULL) <> (passcode_id IS NULL)", name="is_of_one_party"),)
