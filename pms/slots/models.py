"""The book of slots, what the locks themselves list, and consents to store something of a body."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_bytes
from pms.locks.models import Door, Lock
from pms.protocol.command import StoredKind, UserRole, WeekWindow


class SlotKind(StrEnum):
    """What opens; called as in `Lock.features`."""

    PASSCODE = "passcode"
    CARD = "card"
    FINGERPRINT = "fingerprint"
    REMOTE = "remote"
    FACE = "face"
    PALM = "palm"

    @property
    def wire(self) -> StoredKind:
        """The kind as locks know it."""
        return StoredKind[self.name]


class SlotRole(StrEnum):
    """What it may do; `duress` opens and raises a silent alarm."""

    GUEST = "guest"
    STAFF = "staff"
    ADMINISTRATOR = "administrator"
    DURESS = "duress"

    @property
    def wire(self) -> UserRole:
        """The role as locks know it."""
        return UserRole[self.name]


class SlotOrigin(StrEnum):
    """Who brought it into the book: we, a phone that stored it at the lock, or the lock's own list."""

    MADE_HERE = "made_here"
    REPORTED = "reported"
    FOUND = "found"


class SlotState(StrEnum):
    """wanted (the template is not here yet) -> waiting (for somebody at the lock) -> added | refused; added -> changing (the
    lock still has the earlier version) -> added; then removing -> removed, by the lock's own word. `not_sent`: given up before
    the lock heard of it."""

    WANTED = "wanted"
    WAITING = "waiting"
    ADDED = "added"
    CHANGING = "changing"
    REFUSED = "refused"
    REMOVING = "removing"
    REMOVED = "removed"
    NOT_SENT = "not_sent"


class Consent(HasId, Base):
    """Somebody agreed that a fingerprint, face or palm is taken, after reading the text of this version. Kept after it was
    withdrawn: it proves that what was done was allowed."""

    __tablename__ = "consent"

    guest_id: Mapped[int | None] = mapped_column(sa.ForeignKey("guest.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"), index=True)
    text_version: Mapped[int]
    given_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(sa.String(80))
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (sa.CheckConstraint("(guest_id IS NULL) <> (account_id IS NULL)", name="of_one_person"),)


def _one_in_use(name: str, column: str, condition: str) -> sa.Index:
    where = sa.text(condition)
    return sa.Index(name, "lock_id", column, unique=True, sqlite_where=where, postgresql_where=where)


class Slot(HasId, Base):
    """One credential in one lock, as the book wants it, and how far it got."""

    __tablename__ = "slot"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    # The door that the lock hung on then.
    door_id: Mapped[int | None] = mapped_column(sa.ForeignKey("door.id"), index=True)
    # Its place in the lock; None while it is only wanted.
    number: Mapped[int | None]
    kind: Mapped[SlotKind] = mapped_column(enum_column(SlotKind))
    # By this the door's record names it. A fingerprint has the same one in every lock.
    credential_id: Mapped[int] = mapped_column(sa.BigInteger)
    name: Mapped[str] = mapped_column(sa.String(80), default="")
    # None where only the lock knows it, and gone here as soon as it need not be sent again.
    content_sealed: Mapped[bytes | None]
    content = sealed_bytes(index="slot_content")
    # Finds a stored passcode by its digits; gone with them.
    content_index: Mapped[str | None] = mapped_column(sa.String(32), index=True)
    # None: no limit.
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    # Its end is the stay's, wherever that goes.
    ends_with_stay: Mapped[bool] = mapped_column(default=False)
    weekdays: Mapped[int] = mapped_column(default=0x7F)  # bit 0 Monday
    window_start: Mapped[int] = mapped_column(default=0)  # local minute
    window_end: Mapped[int] = mapped_column(default=1440)
    role: Mapped[SlotRole] = mapped_column(enum_column(SlotRole))
    state: Mapped[SlotState] = mapped_column(enum_column(SlotState), default=SlotState.WAITING)
    # A frame with it was handed to somebody: the lock may have it whatever was heard since.
    is_sent: Mapped[bool] = mapped_column(default=False)
    # The lock's own word where it refused, `AnswerStatus`.
    status: Mapped[int | None]
    origin: Mapped[SlotOrigin] = mapped_column(enum_column(SlotOrigin), default=SlotOrigin.MADE_HERE)
    guest_id: Mapped[int | None] = mapped_column(sa.ForeignKey("guest.id"), index=True)
    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"), index=True)
    fingerprint_id: Mapped[int | None] = mapped_column(sa.ForeignKey("fingerprint.id"), index=True)
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    made_by: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[datetime] = mapped_column(index=True)
    changed_at: Mapped[datetime]
    # When the lock itself said last that it has it, and when its list lacked it (None: it did not since).
    seen_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]

    door: Mapped[Door | None] = relationship(lazy="raise")
    lock: Mapped[Lock] = relationship(lazy="raise")

    __table_args__ = (
        _one_in_use("uq_slot_number", "number", "state NOT IN ('removed', 'not_sent', 'refused')"),
        # What is being removed may be stored anew already.
        _one_in_use(
            "uq_slot_credential", "credential_id", "state NOT IN ('removed', 'not_sent', 'refused', 'removing')"
        ),
        sa.Index("ix_slot_kind_id", "kind", "id"),
        sa.CheckConstraint("guest_id IS NULL OR account_id IS NULL", name="of_one_person"),
        sa.CheckConstraint("number BETWEEN 1 AND 65535", name="number"),
        sa.CheckConstraint("number IS NOT NULL OR state IN ('wanted', 'not_sent', 'refused')", name="number_in_lock"),
        sa.CheckConstraint("credential_id BETWEEN 0 AND 4294967295", name="credential_id"),
        sa.CheckConstraint(
            "weekdays BETWEEN 1 AND 127 AND window_start BETWEEN 0 AND 1439 AND window_end BETWEEN 1 AND 1440",
            name="window",
        ),
        # Nothing of what opened is left here once it is to go, whatever path the program took.
        sa.CheckConstraint(
            "content_sealed IS NULL OR state IN ('wanted', 'waiting', 'added', 'changing')", name="content_while_stored"
        ),
    )

    @property
    def window(self) -> WeekWindow:
        """The days and hours at which it opens."""
        return WeekWindow(self.weekdays, self.window_start, self.window_end)

    @window.setter
    def window(self, window: WeekWindow) -> None:
        self.weekdays, self.window_start, self.window_end = window.weekdays, window.start, window.end


class ListedSlot(Base):
    """A slot as the lock itself has it, by its list or by its answers to our commands."""

    __tablename__ = "listed_slot"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[SlotKind] = mapped_column(enum_column(SlotKind))
    credential_id: Mapped[int] = mapped_column(sa.BigInteger)
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    role: Mapped[SlotRole] = mapped_column(enum_column(SlotRole))
    seen_at: Mapped[datetime]

    __table_args__ = ({"sqlite_with_rowid": False},)


class SlotSync(HasId, Base):
    """A lock's list of its slots: when it was asked for and how far it got. One row for each lock."""

    __tablename__ = "slot_sync"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), unique=True)
    is_running: Mapped[bool] = mapped_column(default=False)
    after_number: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[str] = mapped_column(sa.String(80), default="")
    # When a whole list was here last.
    listed_at: Mapped[datetime | None]
    status: Mapped[int | None]
