"""Tells whoever subscribed what became of an alarm: a letter, or a message in the outbox of a program.

Both are rows of the transaction in which it became so, and leave after it.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from pms.alarms import letters, messages, queries, subscription_queries
from pms.alarms.models import Channel, Delivery, Event
from pms.audit import service as audit
from pms.core.db import insert_into, transaction
from pms.core.ids import new_id
from pms.mail import service as mail
from pms.properties import queries as properties

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.alarms.models import Subscription
    from pms.alarms.queries import AlarmRow
    from pms.core.actor import Actor

# Who reads of an alarm a day later has heard of it otherwise.
LETTER_HOLDS = timedelta(days=1)
_NAMES = uuid.UUID("6d1c2a54-3c86-4f55-9d0e-3a1c8f0f7b52")


def tell(changes: Sequence[tuple[int, Event]], *, actor: Actor, now: datetime) -> None:
    """(alarm's id, what became of it): two questions, however many they are. Joins the caller's transaction.

    Letters tell only that something is wrong; programs are told also that it is over, or that somebody has looked.
    """
    if not changes:
        return
    with transaction() as session:
        subscriptions = subscription_queries.list_active()
        if not subscriptions:
            return
        rows = queries.with_places({number for number, _event in changes})
        for number, event in changes:
            for subscription in subscriptions:
                if not _wants(subscription, rows[number]):
                    continue
                if subscription.channel is Channel.WEBHOOK:
                    post(session, subscription, rows[number], event, now)
                elif event is Event.RAISED:
                    _write(subscription, rows[number], actor, now)


def post(session: Session, subscription: Subscription, row: AlarmRow, event: Event, now: datetime) -> None:
    """A message for a program; once for each thing that becomes of an alarm."""
    number = new_id()
    session.execute(
        insert_into(Delivery)
        .values(
            id=number,
            subscription_id=subscription.id,
            alarm_id=row.alarm.id,
            event=event,
            body=messages.of_alarm(number, event, row, house=properties.get_property().name, now=now),
            next_try_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


def _wants(subscription: Subscription, row: AlarmRow) -> bool:
    if row.alarm.kind.value not in subscription.kinds:
        return False
    return subscription.floor_id is None or (row.room is not None and row.room.floor_id == subscription.floor_id)


def _write(subscription: Subscription, row: AlarmRow, actor: Actor, now: datetime) -> None:
    address = subscription_queries.address_of(subscription)
    if address is None:
        return
    title, text = letters.of_alarm(row, house=properties.get_property(), language=subscription.language.value)
    mail.queue(
        recipient=address,
        title=title,
        text=text,
        about=audit.Subject(kind="alarm", id=row.alarm.id, label=row.place, lock_id=row.alarm.lock_id),
        request_id=str(uuid.uuid5(_NAMES, f"{subscription.id} {row.alarm.id}")),
        expires_at=now + LETTER_HOLDS,
        actor=actor,
        now=now,
    )
