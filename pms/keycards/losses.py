"""A guest's card is lost, and sometimes found again. Two ways: its doors refuse that one, or all of the party are made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.encoders import queries as encoder_queries
from pms.keycards import denials, drafts, queries, rules, service
from pms.keycards.models import CardReason, CardState, EndReason, Proof
from pms.stays.models import StayState

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.keycards.models import KeyCard
    from pms.stays.models import Stay


def report_lost(
    *, key_card_id: int, encoder_id: int | None, request_id: str, actor: Actor, now: datetime
) -> str | None:
    """A card is gone: it ends in the book at once, and at its doors when a card with the raised number is used there.

    The party's cards are all made again on the machine (None: later); the id of the batch. NotLive for a card that is over.
    """
    with transaction() as session:
        card = queries.get_card(key_card_id)
        stay = drafts.lock_stay(card.stay_id)
        if encoder_queries.batch(request_id):
            return request_id
        if not rules.is_live(queries.facts(card), now) or card.state is CardState.RESERVED:
            raise rules.NotLive
        service.end(card, EndReason.LOST, now)
        session.flush()
        for grant in card.grants:
            if grant.series is not None and grant.series.released_at is None:
                drafts.number(session, grant.series, card.valid_until, now, lost=True)
        service.note(card, stay, "keycards.lost", actor, now, {"until": card.valid_until.isoformat()})
        if stay.state not in (StayState.CONFIRMED, StayState.IN_HOUSE) or encoder_id is None:
            return None
        others = [other for other in queries.to_make_again(stay, now=now) if other.id != card.id]
        content = drafts.plan(
            session, stay, further_room_ids=drafts.further_rooms([card]), area_ids=drafts.areas([card]), now=now
        )
        reasons = [CardReason.REPLACEMENT] + [CardReason.REMADE] * min(len(others), rules.MAX_COPIES - 1)
        return drafts.queue(
            session,
            [drafts.Order(stay, content, reasons)],
            encoder_id=encoder_id,
            request_id=request_id,
            actor=actor,
            now=now,
        )


def deny(*, key_card_id: int, encoder_id: int | None, request_id: str, actor: Actor, now: datetime) -> str | None:
    """A card is gone and its doors are told to refuse it; the party's others go on opening them.

    One new card is made in its place on the machine (None: none is wanted); the id of the batch. Each door opens for the lost
    card until its lock is known to have heard. NotLive for a card that is over; DenyListFull.
    """
    with transaction() as session:
        card = queries.get_card(key_card_id)
        stay = drafts.lock_stay(card.stay_id)
        session.refresh(card, ["state", "end_reason"])
        if encoder_queries.batch(request_id):
            return request_id
        if not rules.is_live(queries.facts(card), now) or card.state is CardState.RESERVED:
            raise rules.NotLive
        service.end(card, EndReason.LOST, now)
        session.flush()
        rows = denials.deny(session, card, actor=actor, now=now)
        service.note(
            card, stay, "keycards.denied", actor, now, {"until": card.valid_until.isoformat(), "doors": len(rows)}
        )
        if stay.state not in (StayState.CONFIRMED, StayState.IN_HOUSE) or encoder_id is None:
            return None
        return _in_its_place(stay, card, encoder_id=encoder_id, request_id=request_id, actor=actor, now=now)


def found_again(
    *, key_card_id: int, encoder_id: int | None, request_id: str, actor: Actor, now: datetime
) -> str | None:
    """A denied card is back in the guest's hand. Where no lock has heard of the denial the card counts again as it is.

    Else a lock goes on refusing its number, so the card is written anew under another one; the id of that batch. NotDenied.
    """
    with transaction() as session:
        card = queries.get_card(key_card_id)
        stay = drafts.lock_stay(card.stay_id)
        if encoder_queries.batch(request_id):
            return request_id
        is_over = now > rules.opens_until(card.valid_until)
        if card.end_reason is not EndReason.LOST or is_over or not denials.of_card(card.id):
            raise rules.NotDenied
        rules.check_stay(stay.state, has_room=stay.room_id is not None)
        if denials.take_back(session, card.id, now=now):
            card.state, card.ended_at, card.end_reason = CardState.ACTIVE, None, None
            if card.proof is Proof.UNKNOWN:
                card.state = CardState.UNKNOWN
            service.note(card, stay, "keycards.allowed", actor, now)
            return None
        if encoder_id is None:
            raise rules.NotDenied
        service.note(card, stay, "keycards.found", actor, now)
        return _in_its_place(stay, card, encoder_id=encoder_id, request_id=request_id, actor=actor, now=now)


def _in_its_place(stay: Stay, card: KeyCard, *, encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """One card that opens what that one did, under the number that the party has."""
    return service.issue(
        stay_id=stay.id,
        copies=1,
        encoder_id=encoder_id,
        request_id=request_id,
        further_room_ids=drafts.further_rooms([card]),
        area_ids=drafts.areas([card]),
        reason=CardReason.REPLACEMENT,
        actor=actor,
        now=now,
    )
