"""The house: one row; and its site keys, sealed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId
from pms.core.sealing import sealed_bytes


class Property(Base):
    """One hotel or apartment house; a database holds exactly one."""

    __tablename__ = "property"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sa.String(120))
    time_zone: Mapped[str] = mapped_column(sa.String(60))
    # Full local hours: the locks know no minutes of check-out.
    check_in_hour: Mapped[int]
    check_out_hour: Mapped[int]
    # ISO 4217; amounts are in its minor units.
    currency: Mapped[str] = mapped_column(sa.String(3), default="EUR")
    # What the desk may promise beyond the usual hours, and what it costs; later than that is another night.
    early_arrival_hour: Mapped[int] = mapped_column(default=8)
    late_departure_hour: Mapped[int] = mapped_column(default=18)
    early_fee: Mapped[int] = mapped_column(default=0)
    late_fee: Mapped[int] = mapped_column(default=0)
    # How long a room should stand empty between two parties, so that it can be cleaned.
    cleaning_hours: Mapped[int] = mapped_column(default=2)
    # A battery at or below this percentage is to be changed.
    low_battery_percent: Mapped[int] = mapped_column(default=20)
    # Gateways and 4G modules that are out of reach for so long raise an alarm; locks that something carries for, after hours.
    offline_minutes: Mapped[int] = mapped_column(default=30)
    silent_lock_hours: Mapped[int] = mapped_column(default=24)
    # Doors and areas get their numbers from here; a number is never given twice.
    last_door_number: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.CheckConstraint("id = 1", name="single"),
        sa.CheckConstraint("check_in_hour BETWEEN 0 AND 23", name="check_in_hour"),
        sa.CheckConstraint("check_out_hour BETWEEN 0 AND 23", name="check_out_hour"),
        sa.CheckConstraint("early_arrival_hour BETWEEN 0 AND check_in_hour", name="early_arrival_hour"),
        sa.CheckConstraint("late_departure_hour BETWEEN check_out_hour AND 24", name="late_departure_hour"),
        sa.CheckConstraint("early_fee >= 0 AND late_fee >= 0", name="fees"),
        sa.CheckConstraint("cleaning_hours BETWEEN 0 AND 12", name="cleaning_hours"),
        sa.CheckConstraint("low_battery_percent BETWEEN 5 AND 50", name="low_battery_percent"),
        sa.CheckConstraint("offline_minutes BETWEEN 5 AND 1440", name="offline_minutes"),
        sa.CheckConstraint("silent_lock_hours BETWEEN 1 AND 168", name="silent_lock_hours"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy

    @property
    def zone(self) -> ZoneInfo:
        """The house's time zone."""
        return ZoneInfo(self.time_zone)


class SiteKey(HasId, Base):
    """One version of the house's keys (protocol section 1): `k_prop` (16 bytes) and the staff signing pair (32 + 32)."""

    __tablename__ = "site_key"

    key_version: Mapped[int] = mapped_column(unique=True)
    k_prop_sealed: Mapped[bytes]
    k_prop = sealed_bytes()
    sk_staff_sealed: Mapped[bytes]
    sk_staff = sealed_bytes()
    pk_staff: Mapped[bytes]
    created_at: Mapped[datetime]

    __table_args__ = (sa.CheckConstraint("key_version BETWEEN 1 AND 255", name="key_version"),)
