"""What the house knows of guests is removed: when its time is over, or when a guest demands it. Figures stay, people go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile
from pms.guests import queries as guest_queries
from pms.guests import service as guests
from pms.guests.models import Guest
from pms.mail import outbox
from pms.online_cards import service as online_cards
from pms.passcodes import service as passcodes
from pms.properties import queries as properties
from pms.retention import queries, rules
from pms.retention.models import RetentionRule
from pms.slots import service as slots
from pms.staffcards import service as staffcards
from pms.stays import forgetting as stays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor

BATCH = 50
"""Guests that one transaction forgets, so that nobody waits long for it."""
MOST = 2000
"""Guests that one run forgets; the next night goes on."""


@dataclass(frozen=True, slots=True)
class Removed:
    """Guests who are forgotten, and names of visitors without a stay."""

    guests: int
    visitors: int


def change_rule(*, version: int, months: int | None, actor: Actor, now: datetime) -> RetentionRule:
    """Keep guests' data for so many months after the last departure, or for ever. BadMonths; ChangedMeanwhile (`version` 0: the
    house had not decided).
    """
    rules.check_months(months)
    with transaction() as session:
        # The house's row is held while its decision is made for the first time.
        properties.get_property()
        rule = session.get(RetentionRule, 1, with_for_update=True)
        if (rule.version if rule is not None else 0) != version:
            raise ChangedMeanwhile
        before = queries.months()
        if rule is None:
            rule = RetentionRule(id=1)
            session.add(rule)
        rule.months, rule.changed_at, rule.changed_by = months, now, actor.name
        session.flush()
        audit.record(
            actor=actor,
            action="retention.changed",
            subject=audit.Subject(kind="property", id=1, label=properties.get_property().name),
            now=now,
            before={"months": before},
            after={"months": months},
        )
        return rule


def run(*, actor: Actor, now: datetime) -> Removed | None:
    """Forget everybody whose time is over, a batch a transaction; None where the house keeps data for ever.

    A second run finds nobody.
    """
    house, months = properties.find_property(), queries.months()
    if house is None or months is None:
        return None
    day, ends = rules.cutoff(now, house.zone, months)
    people = 0
    while people < MOST:
        with transaction() as session:
            # Whoever books for one of them at this moment waits, or is seen: asked again once their rows are held.
            wanted = queries.due_ids(day=day, ends=ends, limit=BATCH)
            session.scalars(sa.select(Guest.id).where(Guest.id.in_(wanted)).order_by(Guest.id).with_for_update()).all()
            due = queries.due_ids(day=day, ends=ends, limit=BATCH, among=wanted)
            _forget(session, due, "time_over", actor, now)
        people += len(due)
        if len(due) < BATCH:
            break
    return Removed(people, _forget_visitors(ends))


def erase(*, guest_id: int, actor: Actor, now: datetime) -> None:
    """The guest demands it. GuestNotFound, FormerGuest; StillExpected, AccountStillOpen."""
    with transaction() as session:
        guest_queries.get_guest(guest_id)
        session.scalars(sa.select(Guest.id).where(Guest.id == guest_id).with_for_update()).one()
        guest_queries.check_known(guest_id)
        if queries.is_expected(guest_id):
            raise rules.StillExpected
        if queries.has_open_account(guest_id):
            raise rules.AccountStillOpen
        _forget(session, [guest_id], "demanded", actor, now)


def _forget(session: Session, guest_ids: Sequence[int], reason: str, actor: Actor, now: datetime) -> None:
    if not guest_ids:
        return
    stay_ids = stays.forget(guest_ids=guest_ids)
    passcode_ids = passcodes.forget_stays(stay_ids=stay_ids)
    outbox.forget(subject_kind="passcode", subject_ids=passcode_ids)
    slots.forget(guest_ids=guest_ids, stay_ids=stay_ids)
    online_cards.forget(stay_ids=stay_ids)
    guests.anonymise(guest_ids=guest_ids, now=now)
    for guest_id in guest_ids:
        subject = audit.Subject(kind="guest", id=guest_id, guest_id=guest_id)
        audit.record(actor=actor, action="retention.anonymised", subject=subject, now=now, after={"reason": reason})
    session.flush()


def _forget_visitors(ended_before: datetime) -> int:
    """Names of people who had a code or a card without a stay; how many."""
    acts: tuple[Callable[..., int], ...] = (
        passcodes.forget_visitors,
        slots.forget_visitors,
        online_cards.forget_visitors,
        staffcards.forget_visitors,
    )
    count = 0
    for act in acts:
        while found := act(ended_before=ended_before, limit=BATCH):
            count += found
    return count
