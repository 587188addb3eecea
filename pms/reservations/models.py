"""Reservations: the promise behind one or more stays."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId


class Reservation(HasId, Base):
    """Who booked, under which code. Dates, type and room are the stays' own: each may differ in a group."""

    __tablename__ = "reservation"

    # What guest and desk say to each other, such as "K7M2QX"; without look-alike letters.
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    booker_id: Mapped[int] = mapped_column(sa.ForeignKey("guest.id"), index=True)
    source: Mapped[str] = mapped_column(sa.String(20), default="desk")
    # What a group of several rooms is called; empty for a single party.
    group_name: Mapped[str] = mapped_column(sa.String(80), default="")
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    # Made by the form, so that a double click books once.
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    created_at: Mapped[datetime]

    # Groups are few among reservations, and looked for by any part of their names.
    __table_args__ = (
        sa.Index(
            "ix_reservation_group_name",
            "group_name",
            sqlite_where=sa.text("group_name <> ''"),
            postgresql_where=sa.text("group_name <> ''"),
        ),
    )
