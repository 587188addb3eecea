"""The audit trail's rows. Triggers of the migration refuse every UPDATE and DELETE of `audit_entry`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base


class AuditEntry(Base):
    """One act. `digest` chains it to the entry before under a key that is not in the database.

    `subject_label` and `actor_name` are words as they were then: the trail stays readable when things are renamed.
    `before` and `after` hold changed fields only, never a secret.
    """

    __tablename__ = "audit_entry"

    # Without gaps, from 1: a missing number is a removed entry.
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_kind: Mapped[str] = mapped_column(sa.String(20))
    actor_name: Mapped[str] = mapped_column(sa.String(80))
    account_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    action: Mapped[str] = mapped_column(sa.String(60))
    subject_kind: Mapped[str] = mapped_column(sa.String(30))
    subject_id: Mapped[str] = mapped_column(sa.String(40))
    subject_label: Mapped[str] = mapped_column(sa.String(160), default="")
    room_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    guest_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    stay_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    lock_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    digest: Mapped[str] = mapped_column(sa.String(64))

    # What has many entries each: with the number behind, the latest of them are read without sorting all.
    __table_args__ = (
        sa.Index(None, "account_id", "id"),
        sa.Index(None, "room_id", "id"),
        sa.Index(None, "action", "id"),
    )


class AuditHead(Base):
    """The last link of the chain; one row, locked while entries are added."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(sa.BigInteger)
    digest: Mapped[str] = mapped_column(sa.String(64))

    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)
