"""A staff card before it is one: its row, its grants in the order of their places, and the job that will write it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.accounts.models import Account
from pms.core.errors import NotFound
from pms.core.ids import new_id
from pms.core.weeks import Window
from pms.encoders import service as encoders
from pms.encoders.models import JobKind
from pms.keycards.models import CardState, KeyCard, Proof
from pms.locks import scope_queries
from pms.locks.models import Scope, ScopeKind
from pms.staffcards import queries, rules
from pms.staffcards.models import StaffCard, StaffCardGrant, StaffCardKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.encoders.models import EncoderJob
    from pms.staffcards.rules import Wish


@dataclass(frozen=True, slots=True)
class Draft:
    """A card to be made. `denies` are lost cards, put in front of what it opens; `door_issue` is a visitor's number."""

    wish: Wish
    denies: tuple[int, ...] = ()
    replaces: int | None = None
    door: tuple[int, int] | None = None  # door id and issue number, of a one-shot card


def hold_card(session: Session, card_id: int) -> StaffCard:
    """The card, held against others who act on it at the same time; NotFound."""
    if session.get(StaffCard, card_id, with_for_update=True) is None:
        raise NotFound
    return queries.get_card(card_id)


def check_holder(session: Session, account_id: int | None, name: str) -> str:
    """How the holder is called; NoHolder, HolderLeft."""
    if account_id is None:
        return rules.clean_holder(name)
    account = session.get(Account, account_id)
    if account is None:
        raise rules.NoHolder(field="account_id")
    if not account.is_active:
        raise rules.HolderLeft(name=account.display_name)
    return account.display_name


def choose_scopes(chosen: Collection[int], kind: StaffCardKind) -> tuple[int, ...]:
    """What goes on a card of some kind; NothingToOpen, TooManyOnCard."""
    kinds = {row.scope.id: row.scope.kind for row in scope_queries.list_scopes()}
    return rules.choose_scopes(chosen, kinds, kind)


def wish_of(card: StaffCard, *, valid_until: datetime | None = None) -> Wish:
    """The same card once more."""
    return rules.Wish(
        kind=card.kind,
        account_id=card.account_id,
        holder_name=card.holder_name,
        scope_ids=tuple(grant.scope_id for grant in card.grants if grant.scope_id and grant.denies_id is None),
        valid_until=valid_until or card.valid_until,
        window=Window(card.weekdays, card.start_minute, card.end_minute),
        shift_name=card.shift_name,
    )


def deny_draft(lost: StaffCard, now: datetime) -> Draft:
    """A card that carries the denial of a lost one from door to door."""
    wish = rules.Wish(StaffCardKind.DENY, None, "", (), rules.denied_until(lost.valid_until, now))
    return Draft(wish, denies=(lost.id,))


def again(card: StaffCard, now: datetime, *, valid_until: datetime | None = None) -> Draft:
    """A card in the place of another one; it goes on carrying the denials that are not at every door yet."""
    wish = wish_of(card, valid_until=valid_until)
    carried = [grant.denies for grant in card.grants if grant.denies is not None and queries.is_lost(grant.denies, now)]
    room = rules.MAX_GRANTS - len(wish.scope_ids)
    door = next(((grant.door_id, grant.issue) for grant in card.grants if grant.door_id is not None), None)
    return Draft(wish, tuple(lost.id for lost in carried[:room]), card.id, door)


def queue(
    session: Session,
    drafts: Sequence[Draft],
    *,
    encoder_id: int,
    request_id: str,
    overwrite_uid: str | None = None,
    actor: Actor,
    now: datetime,
) -> list[StaffCard]:
    """Reserve a card for each draft and queue its job in the batch `request_id`."""
    ids = [new_id() for _ in drafts]
    jobs = encoders.queue_jobs(
        encoder_id=encoder_id,
        kind=JobKind.STAFF,
        subjects=ids,
        stay_id=None,
        batch_id=request_id,
        overwrite_uid=overwrite_uid,
        actor=actor,
        now=now,
    )
    cards = [
        _add(session, card_id, draft, job, actor, now) for card_id, draft, job in zip(ids, drafts, jobs, strict=True)
    ]
    session.flush()
    return cards


def _add(session: Session, card_id: int, draft: Draft, job: EncoderJob, actor: Actor, now: datetime) -> StaffCard:
    wish = draft.wish
    card = StaffCard(
        id=card_id,
        kind=wish.kind,
        account_id=wish.account_id,
        holder_name=wish.holder_name,
        job_id=job.id,
        credential_id=_new_credential(session),
        state=CardState.RESERVED,
        proof=Proof.BELIEVED,
        valid_from=now.replace(microsecond=0),
        valid_until=wish.valid_until,
        shift_name=wish.shift_name,
        weekdays=wish.window.weekdays,
        start_minute=wish.window.start,
        end_minute=wish.window.end,
        overrides_privacy=wish.kind is StaffCardKind.EMERGENCY,
        made_by=actor.name,
        made_at=now,
        replaces_id=draft.replaces,
    )
    session.add(card)
    session.flush()
    session.add_all(_grants(session, card, draft))
    return card


def _grants(session: Session, card: StaffCard, draft: Draft) -> list[StaffCardGrant]:
    """Denials come first: a door stops at the first grant that opens.

    They are addressed to every door: the lost card's own scopes would take a place each, and a lock that knows any
    scope knows that one.
    """
    everything = session.scalars(sa.select(Scope.id).where(Scope.kind == ScopeKind.ALL)).one_or_none()
    scopes = {scope.id: scope for scope in session.scalars(sa.select(Scope).where(Scope.id.in_(draft.wish.scope_ids)))}
    lost = queries.cards_by_id(draft.denies)
    grants = [
        StaffCardGrant(scope_id=everything, issue=lost[lost_id].credential_id, denies_id=lost_id)
        for lost_id in draft.denies
    ]
    grants += [StaffCardGrant(scope_id=scope_id, issue=scopes[scope_id].issue) for scope_id in draft.wish.scope_ids]
    if draft.door is not None:
        grants.append(StaffCardGrant(door_id=draft.door[0], issue=draft.door[1]))
    for place, grant in enumerate(grants, 1):
        grant.staff_card_id, grant.place = card.id, place
    return grants


def _new_credential(session: Session) -> int:
    """Random, so that a server restored from a backup repeats none; never one of a guest's key, whose doors are the same."""
    while True:
        candidate = secrets.randbelow(0xFFFF_FFFF) + 1
        taken = [
            session.scalars(sa.select(model.id).where(model.credential_id == candidate)).first()
            for model in (StaffCard, KeyCard)
        ]
        if taken == [None, None]:
            return candidate
