"""Guests, and the words by which they are found."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, BinaryText, HasId
from pms.core.sealing import sealed_text
from pms.core.text import N_, said

FORMER = N_("Former guest")


def full_name(family_name: str, given_name: str) -> str:
    """As it is said at the desk: family name first where it is written in Chinese. Who has none any more is a former guest."""
    if not family_name:
        return said(FORMER)
    if not given_name:
        return family_name
    return f"{family_name}{given_name}" if family_name[:1] >= "\u2e80" else f"{given_name} {family_name}"


class Guest(HasId, Base):
    """A person. The identity document's number is sealed; it is found by blind index only (whole, or last four)."""

    __tablename__ = "guest"

    family_name: Mapped[str] = mapped_column(sa.String(80))
    given_name: Mapped[str] = mapped_column(sa.String(80), default="")
    phone: Mapped[str] = mapped_column(sa.String(40), default="")
    email: Mapped[str] = mapped_column(sa.String(120), default="")
    nationality: Mapped[str] = mapped_column(sa.String(2), default="")
    birth_date: Mapped[date | None]
    document_kind: Mapped[str] = mapped_column(sa.String(20), default="")
    document_number_sealed: Mapped[bytes | None]
    document_number = sealed_text()
    document_index: Mapped[str | None] = mapped_column(sa.String(32), index=True)
    document_tail_index: Mapped[str | None] = mapped_column(sa.String(32), index=True)
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    created_at: Mapped[datetime]
    # Everything above that tells who it was is gone since then.
    anonymised_at: Mapped[datetime | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy

    @property
    def name(self) -> str:
        """As it is said at the desk: family name first where it is written in Chinese."""
        return full_name(self.family_name, self.given_name)


class GuestWord(Base):
    """One word that finds a guest when somebody begins to type it."""

    __tablename__ = "guest_word"

    word: Mapped[str] = mapped_column(BinaryText, primary_key=True)
    guest_id: Mapped[int] = mapped_column(sa.ForeignKey("guest.id", ondelete="CASCADE"), primary_key=True, index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)
