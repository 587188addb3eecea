"""Commands on their way to locks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_bytes


class CommandState(StrEnum):
    """made -> sent (a frame was handed to somebody; perhaps it has arrived) -> answered | failed (the lock said no).

    expired: its time passed before the lock answered; an answer that comes later all the same is believed. dropped: not
    wanted any more before a frame was handed out.
    """

    MADE = "made"
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"


class LockCommand(HasId, Base):
    """One request to one lock. Ids rise with time, and a lock gets its commands in that order, one at a time."""

    __tablename__ = "lock_command"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    command: Mapped[int]  # `pms.protocol.command_base.Command`
    # What is asked for; it may hold a template, so it is sealed, and gone once the lock has answered.
    plaintext_sealed: Mapped[bytes | None]
    plaintext = sealed_bytes()
    state: Mapped[CommandState] = mapped_column(enum_column(CommandState), default=CommandState.MADE)
    # The lock's own word, `AnswerStatus`; None until it has answered.
    status: Mapped[int | None]
    counter: Mapped[int | None] = mapped_column(sa.BigInteger)
    # Sealed, since whoever made an import knows the keys that the frame of a setup is under.
    frame_sealed: Mapped[bytes | None]
    frame = sealed_bytes()
    # The lock's life in which the frame was made. A new setup takes the frame away, so that it is sealed anew.
    life: Mapped[int | None]
    # What is asked for in values that anybody who sees the command may see; it outlives the plaintext.
    details: Mapped[dict[str, Any] | None]
    # Whose command it is: the feature that hears what came of it, and its row.
    subject_kind: Mapped[str] = mapped_column(sa.String(30))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    # Parts of one long content: what the last one came to is what all came to.
    part: Mapped[int] = mapped_column(default=1)
    is_last: Mapped[bool] = mapped_column(default=True)
    actor_name: Mapped[str] = mapped_column(sa.String(80))
    # Made by the form or the program: asking twice with the same one makes one command.
    request_id: Mapped[str | None] = mapped_column(sa.String(36))
    created_at: Mapped[datetime]
    # After that it is not handed out any more. What opens a door says so in its frame, too.
    expires_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        # One frame at a time is on its way to a lock, whoever carries it; a setup (0500) goes before all others.
        sa.Index(
            "uq_lock_command_sent",
            "lock_id",
            unique=True,
            sqlite_where=sa.text("state = 'sent' AND command <> 1280"),
            postgresql_where=sa.text("state = 'sent' AND command <> 1280"),
        ),
        # The parts of one content come of one request.
        sa.UniqueConstraint("request_id", "part"),
        sa.Index("ix_lock_command_subject", "subject_kind", "subject_id"),
    )
