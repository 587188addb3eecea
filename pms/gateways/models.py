"""Gateways, cellular modules, and which lock is reached through which."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.accounts.models import Account
from pms.core.db import Base, HasId
from pms.locks.models import Lock


class OnTheBroker:
    """What the broker says of whoever carries frames, and what it proves itself with there."""

    is_connected: Mapped[bool] = mapped_column(default=False)
    # When it came last, and when it went last. It is there now where `is_connected` says so, whatever these are.
    connected_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    firmware: Mapped[str] = mapped_column(sa.String(40), default="")
    # Mosquitto's form: $7$iterations$salt$hash. None until it was given a password.
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    # When it brought something last, over the broker or by a request of its own.
    last_seen_at: Mapped[datetime | None]


class Gateway(OnTheBroker, HasId, Base):
    """A box on the wall that brings frames to the locks around it."""

    __tablename__ = "gateway"

    serial_number: Mapped[str] = mapped_column(sa.String(12), unique=True)  # 6 bytes in hex, its MAC
    name: Mapped[str] = mapped_column(sa.String(60))
    # Who bound it; None after it was unbound. Only a bound one reaches locks.
    bound_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"), index=True)
    bound_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    bound_by: Mapped[Account | None] = relationship(lazy="raise")

    __table_args__ = (sa.CheckConstraint("(bound_by_id IS NULL) = (bound_at IS NULL)", name="bound"),)


class GatewayLock(Base):
    """A lock hangs on at most one gateway: its id is the key."""

    __tablename__ = "gateway_lock"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), primary_key=True, autoincrement=False)
    gateway_id: Mapped[int] = mapped_column(sa.ForeignKey("gateway.id"), index=True)
    since: Mapped[datetime]

    lock: Mapped[Lock] = relationship(lazy="raise")
    gateway: Mapped[Gateway] = relationship(lazy="raise")


class CellularModule(OnTheBroker, HasId, Base):
    """A 4G module. It belongs to at most one lock, and a lock has at most one: what the lock itself says counts."""

    __tablename__ = "cellular_module"

    imei: Mapped[str] = mapped_column(sa.String(16), unique=True)
    imsi: Mapped[str] = mapped_column(sa.String(16), default="")
    lock_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lock.id"), unique=True)
    # The lock that was asked to take it, until it has answered.
    asked_lock_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    associated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    lock: Mapped[Lock | None] = relationship(lazy="raise", foreign_keys=[lock_id])
    asked_lock: Mapped[Lock | None] = relationship(lazy="raise", foreign_keys=[asked_lock_id])

    __table_args__ = (sa.CheckConstraint("(lock_id IS NULL) = (associated_at IS NULL)", name="associated"),)


class LinkProcess(Base):
    """A process of the server that talks to the broker: whether it does, and since when. It beats every few seconds."""

    __tablename__ = "link_process"

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    is_connected: Mapped[bool]
    since: Mapped[datetime]
    beat_at: Mapped[datetime]
    # Why it is not connected, as `pms.link` names it; empty where it is.
    fault: Mapped[str] = mapped_column(sa.String(200), default="")
