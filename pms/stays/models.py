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
    CHECKED_IN_AHEAD = "checked_in_ahead"
    CHECKED_IN = "checked_in"
    MOVED = "moved"
    EXTENDED = "extended"
    SHORTENED = "shortened"
    REARRANGED = "rearranged"
    HOURS_AGREED = "hours_agreed"
    FIXED = "fixed"
    RELEASED = "released"
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
    # Local full hours that were agreed; None: the house's.
    arrival_hour: Mapped[int | None]
    departure_hour: Mapped[int | None]
    # From hour to hour of one day, without a night; always in a certain room.
    is_day_use: Mapped[bool] = mapped_column(default=False)
    adults: Mapped[int] = mapped_column(default=1)
    children: Mapped[int] = mapped_column(default=0)
    state: Mapped[StayState] = mapped_column(enum_column(StayState), default=StayState.CONFIRMED)
    # Minor units for each night (of day use: for the day), as agreed.
    night_price: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # Must not be put into another room, and why.
    is_fixed: Mapped[bool] = mapped_column(default=False)
    fixed_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    # Words of `rules.WISH_WORDS`.
    wishes: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    # Checked in ahead: the guest is here since, the room is expected then.
    waiting_since: Mapped[datetime | None]
    room_expected_at: Mapped[datetime | None]
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
        sa.CheckConstraint("arrival_hour BETWEEN 0 AND 23 AND departure_hour BETWEEN 1 AND 24", name="hours"),
        sa.CheckConstraint(
            "NOT is_day_use OR (arrival_date = departure_date AND arrival_hour < departure_hour AND room_id IS NOT NULL)",
            name="day_use",
        ),
        sa.CheckConstraint("waiting_since IS NULL OR room_id IS NOT NULL", name="room_ahead"),
        sa.CheckConstraint("NOT is_fixed OR room_id IS NOT NULL", name="fixed_room"),
        sa.CheckConstraint("night_price >= 0", name="night_price"),
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
    """The truth of who has a room when: no two stays share a row, and none a closed night."""

    __tablename__ = "room_night"

    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True, index=True)
    stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id", ondelete="CASCADE"), index=True)
    closure_id: Mapped[int | None] = mapped_column(sa.ForeignKey("room_closure.id"), index=True)

    __table_args__ = (
        sa.CheckConstraint("(stay_id IS NULL) <> (closure_id IS NULL)", name="stay_or_closure"),
        {"sqlite_with_rowid": False},
    )


class RoomDay(Base):
    """Who has a room in which hours of a day on which somebody comes, goes, stays on, or uses it for the day.

    Hours are local and full. A party that stays on has the whole day; else the one that leaves must be gone before day use
    begins, and both before the next one comes.
    """

    __tablename__ = "room_day"

    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    through_stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"))
    leaving_stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"))
    leaving_hour: Mapped[int | None]
    day_stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"))
    day_from_hour: Mapped[int | None]
    day_until_hour: Mapped[int | None]
    arriving_stay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stay.id"))
    arriving_hour: Mapped[int | None]

    __table_args__ = (
        # A comparison with nobody's hour is NULL, which a CHECK lets pass.
        sa.CheckConstraint("leaving_hour <= arriving_hour", name="leaving_before_arriving"),
        sa.CheckConstraint("leaving_hour <= day_from_hour", name="leaving_before_day_use"),
        sa.CheckConstraint("day_until_hour <= arriving_hour", name="day_use_before_arriving"),
        sa.CheckConstraint(
            "through_stay_id IS NULL OR (leaving_stay_id IS NULL AND day_stay_id IS NULL AND arriving_stay_id IS NULL)",
            name="through_alone",
        ),
        {"sqlite_with_rowid": False},
    )


class RoomClosure(HasId, Base):
    """A room that is not let for some nights, and why; its nights stand in `room_night`."""

    __tablename__ = "room_closure"

    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"), index=True)
    from_date: Mapped[date]
    # The first day on which it can be let again.
    until_date: Mapped[date] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(sa.String(200))
    closed_by: Mapped[str] = mapped_column(sa.String(80))
    closed_at: Mapped[datetime]
    reopened_at: Mapped[datetime | None]
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)

    room: Mapped[Room] = relationship(lazy="raise")

    __table_args__ = (sa.CheckConstraint("until_date > from_date", name="dates"),)


class TypeNight(Base):
    """How many rooms of a type are promised or closed on a night; never more than there are and may be overbooked."""

    __tablename__ = "type_night"

    room_type_id: Mapped[int] = mapped_column(sa.ForeignKey("room_type.id"), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True, index=True)
    sold: Mapped[int]
    capacity: Mapped[int]
    closed: Mapped[int] = mapped_column(default=0)
    overbooking: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        sa.CheckConstraint("sold >= 0 AND closed >= 0", name="not_negative"),
        # The limit allows more promises than rooms, not more closed rooms than there are.
        sa.CheckConstraint("sold + closed <= capacity + overbooking AND closed <= capacity", name="not_oversold"),
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
