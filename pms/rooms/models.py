"""Buildings, floors, room types, rooms."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column


class HousekeepingStatus(StrEnum):
    """How the room is left, as housekeeping sees it."""

    DIRTY = "dirty"
    CLEAN = "clean"
    INSPECTED = "inspected"


class Sight(StrEnum):
    """What a housekeeper finds behind a door."""

    OCCUPIED = "occupied"
    EMPTY = "empty"
    LUGGAGE = "luggage"


class Building(HasId, Base):
    """A building of the house."""

    __tablename__ = "building"

    name: Mapped[str] = mapped_column(sa.String(60), unique=True)
    position: Mapped[int] = mapped_column(default=0)


class Floor(HasId, Base):
    """A floor of a building; `position` orders the board from the ground up."""

    __tablename__ = "floor"

    building_id: Mapped[int] = mapped_column(sa.ForeignKey("building.id"))
    name: Mapped[str] = mapped_column(sa.String(40))
    position: Mapped[int]

    building: Mapped[Building] = relationship(lazy="raise")

    __table_args__ = (sa.UniqueConstraint("building_id", "name"),)


class RoomType(HasId, Base):
    """What is sold: rooms that are interchangeable for the guest."""

    __tablename__ = "room_type"

    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    beds: Mapped[int] = mapped_column(default=2)
    position: Mapped[int] = mapped_column(default=0)
    # Minor units of the house's currency.
    night_price: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # How many rooms may be promised beyond those in order, in the hope that somebody does not come.
    overbooking_limit: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        sa.CheckConstraint("night_price >= 0", name="night_price"),
        sa.CheckConstraint("overbooking_limit BETWEEN 0 AND 99", name="overbooking_limit"),
    )


class Room(HasId, Base):
    """A thing that can be slept in."""

    __tablename__ = "room"

    number: Mapped[str] = mapped_column(sa.String(12), unique=True)
    floor_id: Mapped[int] = mapped_column(sa.ForeignKey("floor.id"), index=True)
    room_type_id: Mapped[int] = mapped_column(sa.ForeignKey("room_type.id"), index=True)
    housekeeping: Mapped[HousekeepingStatus] = mapped_column(
        enum_column(HousekeepingStatus), default=HousekeepingStatus.CLEAN
    )
    housekeeping_at: Mapped[datetime | None]
    # Not sellable; the reason is shown. Empty means in order.
    out_of_order: Mapped[bool] = mapped_column(default=False)
    out_of_order_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    # Words of `rules.FEATURE_WORDS`, by which guests' wishes are met.
    features: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    version: Mapped[int] = mapped_column(default=1)

    floor: Mapped[Floor] = relationship(lazy="raise")
    room_type: Mapped[RoomType] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


class RoomSighting(HasId, Base):
    """What somebody found in a room. Ids rise with time, and only the newest of a room counts.

    Where it differs from what the desk believes, the difference stands until the two agree, or somebody settles it.
    """

    __tablename__ = "room_sighting"

    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"))
    found: Mapped[Sight] = mapped_column(enum_column(Sight))
    found_by: Mapped[str] = mapped_column(sa.String(80))
    found_at: Mapped[datetime]
    # What was done about it, in words, once somebody looked.
    settled_by: Mapped[str] = mapped_column(sa.String(80), default="")
    settled_at: Mapped[datetime | None]
    settled_as: Mapped[str] = mapped_column(sa.String(20), default="")

    room: Mapped[Room] = relationship(lazy="raise")

    __table_args__ = (sa.Index("ix_room_sighting_room_id_id", "room_id", "id"),)


class FloorRound(Base):
    """Who cleans a floor on a day: one person, whoever takes it first."""

    __tablename__ = "floor_round"

    floor_id: Mapped[int] = mapped_column(sa.ForeignKey("floor.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(sa.String(80))
