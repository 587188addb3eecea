"""Card-issuing machines and their jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column


class EncoderState(StrEnum):
    """What the port's owner last saw."""

    OFFLINE = "offline"
    READY = "ready"


class Encoder(HasId, Base):
    """A machine that writes cards, on a port of the server."""

    __tablename__ = "encoder"

    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    url: Mapped[str] = mapped_column(sa.String(200), unique=True)  # a device path or a pyserial URL
    is_enabled: Mapped[bool] = mapped_column(default=True)
    state: Mapped[EncoderState] = mapped_column(enum_column(EncoderState), default=EncoderState.OFFLINE)
    state_at: Mapped[datetime | None]
    serial_number: Mapped[str] = mapped_column(sa.String(16), default="")
    model: Mapped[str] = mapped_column(sa.String(40), default="")
    last_error: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[datetime]


class JobKind(StrEnum):
    """What a machine is asked to do with the next card."""

    WRITE = "write"
    READ = "read"
    ERASE = "erase"
    # Blink and beep, so that somebody sees which machine is meant; needs no card.
    SIGNAL = "signal"


class JobState(StrEnum):
    """queued -> waiting -> writing -> checking -> done; or failed (the card is as it was), cancelled, unknown."""

    QUEUED = "queued"
    WAITING = "waiting"
    WRITING = "writing"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Nothing more will happen to the job."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.UNKNOWN)


_ACTIVE = "state IN ('waiting', 'writing', 'checking')"


class EncoderJob(Base):
    """One card to be written, read or erased. The id is made by the form: posting twice makes one job."""

    __tablename__ = "encoder_job"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    encoder_id: Mapped[int] = mapped_column(sa.ForeignKey("encoder.id"), index=True)
    kind: Mapped[JobKind] = mapped_column(enum_column(JobKind))
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.QUEUED)
    # The row of another feature that the job is about (a key card), and the stay to return to.
    subject_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    stay_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    # Jobs started together are numbered 1..n within their batch.
    batch_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    batch_position: Mapped[int] = mapped_column(default=1)
    batch_size: Mapped[int] = mapped_column(default=1)
    # Somebody looked at this card and said that it may be overwritten.
    overwrite_uid: Mapped[str | None] = mapped_column(sa.String(20))
    requested_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    actor_name: Mapped[str] = mapped_column(sa.String(80))
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    is_cancel_requested: Mapped[bool] = mapped_column(default=False)
    card_uid: Mapped[str | None] = mapped_column(sa.String(20))
    card_medium: Mapped[str | None] = mapped_column(sa.String(20))
    error_code: Mapped[str | None] = mapped_column(sa.String(40))
    # What the page needs to say what happened; never a secret.
    result: Mapped[dict[str, Any] | None]

    encoder: Mapped[Encoder] = relationship(lazy="raise")

    __table_args__ = (
        # A machine does one thing at a time, whichever process owns it.
        sa.Index(
            "uq_encoder_job_active",
            "encoder_id",
            unique=True,
            sqlite_where=sa.text(_ACTIVE),
            postgresql_where=sa.text(_ACTIVE),
        ),
        sa.Index("ix_encoder_job_state_created_at", "state", "created_at"),
    )
