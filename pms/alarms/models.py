"""Alarms of doors, who wants to hear of them, and what is on its way to programs that do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pms.accounts.models import Account, Language
from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_text
from pms.gateways.models import Gateway
from pms.locks.models import Door, Lock
from pms.rooms.models import Floor


class AlarmKind(StrEnum):
    """What is wrong. `lock_out`: the keypad is shut after wrong codes; `chain_broken`: records are not as the lock wrote them."""

    DURESS = "duress"
    TAMPER = "tamper"
    PASSCODE_GUESSING = "passcode_guessing"
    CHAIN_BROKEN = "chain_broken"
    DOOR_LEFT_OPEN = "door_left_open"
    LOCK_OUT = "lock_out"
    OFFLINE = "offline"
    LOW_BATTERY = "low_battery"


class Severity(StrEnum):
    """How soon somebody must look: at once, today, on the next round."""

    URGENT = "urgent"
    WARNING = "warning"
    QUIET = "quiet"


# What waits for somebody. Literal, as in the indexes: SQLite takes a partial index only where it sees that the question is
# about its rows.
OPEN = sa.text("settled_at IS NULL AND acknowledged_at IS NULL")
# What is not over yet: somebody may know of a weak battery already, and it stays weak. Of such an alarm there is one.
CURRENT = sa.text(
    "settled_at IS NULL AND (acknowledged_at IS NULL OR kind IN ('door_left_open', 'low_battery', 'offline'))"
)


class Alarm(HasId, Base):
    """Something is wrong at a door, with a gateway, or in the house. Rows stay: they say who looked, when, and at what."""

    __tablename__ = "alarm"

    kind: Mapped[AlarmKind] = mapped_column(enum_column(AlarmKind))
    severity: Mapped[Severity] = mapped_column(enum_column(Severity))
    # What it is about, "lock:1", "gateway:2" or "house": there is one alarm of a kind and thing at a time.
    thing: Mapped[str] = mapped_column(sa.String(40))
    lock_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lock.id"), index=True)
    # The door that the lock hung on then; locks are moved.
    door_id: Mapped[int | None] = mapped_column(sa.ForeignKey("door.id"), index=True)
    gateway_id: Mapped[int | None] = mapped_column(sa.ForeignKey("gateway.id"), index=True)
    # The first record of the door that said so, where one did.
    record_id: Mapped[int | None] = mapped_column(sa.ForeignKey("access_record.id"), index=True)
    # By the lock's clock where a record says so; `noticed_at` is when the house learned of it.
    raised_at: Mapped[datetime]
    noticed_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    # Plain values that say more, such as the percentage of a battery; see `words.explain`.
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # By itself over: the door was closed, the battery changed, the gateway is back.
    settled_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    # None only for what was looked at before names were kept with it.
    acknowledged_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"), index=True)
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    lock: Mapped[Lock | None] = relationship(lazy="raise")
    door: Mapped[Door | None] = relationship(lazy="raise")
    gateway: Mapped[Gateway | None] = relationship(lazy="raise")
    acknowledged_by: Mapped[Account | None] = relationship(lazy="raise")

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody."""
        return self.settled_at is None and self.acknowledged_at is None

    __table_args__ = (
        sa.CheckConstraint("acknowledged_by_id IS NULL OR acknowledged_at IS NOT NULL", name="acknowledged"),
        sa.CheckConstraint("times >= 1", name="times"),
        sa.Index("uq_alarm_current", "kind", "thing", unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT),
        # Few, and asked for by every page.
        sa.Index("ix_alarm_open", "raised_at", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        sa.Index("ix_alarm_raised_at_id", "raised_at", "id"),
    )


class Channel(StrEnum):
    """How somebody hears of alarms."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class Subscription(HasId, Base):
    """Somebody, or a program, who wants to hear of alarms. Where they go to is sealed: an address of a program is often its password."""

    __tablename__ = "alarm_subscription"

    name: Mapped[str] = mapped_column(sa.String(80))
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    # An e-mail address or a URL; None where it is the address of an account.
    target_sealed: Mapped[bytes | None]
    target = sealed_text()
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"), index=True)
    # What letters are written in; nothing to programs, which get codes.
    language: Mapped[Language] = mapped_column(enum_column(Language), default=Language.ENGLISH)
    kinds: Mapped[list[Any]] = mapped_column(default=list)
    # Only doors of rooms on this floor; None: every door, and gateways too.
    floor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("floor.id"), index=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    # The program stands in the house's own network, so that addresses of it are no trick.
    in_own_network: Mapped[bool] = mapped_column(default=False)
    # What requests to a program are signed with.
    secret_sealed: Mapped[bytes | None]
    secret = sealed_text()
    created_by: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[datetime]
    # Rows stay, since what was sent to them does.
    removed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    account: Mapped[Account | None] = relationship(lazy="raise")
    floor: Mapped[Floor | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.CheckConstraint("removed_at IS NOT NULL OR (target_sealed IS NULL) <> (account_id IS NULL)", name="target"),
        sa.CheckConstraint("channel = 'email' OR account_id IS NULL", name="account"),
        sa.CheckConstraint(
            "removed_at IS NOT NULL OR (channel = 'webhook') = (secret_sealed IS NOT NULL)", name="secret"
        ),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


class DeliveryState(StrEnum):
    """queued -> sending -> sent | failed (given up) | dropped (nobody wants it any more); after a fault it is queued again."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Event(StrEnum):
    """What a program is told of an alarm; `test` is about none."""

    RAISED = "raised"
    SETTLED = "settled"
    ACKNOWLEDGED = "acknowledged"
    TEST = "test"


class Delivery(HasId, Base):
    """One message to a program, sent until it is taken or given up, in the order of the ids."""

    __tablename__ = "alarm_delivery"

    subscription_id: Mapped[int] = mapped_column(sa.ForeignKey("alarm_subscription.id"))
    alarm_id: Mapped[int | None] = mapped_column(sa.ForeignKey("alarm.id"), index=True)
    event: Mapped[Event] = mapped_column(enum_column(Event))
    # Made by the form that asks for a test: posting twice sends one.
    request_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    # The JSON text as it is signed and sent, byte for byte the same each time.
    body: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[DeliveryState] = mapped_column(enum_column(DeliveryState), default=DeliveryState.QUEUED)
    tries: Mapped[int] = mapped_column(default=0)
    # While it is being sent: when whoever took it must have come back with an answer.
    next_try_at: Mapped[datetime]
    # What came of the last try: one of `rules.FAULTS`, and the status of the answer where there was one.
    error_code: Mapped[str] = mapped_column(sa.String(20), default="")
    status: Mapped[int | None]
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    subscription: Mapped[Subscription] = relationship(lazy="raise")
    alarm: Mapped[Alarm | None] = relationship(lazy="raise")

    __table_args__ = (
        sa.UniqueConstraint("subscription_id", "alarm_id", "event"),
        sa.CheckConstraint("(alarm_id IS NULL) = (event = 'test')", name="test"),
        sa.CheckConstraint("(state IN ('queued', 'sending')) = (ended_at IS NULL)", name="ended"),
        # One at a time goes to a program.
        sa.Index(
            "uq_alarm_delivery_sending",
            "subscription_id",
            unique=True,
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        ),
        sa.Index("ix_alarm_delivery_state_next_try_at", "state", "next_try_at"),
        sa.Index("ix_alarm_delivery_subscription_id_id", "subscription_id", "id"),
    )
