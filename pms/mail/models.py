"""Letters on their way out, and the server that takes them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_text


class LetterState(StrEnum):
    """queued -> sending -> sent | failed | unknown; after a fault that may pass it is queued again, for later.

    *Unknown* is what nobody can tell any more: the line or this program broke off after the letter had left and before the
    server said that it has it. Such a letter is not sent again by itself. *Expired* is what nobody wants any more.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


class Security(StrEnum):
    """How the line to the mail server is protected; there is no "if it happens to offer it"."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class MailServer(Base):
    """The server that takes the house's letters; one row, or none where the house sends none."""

    __tablename__ = "mail_server"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    host: Mapped[str] = mapped_column(sa.String(120))
    port: Mapped[int]
    security: Mapped[Security] = mapped_column(enum_column(Security))
    username: Mapped[str] = mapped_column(sa.String(120), default="")
    password_sealed: Mapped[bytes | None]
    password = sealed_text()
    sender: Mapped[str] = mapped_column(sa.String(160))
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.CheckConstraint("id = 1", name="single"),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


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
    # While it is being sent: when whoever took it must have come back with an answer.
    next_try_at: Mapped[datetime]
    # After that nobody wants it any more (a code that has ended).
    expires_at: Mapped[datetime]
    # What came of the last try: one of `rules.FAULTS`, and the server's own words without the recipient.
    error_code: Mapped[str] = mapped_column(sa.String(20), default="")
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
