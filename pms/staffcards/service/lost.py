"""A staff card is lost: it ends in the book at once, and at each door when that has heard of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.encoders import queries as encoder_queries
from pms.encoders.rules import MAX_JOBS
from pms.keycards import rules as key_rules
from pms.keycards.models import CardState, Proof
from pms.locks import scope_queries
from pms.locks import service as locks
from pms.staffcards import drafts, queries, rules
from pms.staffcards.models import StaffCard, StaffCardKind, StaffEnd
from pms.staffcards.rules import LostAnswer
from pms.staffcards.service.notes import note

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.staffcards.drafts import Draft


def report_lost(
    *, card_id: int, answer: LostAnswer, encoder_id: int, request_id: str, actor: Actor, now: datetime
) -> str | None:
    """End a card that is gone and have made what `answer` says; the id of the batch, None where nothing is made now.

    NotLive for a card that is over; NoRoomForDenial; HolderLeft where a new card is asked for somebody who left.
    """
    with transaction() as session:
        card = drafts.hold_card(session, card_id)
        if answer is not LostAnswer.LATER and encoder_queries.batch(request_id):
            return request_id
        if not key_rules.is_live(queries.facts(card), now) or card.kind is StaffCardKind.DENY:
            raise key_rules.NotLive
        locks.ensure_scopes(now=now)
        scopes = [grant.scope_id for grant in card.grants if grant.scope_id is not None and grant.denies_id is None]
        wanted = _wanted(session, card, answer, len(scopes), now)
        card.state, card.ended_at, card.end_reason = CardState.ENDED, now, StaffEnd.LOST
        if card.proof is not Proof.UNKNOWN:
            card.proof = Proof.BELIEVED
        session.flush()
        note(card, "staffcards.lost", actor, now, {"until": card.valid_until.isoformat(), "how": answer.value})
        if answer is LostAnswer.RAISE:
            wanted += _raise_all(scopes, actor, now)
        if not wanted:
            return None
        drafts.queue(session, wanted[:MAX_JOBS], encoder_id=encoder_id, request_id=request_id, actor=actor, now=now)
        return request_id


def make_deny_card(*, card_id: int, encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """A card that carries the denial of a lost one to the doors that have not heard of it; NotLost."""
    with transaction() as session:
        lost = drafts.hold_card(session, card_id)
        if encoder_queries.batch(request_id):
            return request_id
        if not queries.is_lost(lost, now):
            raise rules.NotLost
        locks.ensure_scopes(now=now)
        draft = drafts.deny_draft(lost, now)
        drafts.queue(session, [draft], encoder_id=encoder_id, request_id=request_id, actor=actor, now=now)
        note(lost, "staffcards.deny_requested", actor, now, {"until": draft.wish.valid_until.isoformat()})
        return request_id


def raise_scope(*, scope_id: int, actor: Actor, now: datetime) -> int:
    """End every card of a scope: each door refuses them once a card with the new number was used there. How many they are.

    The cards stay in the book as to be made again. NotFound.
    """
    with transaction():
        row = scope_queries.get_scope(scope_id)
        issue = locks.raise_scope_issue(scope_id=scope_id, issue=rules.raised(row.scope.issue, now), now=now).issue
        outdated = queries.outdated_of_scope(scope_id, now)
        audit.record(
            actor=actor,
            action="staffcards.raised",
            subject=audit.Subject(kind="scope", id=scope_id, label=row.label),
            now=now,
            after={"issue": issue, "cards": len(outdated)},
        )
        return len(outdated)


def _wanted(session: Session, card: StaffCard, answer: LostAnswer, scopes: int, now: datetime) -> list[Draft]:
    """What is made: the deny card first, so that somebody can set out with it."""
    deny = [drafts.deny_draft(card, now)] if answer in (LostAnswer.BOTH, LostAnswer.DENY) else []
    if answer not in (LostAnswer.BOTH, LostAnswer.CARRY, LostAnswer.RAISE):
        return deny
    drafts.check_holder(session, card.account_id, card.holder_name)
    if card.valid_until <= now:
        raise rules.EndsTooEarly
    new = drafts.again(card, now)
    if answer is LostAnswer.CARRY:
        rules.check_carries(card.kind, scopes)
        new = drafts.Draft(new.wish, (card.id, *new.denies)[: rules.MAX_GRANTS - scopes], card.id)
    return [*deny, new]


def _raise_all(scope_ids: list[int], actor: Actor, now: datetime) -> list[Draft]:
    """Raise every scope of the lost card; the cards of others that must be made again with the holder's new one."""
    outdated: dict[int, StaffCard] = {}
    for scope_id in scope_ids:
        raise_scope(scope_id=scope_id, actor=actor, now=now)
        outdated |= {line.card.id: line.card for line in queries.outdated_of_scope(scope_id, now)}
    return [drafts.again(card, now) for card in outdated.values()]
