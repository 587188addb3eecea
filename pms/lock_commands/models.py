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

    expired: its time passed before the lock answered. dropped: not wanted any more; mostly before a frame was handed out, else it
    is not sent again. An answer that comes later all the same is believed.
    """

    MADE = "made"
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"


def _among_open(name: str, *columns: str) -> sa.Index:
    where = sa.text("state IN ('made', 'sent')")
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


class LockCommand(HasId, Base):
    """One request to one lock. A lock gets its commands one at a time: urgent ones first, else in the order of their ids, which
    rise with time."""

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
    # Somebody stands at the door, or the way to the lock is made by it: it goes before all that waits.
    is_urgent: Mapped[bool] = mapped_column(default=False)
    # How often it went out since its lock came within reach, and from when on it may again; None: at once.
    sends: Mapped[int] = mapped_column(default=0)
    next_send_at: Mapped[datetime | None]
    # When its frame was made.
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
        # The scheduler sets a lock's clock once at a time.
        sa.Index(
            "uq_lock_command_clock",
            "lock_id",
            unique=True,
            sqlite_where=sa.text("subject_kind = 'clock' AND state IN ('made', 'sent')"),
            postgresql_where=sa.text("subject_kind = 'clock' AND state IN ('made', 'sent')"),
        ),
        # The parts of one content come of one request.
        sa.UniqueConstraint("request_id", "part"),
        sa.Index("ix_lock_command_subject", "subject_kind", "subject_id"),
        # An answer is matched by its counter, however many commands the lock had in its life.
        sa.Index("ix_lock_command_counter", "lock_id", "counter"),
        # What is open is little beside all that was, and is looked through several times a second.
        _among_open("ix_lock_command_open", "lock_id", "state", "is_urgent", "id", "command", "next_send_at"),
        _among_open("ix_lock_command_expiring", "expires_at"),
    )
