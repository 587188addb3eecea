"""Access records: what a door noted, each stored once; and what is known to be missing or not right among them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.locks.models import Door, Lock
from pms.protocol.record import RecordResult
from pms.staffcards.models import StaffCard

# Somebody typed a code that is none. Literal, as in the index: SQLite takes a partial index only where it sees that the question
# is about its rows.
WRONG_CODE = sa.text(f"result = {int(RecordResult.WRONG_CODE)}")


OF_COMMAND = sa.text("command_id IS NOT NULL")


class AccessRecord(HasId, Base):
    """One record of a lock (protocol section 5). (lock, life, sequence) can be sent any number of times.

    `life` is the one in which the lock began to count from 1: under new keys alone it goes on counting.
    """

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
    # The 16 bytes that the lock's chain is reckoned over; None for what came in before they were kept.
    raw: Mapped[bytes | None]
    # The lock's chain says that this record, or one beside it, is not what the lock wrote.
    is_doubtful: Mapped[bool] = mapped_column(default=False)
    # Taken out of lists; who did it and why is in the audit trail.
    hidden_at: Mapped[datetime | None]
    # Whom the record is about, where the credential is known.
    key_card_id: Mapped[int | None] = mapped_column(sa.ForeignKey("key_card.id"), index=True)
    passcode_id: Mapped[int | None] = mapped_column(sa.ForeignKey("passcode.id"), index=True)
    staff_card_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff_card.id"), index=True)
    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    # What the desk asked the lock for, where the lock noted that it did it for nobody at the door.
    command_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lock_command.id"))

    lock: Mapped[Lock] = relationship(lazy="raise")
    door: Mapped[Door | None] = relationship(lazy="raise")
    staff_card: Mapped[StaffCard | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.UniqueConstraint("lock_id", "life", "sequence"),
        sa.Index("ix_access_record_lock_id_at", "lock_id", "at"),
        # Few, and asked for whenever there is one more: whether somebody tries codes.
        sa.Index("ix_access_record_wrong_code", "at", sqlite_where=WRONG_CODE, postgresql_where=WRONG_CODE),
        sa.Index("ix_access_record_command_id", "command_id", sqlite_where=OF_COMMAND, postgresql_where=OF_COMMAND),
    )


class RecordSeries(Base):
    """How far the records of a lock that counts from 1 are known; `life` as above."""

    __tablename__ = "record_series"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), primary_key=True)
    life: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # Up to here each record is held, or is known to be gone.
    known_until: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # The newest that the lock has told of.
    newest: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # The chain after this sequence, and its value (8 bytes); None where what came before cannot be reckoned over.
    chain_sequence: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    chain: Mapped[bytes | None]
    asked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class RecordGap(HasId, Base):
    """Records that the lock no longer had when it was asked for them. Closed if they come from elsewhere all the same."""

    __tablename__ = "record_gap"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"))
    door_id: Mapped[int | None] = mapped_column(sa.ForeignKey("door.id"))
    life: Mapped[int]
    first: Mapped[int] = mapped_column(sa.BigInteger)
    last: Mapped[int] = mapped_column(sa.BigInteger)
    found_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]

    lock: Mapped[Lock] = relationship(lazy="raise")
    door: Mapped[Door | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.UniqueConstraint("lock_id", "life", "first"),
        sa.UniqueConstraint("lock_id", "life", "last"),
        sa.CheckConstraint("first >= 1 AND last >= first", name="span"),
    )


class Doubt(StrEnum):
    """`chain`: the records are not those that the lock reckoned its chain over. `cut`: some are missing from the middle of
    what the lock keeps. `differs`: a record came twice with different content; the first is kept.

    These are about what is stored here, held against the marks in the audit trail. `altered`: not as it was stored. `missing`:
    it was stored, and is not there. `added`: no lock brought it.
    """

    CHAIN = "chain"
    CUT = "cut"
    DIFFERS = "differs"
    ALTERED = "altered"
    MISSING = "missing"
    ADDED = "added"


class RecordFinding(HasId, Base):
    """Records that are not what their lock wrote, or not all of it. Found once, and never taken back."""

    __tablename__ = "record_finding"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"))
    door_id: Mapped[int | None] = mapped_column(sa.ForeignKey("door.id"))
    life: Mapped[int]
    kind: Mapped[Doubt] = mapped_column(enum_column(Doubt))
    first: Mapped[int] = mapped_column(sa.BigInteger)
    last: Mapped[int] = mapped_column(sa.BigInteger)
    found_at: Mapped[datetime] = mapped_column(index=True)

    lock: Mapped[Lock] = relationship(lazy="raise")
    door: Mapped[Door | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.UniqueConstraint("lock_id", "life", "kind", "first", "last"),
        sa.CheckConstraint("first >= 1 AND last >= first", name="span"),
    )
