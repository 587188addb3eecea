"""Locks (devices), doors (openings with one lock), areas (common doors)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_bytes, sealed_text
from pms.rooms.models import Floor, Room


class LockSetup(StrEnum):
    """Whether the lock holds keys that only this server knows.

    `new`: known from its label only, and never bound. `imported`: its keys came with an import, so whoever made the import
    knows them; it waits for an installer's phone. `pending`: new keys are on their way to the lock. `ready`: the lock
    answered under its new keys. `moved`: it was set up for another door than it hangs on now, and waits for a phone again.
    `forgotten`: it wiped itself, at its owner's order or ours, and opens for nobody.
    """

    NEW = "new"
    IMPORTED = "imported"
    PENDING = "pending"
    READY = "ready"
    MOVED = "moved"
    FORGOTTEN = "forgotten"


class ScopeKind(StrEnum):
    """`all`: every door. `floor`: the doors of the rooms on a floor, whichever these are. `section`: picked by hand."""

    ALL = "all"
    FLOOR = "floor"
    SECTION = "section"


class Lock(HasId, Base):
    """The device. Field names of the vendor's JSON live in `pms.locks.schemas` only."""

    __tablename__ = "lock"

    # The id in the system that the lock was imported from.
    origin_id: Mapped[str | None] = mapped_column(sa.String(32), unique=True)
    serial_number: Mapped[str] = mapped_column(sa.String(12), unique=True)  # 6 bytes in hex
    mac: Mapped[str] = mapped_column(sa.String(17))
    name: Mapped[str] = mapped_column(sa.String(60))
    model: Mapped[str] = mapped_column(sa.String(40), default="")
    protocol_version: Mapped[int] = mapped_column(default=8)  # 7 or 8
    battery_percent: Mapped[int | None]
    battery_at: Mapped[datetime | None]
    voltage_class: Mapped[int | None]
    features: Mapped[list[Any]] = mapped_column(default=list)
    # Everything else that the import said, as it was said, without the secrets.
    origin: Mapped[dict[str, Any]] = mapped_column(default=dict)
    setup: Mapped[LockSetup] = mapped_column(enum_column(LockSetup), default=LockSetup.IMPORTED)

    lock_keys_sealed: Mapped[bytes]
    lock_keys = sealed_text()  # 8 bytes in hex
    server_keys_sealed: Mapped[bytes | None]
    server_keys = sealed_text()  # 16 decimal digits
    # In force before the last setup, or before the lock forgot them: answers that are carried late verify under these.
    earlier_server_keys_sealed: Mapped[bytes | None]
    earlier_server_keys = sealed_text()
    # Sent to the lock with 0500 and not yet confirmed: either these or the ones above are in force.
    pending_server_keys_sealed: Mapped[bytes | None]
    pending_server_keys = sealed_text()
    # The frame that carries them: it is brought to the lock again, byte for byte, until the lock has answered.
    setup_frame_sealed: Mapped[bytes | None]
    setup_frame = sealed_bytes()
    admin_code_sealed: Mapped[bytes | None]
    admin_code = sealed_text()  # 8 digits
    new_admin_code_sealed: Mapped[bytes | None]
    new_admin_code = sealed_text()
    double_verify_sealed: Mapped[bytes | None]
    double_verify = sealed_text()  # 4 digits

    key_version: Mapped[int] = mapped_column(default=1)
    # What the lock was told when it was set up; cards and passcodes are reckoned with these.
    door_number: Mapped[int | None] = mapped_column(sa.BigInteger)
    # Numbers of the scopes that it was told it is in (None: it never was told any), and by number of a scope the highest
    # issue that it is known to keep.
    told_scopes: Mapped[list[Any] | None]
    scope_issues: Mapped[dict[str, Any]] = mapped_column(default=dict)
    utc_offset_quarters: Mapped[int] = mapped_column(default=0)
    check_out_hour: Mapped[int] = mapped_column(default=12)
    server_counter: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    report_counter: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # The last report and what was answered: the same bytes again are answered again, and done once.
    last_report: Mapped[bytes | None]
    last_report_answer: Mapped[bytes | None]
    life: Mapped[int] = mapped_column(default=1)
    # The life in which it began to number its records from 1: a lock that only got new keys goes on counting.
    counting_life: Mapped[int] = mapped_column(default=1)
    firmware: Mapped[str] = mapped_column(sa.String(40), default="")
    # Passcode epoch: what the lock is known to be in, and what codes are made with (at most one ahead).
    known_epoch: Mapped[int] = mapped_column(default=0)
    code_epoch: Mapped[int] = mapped_column(default=0)
    # What the lock said of itself: raw values in hex by tag ("30": "01"), and when it said so.
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    settings_at: Mapped[datetime | None]
    clock_set_at: Mapped[datetime | None]  # its clock was set to that instant
    clock_drift: Mapped[int | None]  # seconds that it is ahead of ours
    is_clock_lost: Mapped[bool] = mapped_column(default=False)
    reported_epoch: Mapped[int | None]
    newest_sequence: Mapped[int | None] = mapped_column(sa.BigInteger)
    in_passage_mode: Mapped[bool | None]
    bound_at: Mapped[datetime | None]  # it reported (0700) that it is ours
    forgotten_at: Mapped[datetime | None]
    # It is broken, and the other hangs in its place.
    replaced_at: Mapped[datetime | None]
    replaced_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lock.id"))
    last_seen_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_blank(self) -> bool:
        """Whether it holds no keys that came from here, so that nothing made here opens it."""
        return self.setup in (LockSetup.NEW, LockSetup.IMPORTED, LockSetup.FORGOTTEN)

    __table_args__ = (sa.CheckConstraint("protocol_version IN (7, 8)", name="protocol_version"),)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


