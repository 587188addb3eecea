"""Who hears of alarms: entered, changed, tried, taken out; and the secret with which a program knows that it is us."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pms.accounts.models import Language
from pms.alarms import delivery_rules as rules
from pms.alarms import letters, messages, outbox
from pms.alarms import subscription_queries as queries
from pms.alarms.models import Channel, Delivery, DeliveryState, Event, Subscription
from pms.alarms.telling import LETTER_HOLDS
from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile
from pms.core.ids import new_id
from pms.mail import rules as mail_rules
from pms.mail import service as mail
from pms.properties import queries as properties

if TYPE_CHECKING:
    from datetime import datetime

    from pms.alarms.models import AlarmKind
    from pms.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody entered. For letters an account or an address, for programs a URL."""

    channel: Channel
    name: str
    kinds: tuple[AlarmKind, ...]
    floor_id: int | None
    is_active: bool
    target: str = ""
    account_id: int | None = None
    language: Language = Language.ENGLISH
    in_own_network: bool = False


@dataclass(frozen=True, slots=True)
class May:
    """What the installation and the person allow: unencrypted webhooks (the demo), and the house's own network (a right)."""

    plain: bool = False
    own_network: bool = False


def subscribe(*, wanted: Wanted, may: May, actor: Actor, now: datetime) -> tuple[Subscription, str | None]:
    """A new subscription, and the secret of a program's, which is never told again.

    NoSubscriberName, NoKinds, NoAddress, BadAddress, BadUrl, NotEncrypted, PrivateAddress, OwnNetworkForbidden.
    """
    secret = _new_secret() if wanted.channel is Channel.WEBHOOK else None
    with transaction() as session:
        subscription = Subscription(channel=wanted.channel, created_by=actor.name, created_at=now)
        _check(wanted, may, None)
        _put(subscription, wanted)
        subscription.secret = secret
        session.add(subscription)
        session.flush()
        _record(subscription, "alarms.subscribed", actor, now, after=_fields(subscription))
        return subscription, secret


def change_subscription(
    *, subscription_id: int, version: int, wanted: Wanted, may: May, actor: Actor, now: datetime
) -> Subscription:
    """Change it; what waits is tried at once with what is right now, or dropped where it was switched off. As above, ChangedMeanwhile."""
    with transaction() as session:
        subscription = queries.get(subscription_id, is_to_change=True)
        if subscription.version != version:
            raise ChangedMeanwhile
        _check(wanted, may, subscription)
        before = _fields(subscription)
        _put(subscription, wanted)
        session.flush()
        after = _fields(subscription)
        changed = [name for name in after if before[name] != after[name]]
        if changed:
            _record(
                subscription,
                "alarms.subscription_changed",
                actor,
                now,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )
        _follow(subscription, now)
        return subscription


def unsubscribe(*, subscription_id: int, actor: Actor, now: datetime) -> None:
    """Nothing goes there any more, and where to is forgotten; what was sent stays in the list of messages until it is purged."""
    with transaction() as session:
        subscription = queries.get(subscription_id, is_to_change=True)
        subscription.removed_at, subscription.is_active = now, False
        subscription.target = subscription.secret = subscription.account_id = None
        session.flush()
        outbox.drop(subscription_id=subscription_id, now=now)
        _record(subscription, "alarms.unsubscribed", actor, now)


def renew_secret(*, subscription_id: int, actor: Actor, now: datetime) -> str:
    """Another secret for a program, told this once; the one before holds no more. NoSuchSubscription for letters."""
    with transaction() as session:
        subscription = queries.get(subscription_id, is_to_change=True)
        if subscription.channel is not Channel.WEBHOOK:
            raise rules.NoSuchSubscription
        subscription.secret = secret = _new_secret()
        session.flush()
        outbox.try_now(subscription_id=subscription_id, now=now)
        _record(subscription, "alarms.secret_made", actor, now, after={"secret": "***"})
        return secret


