"""Reads of who wants to hear of alarms, and of what was sent to programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.accounts.models import Account
from pms.alarms import delivery_rules as rules
from pms.alarms.models import Alarm, Channel, Delivery, DeliveryState, Subscription
from pms.core.db import db
from pms.locks.models import Door
from pms.web.paging import Page, cut

PAGE = 30
_ON_ITS_WAY = (DeliveryState.QUEUED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription, how many messages to it wait, and the last that ended."""

    subscription: Subscription
    waiting: int
    last: Delivery | None


def list_active() -> Sequence[Subscription]:
    """Whoever is to be told now, with the account whose address it is."""
    return db.session.scalars(
        sa.select(Subscription)
        .where(Subscription.is_active, Subscription.removed_at.is_(None))
        .options(joinedload(Subscription.account))
        .order_by(Subscription.id)
    ).all()


def list_rows() -> list[SubscriptionRow]:
    """Every subscription, by name, in three queries."""
    found = db.session.scalars(
        sa.select(Subscription)
        .where(Subscription.removed_at.is_(None))
        .options(joinedload(Subscription.account), joinedload(Subscription.floor))
        .order_by(Subscription.name, Subscription.id)
    ).all()
    ids = [one.id for one in found if one.channel is Channel.WEBHOOK]
    counts = db.session.execute(
        sa.select(Delivery.subscription_id, sa.func.count())
        .where(Delivery.subscription_id.in_(ids), Delivery.state.in_(_ON_ITS_WAY))
        .group_by(Delivery.subscription_id)
    )
    waiting = {row[0]: row[1] for row in counts}
    newest = (
        sa.select(sa.func.max(Delivery.id))
        .where(Delivery.subscription_id.in_(ids), Delivery.tried_at.is_not(None))
        .group_by(Delivery.subscription_id)
    )
    last = {row.subscription_id: row for row in db.session.scalars(sa.select(Delivery).where(Delivery.id.in_(newest)))}
    return [SubscriptionRow(one, waiting.get(one.id, 0), last.get(one.id)) for one in found]


def get(subscription_id: int, *, is_to_change: bool = False) -> Subscription:
    """The subscription, its row held where it is to be changed; NoSuchSubscription."""
    query = (
        sa.select(Subscription)
        .where(Subscription.id == subscription_id, Subscription.removed_at.is_(None))
        .options(joinedload(Subscription.account), joinedload(Subscription.floor))
    )
    found = db.session.scalars(query.with_for_update(of=Subscription) if is_to_change else query).one_or_none()
    if found is None:
        raise rules.NoSuchSubscription
    return found


def address_of(subscription: Subscription) -> str | None:
    """Where letters go to; None where the account has been switched off, or has lost its address."""
    account = subscription.account
    if account is None:
        return subscription.target
    return account.email if account.is_active else None


def accounts_with_address() -> Sequence[Account]:
    """Staff to whom letters can be sent: their account knows an address."""
    return db.session.scalars(
        sa.select(Account).where(Account.is_active, Account.email_sealed.is_not(None)).order_by(Account.display_name)
    ).all()


def find_account(account_id: int) -> Account | None:
    """One of these, or None."""
    return next((account for account in accounts_with_address() if account.id == account_id), None)


def list_deliveries(subscription_id: int, *, before: int | None = None) -> Page[Delivery]:
    """What was sent to a program and what waits, the newest first, a page at a time."""
    query = (
        sa.select(Delivery)
        .where(Delivery.subscription_id == subscription_id)
        .options(joinedload(Delivery.alarm).joinedload(Alarm.door).joinedload(Door.room))
        .order_by(Delivery.id.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        query = query.where(Delivery.id < before)
    return cut(list(db.session.scalars(query)), PAGE, "id")


def get_delivery(delivery_id: int, *, is_to_change: bool = False) -> Delivery:
    """The message; NoSuchDelivery."""
    query = sa.select(Delivery).where(Delivery.id == delivery_id)
    found = db.session.scalars(query.with_for_update() if is_to_change else query).one_or_none()
    if found is None:
        raise rules.NoSuchDelivery
    return found


def find_delivery(request_id: str) -> Delivery | None:
    """The test that was asked for with this id, or None."""
    return db.session.scalars(sa.select(Delivery).where(Delivery.request_id == request_id)).one_or_none()


def has_work(*, now: datetime) -> bool:
    """Whether a message is due, or was left behind by a sender that is not there any more."""
    due = sa.exists().where(Delivery.state.in_(_ON_ITS_WAY), Delivery.next_try_at <= now)
    return bool(db.session.scalar(sa.select(due)))
