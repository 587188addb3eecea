"""Commands on their way to locks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_bytes


class CommandState(StrEnum):
    """queued -> sent (a frame was made; perhaps it has arrived) -> done | failed (the lock said no); or dropped: not
    wanted any more before a frame was made."""

    QUEUED = "queued"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"


class LockCommand(HasId, Base):
    """One request to one lock. Ids rise with time, and a lock gets its commands in that order, one at a time."""

    __tablename__ = "lock_command"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    command: Mapped[int]  # `pms.protocol.command_base.Command`
    # What is asked for; it may hold a template, so it is sealed, and gone once the lock has answered.
    plaintext_sealed: Mapped[bytes | None]
    plaintext = sealed_bytes()
    state: Mapped[CommandState] = mapped_column(enum_column(CommandState), default=CommandState.QUEUED)
    # The lock's own word, `AnswerStatus`; None until it has answered.
    status: Mapped[int | None]
    counter: Mapped[int | None] = mapped_column(sa.BigInteger)
    frame: Mapped[bytes | None]
    # The lock's life in which the frame was made: after a new setup it is sealed anew.
    life: Mapped[int | None]
    # Whose command it is: the feature that hears what came of it, and its row.
    subject_kind: Mapped[str] = mapped_column(sa.String(30))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    # Parts of one long content: what the last one came to is what all came to.
    is_last: Mapped[bool] = mapped_column(default=True)
    actor_name: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        # One frame at a time is on its way to a lock, whoever carries it.
        sa.Index(
            "uq_lock_command_sent",
            "lock_id",
            unique=True,
            sqlite_where=sa.text("state = 'sent'"),
            postgresql_where=sa.text("state = 'sent'"),
        ),
        sa.Index("ix_lock_command_subject", "subject_kind", "subject_id"),
    )
