"""Stays, the nights that they hold, and the steps that they went through."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.guests.models import Guest
from pms.reservations.models import Reservation
from pms.rooms.models import Room, RoomType


class StayState(StrEnum):
    """Where a stay is on its way."""

    CONFIRMED = "confirmed"
    IN_HOUSE = "in_house"
    CHECKED_OUT = "checked_out"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class StepKind(StrEnum):
    """What can be done to a stay; the last one can be undone."""

    BOOKED = "booked"
    CHANGED = "changed"
    ROOM_ASSIGNED = "room_assigned"
    ROOM_UNASSIGNED = "room_unassigned"
    CHECKED_IN = "checked_in"
    MOVED = "moved"
    EXTENDED = "extended"
    SHORTENED = "shortened"
    CHECKED_OUT = "checked_out"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class Stay(HasId, Base):
    """One party, one room (once assigned), from arrival to departure."""

    __tablename__ = "stay"

    reservation_id: Mapped[int] = mapped_column(sa.ForeignKey("reservation.id"), index=True)
    guest_id: Mapped[int] = mapped_column(sa.ForeignKey("guest.id"), index=True)
    # What was booked; while no room is assigned, a night of this type is held.
    room_type_id: Mapped[int] = mapped_column(sa.ForeignKey("room_type.id"), index=True)
    room_id: Mapped[int | None] = mapped_column(sa.ForeignKey("room.id"), index=True)
    arrival_date: Mapped[date] = mapped_column(index=True)
    departure_date: Mapped[date] = mapped_column(index=True)
    adults: Mapped[int] = mapped_column(default=1)
    children: Mapped[int] = mapped_column(default=0)
    state: Mapped[StayState] = mapped_column(enum_column(StayState), default=StayState.CONFIRMED)
    checked_in_at: Mapped[datetime | None]
    checked_out_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    reservation: Mapped[Reservation] = relationship(lazy="raise")
    guest: Mapped[Guest] = relationship(lazy="raise")
    room_type: Mapped[RoomType] = relationship(lazy="raise")
    room: Mapped[Room | None] = relationship(lazy="raise")

    __table_args__ = (
        # A stay that ends on its first day holds no night any more.
        sa.CheckConstraint("departure_date >= arrival_date", name="dates"),
        sa.CheckConstraint("state <> 'in_house' OR room_id IS NOT NULL", name="room_in_house"),
        sa.CheckConstraint("adults >= 1 AND children >= 0", name="party"),
        sa.Index("ix_stay_state_arrival_date", "state", "arrival_date"),
        # One party in a room at a time: who is still inside keeps the next one from being checked in.
        sa.Index(
            "uq_stay_in_house_room",
            "room_id",
            unique=True,
            sqlite_where=sa.text("state = 'in_house'"),
            postgresql_where=sa.text("state = 'in_house'"),
        ),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


class RoomNight(Base):
    """The truth of who has a room when: no two stays share a row."""

    __tablename__ = "room_night"

    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True, index=True)
    stay_id: Mapped[int] = mapped_column(sa.ForeignKey("stay.id", ondelete="CASCADE"), index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class TypeNight(Base):
    """How many rooms of a type are promised on a night, assigned or not; never more than there are."""

    __tablename__ = "type_night"

    room_type_id: Mapped[int] = mapped_column(sa.ForeignKey("room_type.id"), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True, index=True)
    sold: Mapped[int]
    capacity: Mapped[int]

    __table_args__ = (
        sa.CheckConstraint("sold >= 0", name="not_negative"),
        sa.CheckConstraint("sold <= capacity", name="not_oversold"),
        {"sqlite_with_rowid": False},
    )


class StayStep(HasId, Base):
    """One thing done to a stay, with what the stay was before, so that the last one can be undone."""

    __tablename__ = "stay_step"

    stay_id: Mapped[int] = mapped_column(sa.ForeignKey("stay.id"), index=True)
    kind: Mapped[StepKind] = mapped_column(enum_column(StepKind))
    at: Mapped[datetime]
    actor_name: Mapped[str] = mapped_column(sa.String(80))
    # The stay's fields before the step (None for the booking itself).
    before: Mapped[dict[str, Any] | None]
    # Made by the form, so that a double click does the step once.
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    undone_at: Mapped[datetime | None]
