"""Key cards, what each opens, and the issue numbers by which a newer card ends an older one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.locks.models import Area, Door


class CardState(StrEnum):
    """reserved (no byte written yet) -> active | unknown (may hold the grant) | void (never written); then ended."""

    RESERVED = "reserved"
    ACTIVE = "active"
    UNKNOWN = "unknown"
    VOID = "void"
    ENDED = "ended"


class Proof(StrEnum):
    """How we know. `believed`: it follows from what was done, nobody has seen it. `confirmed`: read back from the card, or
    seen at the door. `unknown`: a write was interrupted."""

    BELIEVED = "believed"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"


class CardReason(StrEnum):
    """Why the card was made."""

    NEW = "new"
    DUPLICATE = "duplicate"
    REPLACEMENT = "replacement"
    REMADE = "remade"


class EndReason(StrEnum):
    """Why the card is no longer wanted."""

    CHECKED_OUT = "checked_out"
    LOST = "lost"
    REMADE = "remade"
    MOVED = "moved"
    CANCELLED = "cancelled"
    ERASED = "erased"
    OVERWRITTEN = "overwritten"


class KeySeries(HasId, Base):
    """The issue number that all cards of one party carry for one door (protocol section 2.3)."""

    __tablename__ = "key_series"

    stay_id: Mapped[int] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    door_id: Mapped[int] = mapped_column(sa.ForeignKey("door.id"), index=True)
    # When the party's right to this door begins; orders the parties of a door.
    begins_at: Mapped[datetime]
    issue: Mapped[int] = mapped_column(sa.BigInteger)
    # The party gave the door up (moved, cancelled): later parties must still stay above its number.
    released_at: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("stay_id", "door_id"),
        # No two parties of a door ever carry the same number.
        sa.UniqueConstraint("door_id", "issue"),
    )


class KeyCard(HasId, Base):
    """One card made for one stay. Writing the same plastic again makes a new row."""

    __tablename__ = "key_card"

    stay_id: Mapped[int] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    job_id: Mapped[str | None] = mapped_column(sa.ForeignKey("encoder_job.id"), unique=True)
    reason: Mapped[CardReason] = mapped_column(enum_column(CardReason))
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
    made_by: Mapped[str] = mapped_column(sa.String(80))
    made_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    end_reason: Mapped[EndReason | None] = mapped_column(enum_column(EndReason))
    # The stay's step that ended it; undoing the step takes the end back.
    ended_step_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    # Why the doors refuse it for certain: a newer card was used, it was erased, it is denied.
    refused_since: Mapped[datetime | None]

    grants: Mapped[list[KeyCardGrant]] = relationship(lazy="raise", order_by="KeyCardGrant.unit")

    __table_args__ = (
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        sa.CheckConstraint("valid_from < valid_until", name="validity"),
    )


class KeyDenial(HasId, Base):
    """A lock that must refuse one lost card while the party's others go on opening it, and since when it is known to."""

    __tablename__ = "key_denial"

    key_card_id: Mapped[int] = mapped_column(sa.ForeignKey("key_card.id"))
    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    door_id: Mapped[int] = mapped_column(sa.ForeignKey("door.id"))
    # The card's end: by then the lock lets the entry go by itself (a quarter of an hour later, as it takes cards longer).
    until: Mapped[datetime] = mapped_column(index=True)
    asked_at: Mapped[datetime]
    # None: the lock may not have it yet, so the card still opens there.
    at: Mapped[datetime | None]
    # answer (of the lock, to the command), door (its record), setup
    proved_by: Mapped[str | None] = mapped_column(sa.String(20))
    # The lock's own word where it would not, `AnswerStatus`.
    status: Mapped[int | None]

    door: Mapped[Door] = relationship(lazy="raise")

    __table_args__ = (
        sa.UniqueConstraint("key_card_id", "lock_id"),
        sa.CheckConstraint("(at IS NULL) = (proved_by IS NULL)", name="proved"),
    )


class KeyCardGrant(HasId, Base):
    """One grant of a card: a door under an issue number, or an area."""

    __tablename__ = "key_card_grant"

    key_card_id: Mapped[int] = mapped_column(sa.ForeignKey("key_card.id"), index=True)
    # 1 stands for the main door, whichever of slots A and B it lies in; 3..8 for the others.
    unit: Mapped[int]
    door_id: Mapped[int | None] = mapped_column(sa.ForeignKey("door.id"), index=True)
    area_id: Mapped[int | None] = mapped_column(sa.ForeignKey("area.id"))
    issue: Mapped[int] = mapped_column(sa.BigInteger)
    # Whose number it carries: the stay's own, or of another stay of the party for a further room. None for areas.
    series_id: Mapped[int | None] = mapped_column(sa.ForeignKey("key_series.id"), index=True)

    series: Mapped[KeySeries | None] = relationship(lazy="raise")
    door: Mapped[Door | None] = relationship(lazy="raise")
    area: Mapped[Area | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.UniqueConstraint("key_card_id", "unit"),
        sa.CheckConstraint("(door_id IS NULL) <> (area_id IS NULL)", name="door_or_area"),
    )
