"""Reads of cards that were read for locks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.encoders import queries as encoders
from pms.encoders import rules as encoder_rules
from pms.encoders.models import JobKind
from pms.lock_commands import queries as lock_commands
from pms.lock_commands.models import LockCommand
from pms.online_cards.models import OnlineCard
from pms.slots import queries as slots
from pms.slots.models import Slot, SlotKind
from pms.slots.service import SUBJECT


def of_batch(batch_id: str) -> OnlineCard:
    """What a request wants; NotFound."""
    for job in encoders.batch(batch_id):
        found = of_job(job.id) if job.kind is JobKind.ONLINE else None
        if found is not None:
            return found
    raise NotFound


def of_job(job_id: str) -> OnlineCard | None:
    """What a job is for, with what the lock's book has of it, or None."""
    return db.session.scalars(_cards().where(OnlineCard.job_id == job_id)).one_or_none()


def cards_by_id(ids: Collection[int]) -> Sequence[OnlineCard]:
    """Some of them."""
    return db.session.scalars(_cards().where(OnlineCard.id.in_(ids))).all()


def get_stored(slot_id: int) -> Slot:
    """A card that the book has in a lock; NotFound for anything else that a lock stores."""
    slot = slots.get(slot_id)
    if slot.kind is not SlotKind.CARD:
        raise NotFound
    return slot


def check_same(slot: Slot, lock_id: int) -> Slot:
    """The card that was stored; RequestUsed where the id of the request stands for something else."""
    if slot.kind is not SlotKind.CARD or slot.lock_id != lock_id:
        raise encoder_rules.RequestUsed
    return slot


def last_command(slot_id: int) -> LockCommand | None:
    """What the lock was asked last about a card, or None."""
    commands = lock_commands.of_subject(SUBJECT, slot_id)
    return commands[-1] if commands else None


def is_same_request(batch_id: str, lock_id: int, stay_id: int | None) -> bool:
    """Whether this was asked for before; RequestUsed where the id stands for something else."""
    if not encoders.batch_of(batch_id, JobKind.ONLINE, stay_id):
        return False
    if of_batch(batch_id).lock_id != lock_id:
        raise encoder_rules.RequestUsed
    return True


def _cards() -> sa.Select[OnlineCard]:
    return sa.select(OnlineCard).options(joinedload(OnlineCard.slot).joinedload(Slot.door))