class LockBattery(Base):
    """The battery on a day: the last percentage that the lock said, where it differs from the day before it."""

    __tablename__ = "lock_battery"

    lock_id: Mapped[int] = mapped_column(sa.ForeignKey("lock.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    percent: Mapped[int]

    __table_args__ = (sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),)


class Area(HasId, Base):
    """Common doors that guests of many rooms pass."""

    __tablename__ = "area"

    number: Mapped[int] = mapped_column(sa.BigInteger, unique=True)  # the area id on a card, 4 bytes
    name: Mapped[str] = mapped_column(sa.String(60), unique=True)
    # Every guest's card opens it, without asking.
    for_every_guest: Mapped[bool] = mapped_column(default=True)


class Door(HasId, Base):
    """An opening with one lock: a room's, or one of an area."""

    __tablename__ = "door"

    number: Mapped[int] = mapped_column(sa.BigInteger, unique=True)  # the door id on a card, 4 bytes
    name: Mapped[str] = mapped_column(sa.String(60))
    room_id: Mapped[int | None] = mapped_column(sa.ForeignKey("room.id"), unique=True)
    area_id: Mapped[int | None] = mapped_column(sa.ForeignKey("area.id"), index=True)
    lock_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lock.id"), unique=True)

    room: Mapped[Room | None] = relationship(lazy="raise")
    area: Mapped[Area | None] = relationship(lazy="raise")
    lock: Mapped[Lock | None] = relationship(lazy="raise")

    __table_args__ = (sa.CheckConstraint("(room_id IS NULL) <> (area_id IS NULL)", name="room_or_area"),)


def _unique_while(name: str, condition: str, column: str) -> sa.Index:
    where = sa.text(condition)
    return sa.Index(name, column, unique=True, sqlite_where=where, postgresql_where=where)


class Scope(HasId, Base):
    """A set of doors for staff. Every live staff card of it carries its present issue."""

    __tablename__ = "scope"

    number: Mapped[int] = mapped_column(sa.BigInteger, unique=True)  # the scope id on a card, 4 bytes
    kind: Mapped[ScopeKind] = mapped_column(enum_column(ScopeKind))
    # Of a section; the others are called after what they are.
    name: Mapped[str] = mapped_column(sa.String(60), default="")
    floor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("floor.id"), unique=True)
    # Unix seconds of when it was raised last, so that a server restored from a backup gives out none twice.
    issue: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime]

    floor: Mapped[Floor | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.CheckConstraint("(kind = 'floor') = (floor_id IS NOT NULL)", name="floor"),
        sa.CheckConstraint("(kind = 'section') = (name <> '')", name="name"),
        _unique_while("uq_scope_all", "kind = 'all'", "kind"),
        _unique_while("uq_scope_section_name", "kind = 'section'", "name"),
    )


class ScopeDoor(Base):
    """A door that was picked for a section."""

    __tablename__ = "scope_door"

    scope_id: Mapped[int] = mapped_column(sa.ForeignKey("scope.id"), primary_key=True)
    door_id: Mapped[int] = mapped_column(sa.ForeignKey("door.id"), primary_key=True, index=True)
