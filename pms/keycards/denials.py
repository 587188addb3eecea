"""Which locks must refuse a lost card, and what proves that they do: the lock's answer, its record, its setup.

A lock keeps an entry until the card's own end and lets it go by itself; nothing takes one back before (protocol 2.3).
"""

# ruff: noqa: ARG002 - the signatures are those of `lock_commands.answers`

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db, transaction
from pms.keycards import rules
from pms.keycards.models import EndReason, KeyCard, KeyDenial
from pms.lock_commands import queries as command_queries
from pms.lock_commands import service as commands
from pms.lock_commands.answers import Asker, register
from pms.lock_commands.models import CommandState
from pms.locks import closed_cards
from pms.locks import queries as locks
from pms.locks.closed_cards import DeniedCard
from pms.locks.models import Lock
from pms.protocol.command import AnswerStatus, Denied, Operate, Operation
from pms.protocol.record import RecordResult

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.locks.models import Door
    from pms.protocol.command import LockAnswer

SUBJECT = "key_denial"


def install() -> None:
    """Hear what locks answer (once, when the application is made)."""
    register(SUBJECT, Denials())


def doors_of(card: KeyCard) -> Sequence[Door]:
    """Every door with a lock that the card opens: its rooms', and those of its areas; in the order of the locks."""
    return locks.doors_with_locks(
        door_ids={grant.door_id for grant in card.grants if grant.door_id is not None},
        area_ids={grant.area_id for grant in card.grants if grant.area_id is not None},
    )


def deny(session: Session, card: KeyCard, *, actor: Actor, now: datetime) -> list[KeyDenial]:
    """Tell every lock of the card to refuse it. Inside the caller's transaction; DenyListFull."""
    rows = []
    for door in doors_of(card):
        lock = session.get(Lock, door.lock_id, with_for_update=True)
        if lock is None:
            continue
        if not closed_cards.has_room(door_id=door.id, now=now):
            raise rules.DenyListFull(door=door.name)
        row = KeyDenial(key_card_id=card.id, lock_id=lock.id, door_id=door.id, until=card.valid_until, asked_at=now)
        session.add(row)
        session.flush()
        rows.append(row)
        _tell(card, row, lock, actor, now)
    return rows


def _tell(card: KeyCard, row: KeyDenial, lock: Lock, actor: Actor, now: datetime) -> None:
    """One that is being set up anew is told then; what it was asked for goes out after that."""
    until = rules.opens_until(card.valid_until)
    entry = Denied(card.credential_id, int(card.valid_until.timestamp()))
    commands.queue(
        lock_id=lock.id,
        payloads=[Operate(Operation.DENY, int(until.timestamp()), denied=(entry,))],
        subject_kind=SUBJECT,
        subject_id=row.id,
        expires_at=until,
        actor=actor,
        now=now,
    )


def take_back(session: Session, card_id: int, *, now: datetime) -> bool:
    """Give the denial up where no lock can have heard of it; whether that was so. Inside the caller's transaction."""
    rows = of_card(card_id)
    for row in rows:
        session.get(Lock, row.lock_id, with_for_update=True)
    if not can_take_back(card_id):
        return False
    for row in rows:
        commands.drop(subject_kind=SUBJECT, subject_id=row.id, now=now)
        session.delete(row)
    session.flush()
    return True


def can_take_back(card_id: int) -> bool:
    """Whether no lock can have heard of the denial: nothing was handed out, and no lock is known to have it."""
    rows = of_card(card_id)
    asked = [command for row in rows for command in command_queries.of_subject(SUBJECT, row.id)]
    return all(row.at is None for row in rows) and all(command.state is CommandState.MADE for command in asked)


def of_card(card_id: int) -> Sequence[KeyDenial]:
    """The locks that must refuse a card."""
    return db.session.scalars(
        sa.select(KeyDenial).where(KeyDenial.key_card_id == card_id).order_by(KeyDenial.lock_id)
    ).all()


def denied_cards(*, door_id: int, now: datetime) -> list[DeniedCard]:
    """What the door's lock must refuse now: entries whose time is over are free."""
    rows = db.session.execute(
        sa.select(KeyCard.credential_id, KeyDenial.until)
        .join(KeyCard, KeyCard.id == KeyDenial.key_card_id)
        .where(KeyDenial.door_id == door_id, KeyDenial.until >= now - rules.GRACE)
    )
    return [DeniedCard(credential_id, until) for credential_id, until in rows]


def note_denied(*, lock_id: int, credential_ids: Collection[int], now: datetime) -> None:
    """The lock's deny list is known to hold these, and none other; joins the caller's transaction."""
    with transaction() as session:
        rows = session.execute(
            sa.select(KeyDenial, KeyCard)
            .join(KeyCard, KeyCard.id == KeyDenial.key_card_id)
            .where(KeyDenial.lock_id == lock_id)
        ).all()
        for row, card in rows:
            if card.credential_id in credential_ids:
                _prove(row, "setup", now)
            elif row.until >= now - rules.GRACE:
                _doubt(row, card)
            _settle(session, card)


def note_at_door(session: Session, card: KeyCard, *, lock_id: int, result: int, at: datetime) -> bool:
    """What a door's record says about a denied card; whether it is one. Inside the caller's transaction."""
    rows = of_card(card.id) if card.end_reason is EndReason.LOST else ()
    row = next((row for row in rows if row.lock_id == lock_id), None)
    if row is None:
        return bool(rows)
    if result == RecordResult.DENIED:
        _prove(row, "door", at)
        _settle(session, card)
    elif result == RecordResult.OPENED and row.at is not None and row.at < at:
        # Whatever we believed of this lock's deny list, the lost card has opened it.
        _doubt(row, card)
    return True


class Denials(Asker):
    """Hears whether locks have put cards on their deny lists. A command's subject is the row."""

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """Done: the lock refuses the card from now on. Else its word is kept, and the card still opens there."""
        row = db.session.get(KeyDenial, command.subject_id)
        if row is None:
            return
        if answer.status is AnswerStatus.DONE:
            _prove(row, "answer", now)
            _settle(db.session, db.session.get_one(KeyCard, row.key_card_id))
        else:
            row.status = int(answer.status)


def _prove(row: KeyDenial, by: str, at: datetime) -> None:
    if row.at is None or at < row.at:
        row.at, row.proved_by, row.status = at, by, None


def _doubt(row: KeyDenial, card: KeyCard) -> None:
    row.at = row.proved_by = None
    if card.proved_by == "denied":
        card.refused_since = card.proved_at = card.proved_by = None


def _settle(session: Session, card: KeyCard) -> None:
    """The card is dead once every lock of it is known to refuse it."""
    session.flush()
    since = [row.at for row in of_card(card.id)]
    known = [at for at in since if at is not None]
    if len(known) == len(since) and card.refused_since is None and card.end_reason is EndReason.LOST:
        card.refused_since = card.proved_at = max(known)
        card.proved_by = "denied"
