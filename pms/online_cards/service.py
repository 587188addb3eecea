"""A machine is asked for a card's number, and the lock's book takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.accounts import queries as accounts
from pms.audit import service as audit
from pms.core.db import count_changed, transaction
from pms.core.ids import new_id
from pms.encoders import service as encoders
from pms.encoders.models import JobKind
from pms.locks import queries as locks
from pms.locks.models import LockSetup
from pms.online_cards import queries
from pms.online_cards.models import OnlineCard
from pms.protocol.command import StoredKind
from pms.slots import rules as slot_rules
from pms.slots import service as slots
from pms.slots.models import Slot, SlotKind, SlotRole
from pms.slots.rules import Owner
from pms.stays import queries as stays

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.encoders.models import EncoderJob


def make(
    *,
    lock_id: int,
    encoder_id: int,
    name: str,
    valid_from: datetime | None,
    valid_until: datetime | None,
    role: SlotRole = SlotRole.GUEST,
    owner: Owner = Owner(),  # noqa: B008 - frozen
    request_id: str,
    at_once: bool = False,
    actor: Actor,
    now: datetime,
) -> str:
    """Have a machine read the number of the next card, and the lock store it; the id of the batch.

    The same `request_id` again makes nothing new; `at_once`: only if the machine could begin this moment. What can be known
    of the lock, the times and the owner before a card lies there is refused at once: NoSuchLock, LockNotReady, KindNotThere,
    NoName, AlreadyOver, EndsBeforeItBegins, BadOwner, StayOver; also RequestUsed, and what `encoders.queue_jobs` refuses.
    """
    with transaction() as session:
        if queries.is_same_request(request_id, lock_id, owner.stay_id):
            return request_id
        _check(lock_id, valid_from, valid_until, owner, now)
        card_id = new_id()
        (job,) = encoders.queue_jobs(
            encoder_id=encoder_id,
            kind=JobKind.ONLINE,
            subjects=[card_id],
            stay_id=owner.stay_id,
            batch_id=request_id,
            at_once=at_once,
            actor=actor,
            now=now,
        )
        if job.subject_id != card_id:
            return request_id
        card = OnlineCard(
            id=card_id,
            job_id=job.id,
            lock_id=lock_id,
            name=slot_rules.check_name(name),
            valid_from=valid_from,
            valid_until=valid_until,
            role=role,
            stay_id=owner.stay_id,
            account_id=owner.account_id,
            created_at=now,
        )
        session.add(card)
        session.flush()
        _note(card, "online_cards.asked", actor, now)
        return request_id


def again(*, job: EncoderJob, request_id: str, actor: Actor, now: datetime) -> str:
    """Once more for a job that told no number; the new batch. Joins the caller's transaction."""
    card = queries.of_batch(job.batch_id)
    return make(
        lock_id=card.lock_id,
        encoder_id=job.encoder_id,
        name=card.name,
        valid_from=card.valid_from,
        valid_until=card.valid_until,
        role=card.role,
        owner=Owner(card.stay_id, card.account_id),
        request_id=request_id,
        actor=actor,
        now=now,
    )


def take(*, job: EncoderJob, uid: bytes, actor: Actor, now: datetime) -> Slot:
    """The number is here: the lock's book takes it, and the lock is asked. Joins the caller's transaction.

    What `slots.store` refuses.
    """
    with transaction() as session:
        card = queries.of_batch(job.batch_id)
        slot = slots.store(
            lock_id=card.lock_id,
            kind=StoredKind.CARD,
            content=uid,
            name=card.name,
            valid_from=card.valid_from,
            valid_until=card.valid_until,
            role=card.role.wire,
            owner=Owner(card.stay_id, card.account_id),
            request_id=job.batch_id,
            actor=actor,
            now=now,
        )
        card.slot_id = slot.id
        session.flush()
        return slot


def forget(*, stay_ids: Collection[int]) -> None:
    """Empty the names on cards that were read for these stays. Joins the caller's transaction."""
    with transaction() as session:
        session.execute(
            sa.update(OnlineCard)
            .where(OnlineCard.stay_id.in_(stay_ids))
            .values(name="")
            .execution_options(synchronize_session=False)
        )


def forget_visitors(*, ended_before: datetime, limit: int) -> int:
    """Empty the names of people without a stay or an account on cards that no lock has since then; how many.

    Joins the caller's transaction.
    """
    with transaction() as session:
        there = sa.select(Slot.id).where(Slot.id == OnlineCard.slot_id, Slot.state.not_in(slot_rules.UNUSED)).exists()
        ids = (
            sa.select(OnlineCard.id)
            .where(
                OnlineCard.stay_id.is_(None),
                OnlineCard.account_id.is_(None),
                OnlineCard.name != "",
                sa.func.coalesce(OnlineCard.valid_until, OnlineCard.created_at) < ended_before,
                sa.not_(there),
            )
            .order_by(OnlineCard.id)
            .limit(limit)
        )
        return count_changed(
            session,
            sa.update(OnlineCard)
            .where(OnlineCard.id.in_(session.scalars(ids).all()))
            .values(name="")
            .execution_options(synchronize_session=False),
        )


def _check(
    lock_id: int, valid_from: datetime | None, valid_until: datetime | None, owner: Owner, now: datetime
) -> None:
    lock, door = locks.get_lock(lock_id), locks.door_of_lock(lock_id)
    place = door.name if door is not None else lock.name
    if lock.setup is not LockSetup.READY:
        raise slot_rules.LockNotReady(door=place)
    slot_rules.check_kind(lock, SlotKind.CARD, place)
    slot_rules.check_span(valid_from, valid_until, now)
    slot_rules.check_owner(owner)
    if owner.account_id is not None:
        accounts.get_account(owner.account_id)
    if owner.stay_id is not None:
        slot_rules.check_stay(stays.get_stay(owner.stay_id).state)


def _note(card: OnlineCard, action: str, actor: Actor, now: datetime) -> None:
    door = locks.door_of_lock(card.lock_id)
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="online_card", id=card.id, label=card.name, lock_id=card.lock_id, stay_id=card.stay_id
        ),
        now=now,
        after={"door": door.name if door is not None else ""},
    )
