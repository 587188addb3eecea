"""Card-issuing machines and their jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.protocol.encoder_line import Capability


def _unique_while(name: str, condition: str, *columns: str) -> sa.Index:
    where = sa.text(condition)
    return sa.Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


class EncoderState(StrEnum):
    """What the port's owner last saw."""

    OFFLINE = "offline"
    READY = "ready"


class DeskAgent(HasId, Base):
    """A program at another desk that owns the ports there (`pms agent`). Its token is known to it alone."""

    __tablename__ = "desk_agent"

    name: Mapped[str] = mapped_column(sa.String(40))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    # Which start of the program speaks: an earlier one that turns up again is sent away.
    run_id: Mapped[str | None] = mapped_column(sa.String(36))
    host: Mapped[str] = mapped_column(sa.String(80), default="")
    version: Mapped[str] = mapped_column(sa.String(20), default="")
    last_seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (_unique_while("uq_desk_agent_name", "revoked_at IS NULL", "name"),)


class Encoder(HasId, Base):
    """A machine that writes cards or takes fingerprints, on a port of the server or of a desk's agent."""

    __tablename__ = "encoder"

    name: Mapped[str] = mapped_column(sa.String(40))
    driver: Mapped[str] = mapped_column(sa.String(20), default="machine")  # a file in pms.devices.drivers
    # A device path or a pyserial URL; None: bound to no port, so nobody can use it.
    url: Mapped[str | None] = mapped_column(sa.String(200))
    agent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("desk_agent.id"), index=True)
    state: Mapped[EncoderState] = mapped_column(enum_column(EncoderState), default=EncoderState.OFFLINE)
    state_at: Mapped[datetime | None]
    # Why it is offline: a code of `pms.devices.errors`, and the engineer's words for it.
    error_code: Mapped[str | None] = mapped_column(sa.String(40))
    error_text: Mapped[str] = mapped_column(sa.String(200), default="")
    serial_number: Mapped[str] = mapped_column(sa.String(16), default="")
    model: Mapped[str] = mapped_column(sa.String(40), default="")
    firmware: Mapped[str] = mapped_column(sa.String(40), default="")
    capabilities: Mapped[int] = mapped_column(default=3)  # `pms.protocol.encoder_line.Capability`
    created_at: Mapped[datetime]
    # Made by the form or the program that added it: asking twice with the same one adds one machine.
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    # Its jobs are history, so the row stays.
    deleted_at: Mapped[datetime | None]

    agent: Mapped[DeskAgent | None] = relationship(lazy="raise")

    __table_args__ = (
        _unique_while("uq_encoder_name", "deleted_at IS NULL", "name"),
        # A port belongs to one machine; the ports of different desks have the same names.
        _unique_while("uq_encoder_url", "agent_id IS NULL", "url"),
        _unique_while("uq_encoder_agent_url", "agent_id IS NOT NULL", "agent_id", "url"),
        sa.CheckConstraint("deleted_at IS NULL OR url IS NULL", name="deleted_is_unbound"),
        sa.CheckConstraint("agent_id IS NULL OR url IS NOT NULL", name="agent_has_port"),
    )

    @property
    def is_bound(self) -> bool:
        """Whether it has a port, so that somebody can use it."""
        return self.url is not None

    @property
    def is_ready(self) -> bool:
        """Whether it answered when its port's owner last asked."""
        return self.state is EncoderState.READY

    @property
    def takes_cards(self) -> bool:
        """Whether it can read and write cards."""
        return bool(self.capabilities & (Capability.CLASSIC | Capability.NTAG))

    @property
    def takes_fingers(self) -> bool:
        """Whether it has a fingerprint module."""
        return bool(self.capabilities & Capability.FINGERPRINT)


class FoundPort(HasId, Base):
    """A port that the server (no agent) or a desk's computer has, and what answered there when somebody asked."""

    __tablename__ = "found_port"

    agent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("desk_agent.id"), index=True)
    url: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.String(120), default="")
    seen_at: Mapped[datetime]
    # Somebody wants to know what is there; the owner of the ports says hello and stores the answer.
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(sa.String(40))
    driver: Mapped[str | None] = mapped_column(sa.String(20))
    model: Mapped[str] = mapped_column(sa.String(40), default="")
    serial_number: Mapped[str] = mapped_column(sa.String(16), default="")
    firmware: Mapped[str] = mapped_column(sa.String(40), default="")

    __table_args__ = (
        _unique_while("uq_found_port_url", "agent_id IS NULL", "url"),
        _unique_while("uq_found_port_agent_url", "agent_id IS NOT NULL", "agent_id", "url"),
    )


class JobKind(StrEnum):
    """What a machine is asked to do with the next card, or finger."""

    WRITE = "write"
    READ = "read"
    ERASE = "erase"
    # Blink and beep, so that somebody sees which machine is meant; needs no card.
    SIGNAL = "signal"
    # A card of staff: signed grants instead of a guest's.
    STAFF = "staff"
    # Take a finger and bring its template.
    FINGER = "finger"
    # Tell the number of a card that a lock is to store.
    ONLINE = "online"


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
    # The start of the agent that took it (`DeskAgent.run_id`); None on a port of the server.
    run_id: Mapped[str | None] = mapped_column(sa.String(36))
    card_uid: Mapped[str | None] = mapped_column(sa.String(20))
    card_medium: Mapped[str | None] = mapped_column(sa.String(20))
    error_code: Mapped[str | None] = mapped_column(sa.String(40))
    # What the page needs to say what happened; never a secret.
    result: Mapped[dict[str, Any] | None]

    encoder: Mapped[Encoder] = relationship(lazy="raise")

    __table_args__ = (
        # A machine does one thing at a time, whichever process owns it.
        _unique_while("uq_encoder_job_active", _ACTIVE, "encoder_id"),
        sa.Index("ix_encoder_job_state_created_at", "state", "created_at"),
    )
