"""Scheduled jobs, and each of their turns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId, enum_column


class TurnState(StrEnum):
    """asked (nobody has begun) -> running -> done | failed; interrupted: its process ended meanwhile."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class ScheduledJob(Base):
    """A job of the scheduler's table, as the scheduler announced it at its start."""

    __tablename__ = "scheduled_job"

    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    every_seconds: Mapped[int | None]
    # Or once a day, at this local time of the house.
    at_hour: Mapped[int | None]
    at_minute: Mapped[int | None]
    next_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("(every_seconds IS NULL) <> (at_hour IS NULL)", name="when"),
        sa.CheckConstraint("(at_hour IS NULL) = (at_minute IS NULL)", name="time"),
    )


class JobTurn(HasId, Base):
    """One turn of a job. A turn that was due exists once, whatever the number of processes that noticed."""

    __tablename__ = "job_turn"

    job: Mapped[str] = mapped_column(sa.String(60))
    due_at: Mapped[datetime]
    state: Mapped[TurnState] = mapped_column(enum_column(TurnState))
    # Who did not want to wait for the clock; empty: it was due.
    asked_by: Mapped[str] = mapped_column(sa.String(80), default="")
    tries: Mapped[int] = mapped_column(default=0)
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # The kind of fault; what it said stands in the server's log, where no secret reaches a page.
    fault: Mapped[str] = mapped_column(sa.String(80), default="")
    # What came of it, as a translatable template and what is filled in; empty: nothing worth a word.
    result: Mapped[str] = mapped_column(sa.String(200), default="")
    result_params: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        sa.UniqueConstraint("job", "due_at"),
        sa.Index(
            "uq_job_turn_asked",
            "job",
            unique=True,
            sqlite_where=sa.text("state = 'asked'"),
            postgresql_where=sa.text("state = 'asked'"),
        ),
        sa.Index("ix_job_turn_state", "state"),
    )
