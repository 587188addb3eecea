"""The way of a message to a program: queued, taken by one sender, tried until it is taken or given up.

Every step is a short transaction; none is open while a program is talked to. Messages to one program go in their order, one at a
time. A sender that was killed leaves a message behind that is sent again after a minute: a program may get it twice, and tells by
the delivery's id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from pms.alarms import delivery_rules as rules
from pms.alarms import subscription_queries as queries
from pms.alarms.models import Delivery, DeliveryState, Event, Subscription
from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import count_changed, transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SENDER = Actor(kind="job", name="alarms")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message that was taken to be sent; its text form shows neither where to nor the secret."""

    id: int
    tries: int
    event: Event
    url: str = field(repr=False)
    secret: str = field(repr=False)
    body: str = field(repr=False)
    in_own_network: bool


def take(*, now: datetime) -> Parcel | None:
    """The message that is due first, now being sent by the caller alone; None where none is due.

    One is due only once those before it to the same program have ended.
    """
    try:
        with transaction() as session:
            return _take(session, now)
    except IntegrityError:
        # On PostgreSQL another sender took an earlier one to the same program in the same moment.
        return None


def _take(session: Session, now: datetime) -> Parcel | None:
    earlier = sa.orm.aliased(Delivery)
    is_next = ~sa.exists().where(
        earlier.subscription_id == Delivery.subscription_id, earlier.id < Delivery.id, earlier.ended_at.is_(None)
    )
    delivery = session.scalars(
        sa.select(Delivery)
        .join(Subscription, Subscription.id == Delivery.subscription_id)
        .where(Delivery.state == DeliveryState.QUEUED, Delivery.next_try_at <= now, is_next)
        .options(joinedload(Delivery.subscription))
        .order_by(Delivery.next_try_at, Delivery.id)
        .limit(1)
        .with_for_update(of=Delivery, skip_locked=True)
    ).first()
    if delivery is None:
        return None
    subscription = delivery.subscription
    delivery.state = DeliveryState.SENDING
    delivery.tries += 1
    delivery.tried_at, delivery.next_try_at = now, now + rules.LONGEST_TRY
    session.flush()
    return Parcel(
        delivery.id,
        delivery.tries,
        delivery.event,
        subscription.target or "",
        subscription.secret or "",
        delivery.body,
        subscription.in_own_network,
    )


def end(*, parcel: Parcel, status: int, now: datetime) -> None:
    """The program has taken it."""
    with transaction() as session:
        delivery = _taken(session, parcel)
        if delivery is not None:
            delivery.state, delivery.ended_at = DeliveryState.SENT, now
            delivery.status, delivery.error_code = status, ""


def put_back(*, parcel: Parcel, code: str, status: int | None, now: datetime) -> None:
    """The program has not taken it: tried again after a pause, given up after the last one. `code` is one of `rules.FAULTS`."""
    pause = rules.pause_after(parcel.tries)
    with transaction() as session:
        delivery = _taken(session, parcel)
        if delivery is None:
            return
        delivery.status, delivery.error_code = status, code
        if pause is None:
            _give_up(session, delivery, code, now)
        else:
            delivery.state, delivery.next_try_at = DeliveryState.QUEUED, now + pause


def sweep(*, now: datetime) -> None:
    """Give up what waited too long, drop what nobody wants any more, and take back what a sender left behind."""
    with transaction() as session:
        left = sa.and_(Delivery.state == DeliveryState.SENDING, Delivery.next_try_at <= now)
        for delivery in _lock(session, left):
            delivery.state, delivery.next_try_at = DeliveryState.QUEUED, now
        old = sa.and_(Delivery.state == DeliveryState.QUEUED, Delivery.created_at <= now - rules.LONGEST_WAIT)
        for delivery in _lock(session, old):
            _give_up(session, delivery, delivery.error_code or "waited", now)


def try_now(*, subscription_id: int, now: datetime) -> None:
    """Another address or secret: what waits for its next try need not wait any longer. Joins the caller's transaction."""
    with transaction() as session:
        session.execute(
            sa.update(Delivery)
            .where(
                Delivery.subscription_id == subscription_id,
                Delivery.state == DeliveryState.QUEUED,
                Delivery.next_try_at > now,
            )
            .values(next_try_at=now)
            .execution_options(synchronize_session=False)
        )


def drop(*, subscription_id: int, now: datetime) -> None:
    """Nobody wants what waits for this program. Joins the caller's transaction."""
    with transaction() as session:
        session.execute(
            sa.update(Delivery)
            .where(Delivery.subscription_id == subscription_id, Delivery.state == DeliveryState.QUEUED)
            .values(state=DeliveryState.DROPPED, ended_at=now, error_code="no_receiver")
            .execution_options(synchronize_session=False)
        )


def purge(*, now: datetime) -> int:
    """Forget messages that ended long ago; how many there were."""
    with transaction() as session:
        return count_changed(session, sa.delete(Delivery).where(Delivery.ended_at <= now - rules.KEEP))


def is_idle(*, now: datetime) -> bool:
    """Whether there is nothing to do."""
    return not queries.has_work(now=now)


def _taken(session: Session, parcel: Parcel) -> Delivery | None:
    """The message as it was taken; None where it was taken back, because its sender was late, or dropped meanwhile."""
    return session.scalars(
        sa.select(Delivery)
        .where(Delivery.id == parcel.id, Delivery.tries == parcel.tries, Delivery.state == DeliveryState.SENDING)
        .with_for_update()
    ).one_or_none()


def _lock(session: Session, which: sa.ColumnElement[bool]) -> list[Delivery]:
    rows = sa.select(Delivery).where(which).order_by(Delivery.id).with_for_update(skip_locked=True)
    return list(session.scalars(rows))


def _give_up(session: Session, delivery: Delivery, code: str, now: datetime) -> None:
    delivery.state, delivery.ended_at, delivery.error_code = DeliveryState.FAILED, now, code
    subscription = session.get_one(Subscription, delivery.subscription_id)
    audit.record(
        actor=SENDER,
        action="alarms.given_up",
        subject=audit.Subject(kind="alarm_subscription", id=subscription.id, label=subscription.name),
        now=now,
        after={"error": code},
    )
