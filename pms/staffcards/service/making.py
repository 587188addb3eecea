"""Staff cards are asked for, renewed and made again. The bytes are `work`'s."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import NotFound
from pms.encoders import queries as encoder_queries
from pms.encoders.models import JobState
from pms.encoders.rules import MAX_JOBS
from pms.keycards import rules as key_rules
from pms.keycards import visitors
from pms.locks import service as locks
from pms.properties import queries as properties
from pms.staffcards import drafts, queries, rules
from pms.staffcards.drafts import Draft
from pms.staffcards.models import StaffCard, StaffCardKind
from pms.staffcards.rules import Attention, Wish
from pms.staffcards.service.notes import note_requested

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.core.weeks import Window
    from pms.encoders.models import EncoderJob


def make(
    *,
    kind: StaffCardKind,
    account_id: int | None,
    holder_name: str,
    scope_ids: Collection[int],
    window: Window,
    shift_name: str = "",
    last_day: date,
    encoder_id: int,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> str:
    """Have a staff or emergency card made that is good through `last_day`; the id of the batch.

    The same `request_id` again makes nothing new. NoHolder, HolderLeft, NothingToOpen, TooManyOnCard, EndsTooEarly,
    EndsTooLate, and what `encoders.queue_jobs` refuses.
    """
    with transaction() as session:
        if encoder_queries.batch(request_id):
            return request_id
        locks.ensure_scopes(now=now)
        zone = properties.get_property().zone
        until = rules.end_of(last_day, zone)
        rules.check_end(kind, until, now, zone)
        name = drafts.check_holder(session, account_id, holder_name)
        scopes = drafts.choose_scopes(scope_ids, kind)
        wish = Wish(kind, account_id, name, scopes, until, window, shift_name)
        return _queue(session, [Draft(wish)], "staffcards.requested", encoder_id, request_id, actor, now)


def make_visitor(
    *, door_id: int, visitor: str, hours: int, encoder_id: int, request_id: str, actor: Actor, now: datetime
) -> str:
    """Have a card made that opens one door once, within `hours` from now; the id of the batch.

    NoHolder, BadHours, NoLock, NotFound, and what `encoders.queue_jobs` refuses.
    """
    name = rules.clean_holder(visitor)
    until = rules.visitor_end(hours, now.replace(microsecond=0))
    with transaction() as session:
        if encoder_queries.batch(request_id):
            return request_id
        wish = Wish(StaffCardKind.ONE_SHOT, None, name, (), until)
        draft = Draft(wish, door=(door_id, visitors.visitor_issue(door_id=door_id, now=now)))
        return _queue(session, [draft], "staffcards.requested", encoder_id, request_id, actor, now)


def renew(*, card_id: int, last_day: date, encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """The same card with a later end; the one before ends when it is written. NotLive, and as `make`."""
    with transaction() as session:
        card = drafts.hold_card(session, card_id)
        if encoder_queries.batch(request_id):
            return request_id
        _check_replaceable(session, card, now)
        zone = properties.get_property().zone
        until = rules.end_of(last_day, zone)
        rules.check_end(card.kind, until, now, zone)
        draft = drafts.again(card, now, valid_until=until)
        return _queue(session, [draft], "staffcards.renewed", encoder_id, request_id, actor, now)


def make_again(*, card_ids: Collection[int], encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """Cards whose scope's number was raised, with the present number and the same end; a handful at a time.

    NothingToMakeAgain where none of them needs it.
    """
    with transaction() as session:
        held = [drafts.hold_card(session, card_id) for card_id in sorted(set(card_ids))]
        if encoder_queries.batch(request_id):
            return request_id
        outdated = [line.card for line in queries.lines(held, now=now) if line.attention is Attention.RAISED]
        if not outdated:
            raise rules.NothingToMakeAgain
        wanted = [drafts.again(card, now) for card in outdated[:MAX_JOBS]]
        return _queue(session, wanted, "staffcards.made_again", encoder_id, request_id, actor, now)


def retry(*, job: EncoderJob, request_id: str, overwrite_uid: str | None, actor: Actor, now: datetime) -> str:
    """A job that did not succeed once more, with the cards that were to follow it; joins the caller's transaction."""
    with transaction() as session:
        if encoder_queries.batch(request_id):
            return request_id
        rest = [
            other.subject_id or 0
            for other in encoder_queries.batch(job.batch_id)
            if other.batch_position >= job.batch_position and other.state is not JobState.DONE
        ]
        known = queries.cards_by_id(rest)
        cards = [known[card_id] for card_id in rest if card_id in known]
        if not cards:
            raise NotFound
        for card in cards:
            _check_time(card, now)
        wanted = [_repeat(card, now) for card in cards]
        return _queue(session, wanted, "staffcards.requested", job.encoder_id, request_id, actor, now, overwrite_uid)


def _repeat(card: StaffCard, now: datetime) -> Draft:
    denies = tuple(grant.denies_id for grant in card.grants if grant.denies_id is not None)
    return replace(drafts.again(card, now), denies=denies, replaces=card.replaces_id)


def _check_replaceable(session: Session, card: StaffCard, now: datetime) -> None:
    """NotLive, HolderLeft."""
    if not key_rules.is_live(queries.facts(card), now) or card.kind in (StaffCardKind.ONE_SHOT, StaffCardKind.DENY):
        raise key_rules.NotLive
    drafts.check_holder(session, card.account_id, card.holder_name)


def _check_time(card: StaffCard, now: datetime) -> None:
    if card.valid_until <= now:
        raise rules.EndsTooEarly


def _queue(
    session: Session,
    wanted: Sequence[Draft],
    action: str,
    encoder_id: int,
    request_id: str,
    actor: Actor,
    now: datetime,
    overwrite_uid: str | None = None,
) -> str:
    cards = drafts.queue(
        session,
        wanted,
        encoder_id=encoder_id,
        request_id=request_id,
        overwrite_uid=overwrite_uid,
        actor=actor,
        now=now,
    )
    known = queries.cards_by_id([card.id for card in cards])
    note_requested([known[card.id] for card in cards], action, actor, now)
    return request_id
