"""Staff cards, what each opens, shifts, and which locks are known to refuse a lost card."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.accounts.models import Account
from pms.core.db import Base, HasId, enum_column
from pms.keycards.models import CardState, Proof
from pms.locks.models import Door, Scope


class StaffCardKind(StrEnum):
    """What the card is for; `one_shot` opens one door once, `deny` opens nothing."""

    STAFF = "staff"
    EMERGENCY = "emergency"
    ONE_SHOT = "one_shot"
    DENY = "deny"


class StaffEnd(StrEnum):
    """Why the card is no longer wanted."""

    LOST = "lost"
    RENEWED = "renewed"
    ERASED = "erased"
    OVERWRITTEN = "overwritten"
    USED = "used"


class Shift(HasId, Base):
    """When somebody works, by name. Cards keep their own copy, so changing a shift changes no card."""

    __tablename__ = "shift"

    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    weekdays: Mapped[int]  # bit 0 Monday
    start_minute: Mapped[int]
    end_minute: Mapped[int]

    __table_args__ = (
        sa.CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays"),
        sa.CheckConstraint("start_minute BETWEEN 0 AND 1439 AND end_minute BETWEEN 1 AND 1440", name="minutes"),
    )


class StaffCard(HasId, Base):
    """One card made for one person (or place). Writing the same plastic again makes a new row."""

    __tablename__ = "staff_card"

    kind: Mapped[StaffCardKind] = mapped_column(enum_column(StaffCardKind))
    # Who holds it: an account, or a name (a visitor, "safe at the desk"). The name is kept as it was.
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"), index=True)
    holder_name: Mapped[str] = mapped_column(sa.String(80), default="")
    job_id: Mapped[str | None] = mapped_column(sa.ForeignKey("encoder_job.id"), unique=True)
    # Random and never used before, so that a server restored from a backup repeats none.
    credential_id: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    uid: Mapped[str | None] = mapped_column(sa.String(20), index=True)
    medium: Mapped[str | None] = mapped_column(sa.String(20))
    state: Mapped[CardState] = mapped_column(enum_column(CardState), default=CardState.RESERVED)
    proof: Mapped[Proof] = mapped_column(enum_column(Proof), default=Proof.BELIEVED)
    proved_at: Mapped[datetime | None]
    # read_back, door or erased
    proved_by: Mapped[str | None] = mapped_column(sa.String(20))
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    # The card's own copy of its shift; minutes are those of the door's clock.
    shift_name: Mapped[str] = mapped_column(sa.String(40), default="")
    weekdays: Mapped[int] = mapped_column(default=127)
    start_minute: Mapped[int] = mapped_column(default=0)
    end_minute: Mapped[int] = mapped_column(default=1440)
    overrides_privacy: Mapped[bool] = mapped_column(default=False)
    made_by: Mapped[str] = mapped_column(sa.String(80))
    made_at: Mapped[datetime]
    # The holder's card before this one: it ends when this one is written.
    replaces_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff_card.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[StaffEnd | None] = mapped_column(enum_column(StaffEnd))
    # Since when no door takes it for certain: its plastic holds something else, or it was used up.
    refused_since: Mapped[datetime | None]

    account: Mapped[Account | None] = relationship(lazy="raise")
    grants: Mapped[list[StaffCardGrant]] = relationship(
        lazy="raise", order_by="StaffCardGrant.place", foreign_keys="StaffCardGrant.staff_card_id"
    )

    __table_args__ = (
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        sa.CheckConstraint("valid_from < valid_until", name="validity"),
        sa.CheckConstraint("(kind = 'deny') = (holder_name = '')", name="holder"),
        sa.CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays"),
        sa.CheckConstraint("start_minute BETWEEN 0 AND 1439 AND end_minute BETWEEN 1 AND 1440", name="minutes"),
    )


class StaffCardGrant(HasId, Base):
    """One grant of a card: a scope or a door under its issue number, or the denial of another card."""

    __tablename__ = "staff_card_grant"

    staff_card_id: Mapped[int] = mapped_column(sa.ForeignKey("staff_card.id"), index=True)
    # 1 to 4; a lock judges the grants in this order.
    place: Mapped[int]
    scope_id: Mapped[int | None] = mapped_column(sa.ForeignKey("scope.id"), index=True)
    door_id: Mapped[int | None] = mapped_column(sa.ForeignKey("door.id"), index=True)
    # For a denial the credential id that it denies.
    issue: Mapped[int] = mapped_column(sa.BigInteger)
    denies_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff_card.id"), index=True)

    scope: Mapped[Scope | None] = relationship(lazy="raise")
    door: Mapped[Door | None] = relationship(lazy="raise")
    denies: Mapped[StaffCard | None] = relationship(lazy="raise", foreign_keys=[denies_id])

    __table_args__ = (
        sa.UniqueConstraint("staff_card_id", "place"),
        sa.CheckConstraint("(scope_id IS NULL) <> (door_id IS NULL)", name="scope_or_door"),
        sa.CheckConstraint("denies_id IS NULL OR scope_id IS NOT NULL", name="denial_has_scope"),
    )


class StaffDenial(HasId, Base):
    """A lock that is known to have a card on its deny list, and since when."""

    __tablename__ = "staff_denial"

    staff_card_id: Mapped[int] = mapped_column(sa.ForeignKey("staff_card.id"))
    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    at: Mapped[datetime]
    # The card that carried it there; None: the lock was told when it was set up, or by a command.
    carried_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff_card.id"))

    __table_args__ = (sa.UniqueConstraint("staff_card_id", "lock_id"),)