def send_test(*, subscription_id: int, request_id: str, actor: Actor, now: datetime) -> Subscription:
    """A letter or message about nothing, on the way that alarms take; the same `request_id` again sends none. SubscriptionOff, NoAddress."""
    with transaction() as session:
        subscription = queries.get(subscription_id, is_to_change=True)
        if not subscription.is_active:
            raise rules.SubscriptionOff(name=subscription.name)
        house = properties.get_property()
        if subscription.channel is Channel.EMAIL:
            address = queries.address_of(subscription)
            if address is None:
                raise rules.NoAddress
            title, text = letters.test(house=house, language=subscription.language.value)
            mail.queue(
                recipient=address,
                title=title,
                text=text,
                about=_subject(subscription),
                request_id=request_id,
                expires_at=now + LETTER_HOLDS,
                actor=actor,
                now=now,
            )
        elif queries.find_delivery(request_id) is None:
            number = new_id()
            session.add(
                Delivery(
                    id=number,
                    subscription_id=subscription.id,
                    event=Event.TEST,
                    request_id=request_id,
                    body=messages.of_test(number, Event.TEST, house=house.name, now=now),
                    state=DeliveryState.QUEUED,
                    next_try_at=now,
                    created_at=now,
                )
            )
            _record(subscription, "alarms.test_sent", actor, now)
        return subscription


def send_again(*, delivery_id: int, actor: Actor, now: datetime) -> Delivery:
    """A message that was given up or dropped gets all its tries once more. NotAgain, SubscriptionOff, NoSuchSubscription."""
    with transaction() as session:
        delivery = queries.get_delivery(delivery_id, is_to_change=True)
        subscription = queries.get(delivery.subscription_id)
        if delivery.state not in (DeliveryState.FAILED, DeliveryState.DROPPED):
            raise rules.NotAgain
        if not subscription.is_active:
            raise rules.SubscriptionOff(name=subscription.name)
        delivery.state, delivery.ended_at, delivery.tries = DeliveryState.QUEUED, None, 0
        # From now on it is as old as this wish, not as the alarm.
        delivery.next_try_at = delivery.created_at = now
        session.flush()
        _record(subscription, "alarms.sent_again", actor, now)
        return delivery


def _new_secret() -> str:
    return "whsec_" + secrets.token_urlsafe(32)


def _check(wanted: Wanted, may: May, before: Subscription | None) -> None:
    if not 1 <= len(wanted.name.strip()) <= 80:
        raise rules.NoSubscriberName
    if not wanted.kinds:
        raise rules.NoKinds
    if wanted.channel is Channel.WEBHOOK:
        rules.check_target(wanted.target, in_own_network=wanted.in_own_network, allows_plain=may.plain)
        is_as_before = before is not None and before.in_own_network and before.target == wanted.target
        if wanted.in_own_network and not (may.own_network or is_as_before):
            raise rules.OwnNetworkForbidden
    elif wanted.account_id is not None:
        if queries.find_account(wanted.account_id) is None:
            raise rules.NoAddress(field="account_id")
    elif not wanted.target.strip():
        raise rules.NoAddress
    else:
        mail_rules.check_address(wanted.target, field="target")


def _put(subscription: Subscription, wanted: Wanted) -> None:
    subscription.name, subscription.kinds = wanted.name.strip(), [kind.value for kind in wanted.kinds]
    subscription.floor_id, subscription.is_active = wanted.floor_id, wanted.is_active
    subscription.language, subscription.in_own_network = wanted.language, wanted.in_own_network
    target = None if wanted.account_id is not None else wanted.target.strip()
    # A value that is sealed anew looks like another one; it is left alone where it is the same.
    if target != subscription.target:
        subscription.target = target
    subscription.account_id = wanted.account_id
    subscription.account = queries.find_account(wanted.account_id) if wanted.account_id is not None else None


def _follow(subscription: Subscription, now: datetime) -> None:
    if subscription.is_active:
        outbox.try_now(subscription_id=subscription.id, now=now)
    else:
        outbox.drop(subscription_id=subscription.id, now=now)


def shown_target(subscription: Subscription) -> str:
    """Where to, as the trail and the lists show it."""
    if subscription.channel is Channel.WEBHOOK:
        return rules.shown_url(subscription.target or "")
    return mail_rules.shown_address(queries.address_of(subscription) or "")


def _fields(subscription: Subscription) -> dict[str, Any]:
    return {
        "name": subscription.name,
        "channel": subscription.channel.value,
        "target": shown_target(subscription),
        "kinds": ", ".join(subscription.kinds),
        "floor": subscription.floor_id,
        "language": subscription.language.value,
        "in_own_network": subscription.in_own_network,
        "is_active": subscription.is_active,
    }


def _subject(subscription: Subscription) -> audit.Subject:
    return audit.Subject(kind="alarm_subscription", id=subscription.id, label=subscription.name)


def _record(
    subscription: Subscription,
    action: str,
    actor: Actor,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(actor=actor, action=action, subject=_subject(subscription), now=now, before=before, after=after)
