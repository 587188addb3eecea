"""Packs, their files in each language, who fetched them, and the desk password that seals a part of them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId
from pms.core.sealing import sealed_text


class OutageSetting(Base):
    """How packs are made; one row, or none before somebody has set anything."""

    __tablename__ = "outage_setting"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    desk_password_sealed: Mapped[bytes | None]
    desk_password = sealed_text()
    # Whether arrivals that have no passcode yet get one, so that it stands in the pack.
    makes_codes: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.CheckConstraint("id = 1", name="single"),
        sa.CheckConstraint("NOT makes_codes OR desk_password_sealed IS NOT NULL", name="codes_are_sealed"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


class OutagePack(HasId, Base):
    """The house as it was at one instant."""

    __tablename__ = "outage_pack"

    made_at: Mapped[datetime] = mapped_column(index=True)
    made_by: Mapped[str] = mapped_column(sa.String(80))
    # The full hour that a pack of the scheduler stands for: each has one, whoever's scheduler it is. None: asked for by hand.
    hour: Mapped[datetime | None] = mapped_column(unique=True)
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    # How many passcodes lie in the sealed part; None: there is none.
    sealed_codes: Mapped[int | None]

    files: Mapped[list[OutageFile]] = relationship(lazy="raise", order_by="OutageFile.language")
    fetches: Mapped[list[OutageFetch]] = relationship(lazy="raise", order_by="OutageFetch.id")


class OutageFile(Base):
    """The pack in one language, compressed."""

    __tablename__ = "outage_file"

    pack_id: Mapped[int] = mapped_column(sa.ForeignKey("outage_pack.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(deferred=True, deferred_raiseload=True)


class OutageFetch(HasId, Base):
    """Somebody, or a desk's computer, took a pack away."""

    __tablename__ = "outage_fetch"

    pack_id: Mapped[int] = mapped_column(sa.ForeignKey("outage_pack.id", ondelete="CASCADE"), index=True)
    fetched_by: Mapped[str] = mapped_column(sa.String(80))
    fetched_at: Mapped[datetime]
