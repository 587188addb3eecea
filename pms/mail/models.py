"""Letters on their way out."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_text


class LetterState(StrEnum):
    """queued -> sending -> sent | failed; after a fault that may pass it is queued again, for later."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Letter(HasId, Base):
    """One e-mail. It may hold a code, so it is sealed; once it is sent, or given up, its text is not kept."""

    __tablename__ = "letter"

    recipient_sealed: Mapped[bytes]
    recipient = sealed_text()
    title: Mapped[str] = mapped_column(sa.String(120))
    text_sealed: Mapped[bytes | None]
    text = sealed_text()
    state: Mapped[LetterState] = mapped_column(enum_column(LetterState), default=LetterState.QUEUED)
    # What the letter is about, for the pages that say what became of it.
    subject_kind: Mapped[str] = mapped_column(sa.String(30))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    # Made by the form: posting twice sends one letter.
    request_id: Mapped[str] = mapped_column(sa.String(36), unique=True)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    # After that nobody wants it any more (a code that has ended).
    expires_at: Mapped[datetime]
    error_text: Mapped[str] = mapped_column(sa.String(200), default="")
    created_by: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint(
            "(state IN ('queued', 'sending')) = (text_sealed IS NOT NULL)", name="text_while_on_its_way"
        ),
        sa.Index("ix_letter_state_next_try_at", "state", "next_try_at"),
        sa.Index("ix_letter_subject", "subject_kind", "subject_id"),
    )
