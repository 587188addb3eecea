"""What doors tell of staff cards: that they open, that they are refused, that a lost one is on the deny list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db, insert_into, transaction
from pms.core.ids import new_id
from pms.keycards.models import CardState, Proof
from pms.locks import service as locks
from pms.locks.closed_cards import DeniedCard
from pms.protocol.record import RecordResult
from pms.staffcards import queries, rules
from pms.staffcards.models import StaffCard, StaffCardKind, StaffDenial, StaffEnd
from pms.staffcards.service.notes import note

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.locks.models import Lock

_NOTED = (
    RecordResult.SUPERSEDED,
    RecordResult.DENIED,
    RecordResult.EXPIRED,
    RecordResult.OUTSIDE_HOURS,
    RecordResult.USED,
)


def seen_at_door(*, card: StaffCard, lock: Lock, result: int, at: datetime, actor: Actor, now: datetime) -> None:
    """What a record of the lock proves about a card (loaded with what it opens) and about those that it denies.

    Inside the caller's transaction, which tells of many at once.
    """
    session = db.session
    if result in (RecordResult.OPENED, RecordResult.VOIDED):
        _note_genuine(card, at)
    if result == RecordResult.OPENED:
        _note_opening(session, card, lock, at, actor, now)
    elif result == RecordResult.DENIED:
        _add_denial(session, card.id, lock.id, at, None)
    _note_denials(session, card, lock, result, at)
    if result in _NOTED:
        note(card, "staffcards.refused", actor, now, {"result": RecordResult(result).name.lower()})


def note_denied(*, lock_id: int, credential_ids: Collection[int], now: datetime) -> None:
    """The lock's deny list is known to hold these cards, and none other; joins the caller's transaction.

    For a lock that was set up. Who adds to the list of a lock (operation 10) calls `add_denied`.
    """
    with transaction() as session:
        session.execute(sa.delete(StaffDenial).where(StaffDenial.lock_id == lock_id))
        add_denied(lock_id=lock_id, credential_ids=credential_ids, now=now)


def add_denied(*, lock_id: int, credential_ids: Collection[int], now: datetime) -> None:
    """The lock has said that it put these credentials on its deny list; joins the caller's transaction."""
    with transaction() as session:
        for card_id in session.scalars(sa.select(StaffCard.id).where(StaffCard.credential_id.in_(credential_ids))):
            _add_denial(session, card_id, lock_id, now, None)


def denied_cards(*, door_id: int, now: datetime) -> list[DeniedCard]:  # noqa: ARG001 - `DenialBook`'s
    """Lost cards that a door could still take: what a lock is told when it is set up. Scopes change, so every door is told."""
    return [
        DeniedCard(card.credential_id, rules.denied_until(card.valid_until, now)) for card in queries.lost_cards(now)
    ]


def _note_genuine(card: StaffCard, at: datetime) -> None:
    if card.state is CardState.UNKNOWN:
        card.state = CardState.ACTIVE
    if card.state is CardState.ACTIVE or card.proof is Proof.UNKNOWN:
        card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, at, "door"


def _note_opening(session: Session, card: StaffCard, lock: Lock, at: datetime, actor: Actor, now: datetime) -> None:
    if card.kind is StaffCardKind.ONE_SHOT:
        card.refused_since = at
        if card.state is not CardState.ENDED:
            card.state, card.ended_at, card.end_reason = CardState.ENDED, at, StaffEnd.USED
    if card.end_reason is StaffEnd.LOST and card.ended_at is not None and at > card.ended_at:
        # Whatever we believed of this lock's deny list, the lost card has opened it.
        session.execute(
            sa.delete(StaffDenial).where(
                StaffDenial.staff_card_id == card.id, StaffDenial.lock_id == lock.id, StaffDenial.at < at
            )
        )
        note(card, "staffcards.lost_opened", actor, now, {"at": at.isoformat()})
    told = lock.told_scopes or []
    opening = [grant.scope for grant in card.grants if grant.scope is not None and grant.denies_id is None]
    first = next((scope for scope in opening if scope.number in told), None)
    if first is not None:
        issue = next(grant.issue for grant in card.grants if grant.scope_id == first.id and grant.denies_id is None)
        locks.note_scope_issues(lock_id=lock.id, issues={first.number: issue})


def _note_denials(session: Session, card: StaffCard, lock: Lock, result: int, at: datetime) -> None:
    """The denials at the card's front: the door has judged them before whatever it says of the card."""
    told = lock.told_scopes or []
    for grant in card.grants:
        lost = grant.denies
        if lost is None or grant.scope is None or grant.scope.number not in told:
            continue
        until = rules.denied_until(lost.valid_until, card.valid_from)
        if rules.took_denial(result, at=at, valid_from=card.valid_from, denied_until=until):
            _add_denial(session, lost.id, lock.id, at, card.id)


def _add_denial(session: Session, card_id: int, lock_id: int, at: datetime, carried_by: int | None) -> None:
    session.execute(
        insert_into(StaffDenial)
        .values(id=new_id(), staff_card_id=card_id, lock_id=lock_id, at=at, carried_by_id=carried_by)
        .on_conflict_do_nothing(index_elements=["staff_card_id", "lock_id"])
    )
