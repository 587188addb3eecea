"""Reads of keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.keycards import rules
from pms.keycards.models import CardState, EndReason, KeyCard, KeyCardGrant, KeyDenial, KeySeries
from pms.keycards.rules import CardFacts, KeyState, MakeAgain
from pms.keycards.wanted import WRITTEN, wanted_for
from pms.locks.models import Door
from pms.stays.models import Stay

LOADED = (
    selectinload(KeyCard.grants).joinedload(KeyCardGrant.door),
    selectinload(KeyCard.grants).joinedload(KeyCardGrant.area),
    selectinload(KeyCard.grants).joinedload(KeyCardGrant.series),
)


@dataclass(frozen=True, slots=True)
class KeySummary:
    """The keys of a stay in four numbers: those that count, and among them those that need a look."""

    live: int = 0
    believed: int = 0
    unknown: int = 0
    to_make_again: int = 0
    still_open: int = 0


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A card as a list shows it."""

    card: KeyCard
    stay: Stay | None
    state: KeyState
    again: MakeAgain | None
    opens_until: datetime
    doors: list[str] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    # Of a lost card that its doors must refuse: each door, whether its lock is known to or not.
    denials: list[KeyDenial] = field(default_factory=list)

    @property
    def opening_doors(self) -> list[str]:
        """Doors whose locks are not known to refuse a denied card."""
        return [row.door.name for row in self.denials if row.at is None]

    @property
    def refusing_doors(self) -> list[str]:
        """Doors whose locks are known to refuse a denied card."""
        return [row.door.name for row in self.denials if row.at is not None]

    @property
    def is_live(self) -> bool:
        """Whether somebody counts on it."""
        return self.state in (KeyState.CONFIRMED, KeyState.BELIEVED, KeyState.UNKNOWN)

    @property
    def may_open(self) -> bool:
        """Whether a door may still take it."""
        return self.is_live or self.state in (KeyState.STILL_OPENS, KeyState.UNKNOWN_STILL)


def facts(card: KeyCard) -> CardFacts:
    """The card as the rules see it; its grants must be loaded."""
    return CardFacts(
        state=card.state,
        proof=card.proof,
        valid_from=card.valid_from,
        valid_until=card.valid_until,
        refused_since=card.refused_since,
        issues={grant.door_id: grant.issue for grant in card.grants if grant.door_id is not None},
    )


def find_card(card_id: int | None) -> KeyCard | None:
    """The card with everything that it opens, or None."""
    if card_id is None:
        return None
    return db.session.scalars(sa.select(KeyCard).where(KeyCard.id == card_id).options(*LOADED)).one_or_none()


def get_card(card_id: int) -> KeyCard:
    """The card with everything that it opens; NotFound."""
    card = find_card(card_id)
    if card is None:
        raise NotFound
    return card


def find_by_credential(credential_id: int) -> KeyCard | None:
    """The card with this credential id, or None."""
    return db.session.scalars(
        sa.select(KeyCard).where(KeyCard.credential_id == credential_id).options(*LOADED)
    ).one_or_none()


def cards_by_credential(credential_ids: Collection[int]) -> dict[int, KeyCard]:
    """The cards with these credential ids and what they open; held, in one order, until the transaction ends."""
    query = sa.select(KeyCard).where(KeyCard.credential_id.in_(credential_ids)).options(*LOADED)
    found = db.session.scalars(query.order_by(KeyCard.id).with_for_update(of=KeyCard))
    return {card.credential_id: card for card in found}


def cards_with_uid(uid: str) -> Sequence[KeyCard]:
    """Every key that was ever on this plastic and was not overwritten as far as we know, newest first."""
    return db.session.scalars(
        sa.select(KeyCard)
        .where(KeyCard.uid == uid, KeyCard.state.in_(WRITTEN))
        .options(*LOADED)
        .order_by(KeyCard.id.desc())
    ).all()


def cards_by_id(ids: Collection[int]) -> dict[int, KeyCard]:
    """The cards with everything that they open, by id."""
    found = db.session.scalars(sa.select(KeyCard).where(KeyCard.id.in_(ids)).options(*LOADED))
    return {card.id: card for card in found}


def cards_of_stay(stay_id: int) -> Sequence[KeyCard]:
    """Every card of a stay with what it opens, newest first."""
    return db.session.scalars(
        sa.select(KeyCard).where(KeyCard.stay_id == stay_id).options(*LOADED).order_by(KeyCard.id.desc())
    ).all()


def lines_of_stay(stay: Stay, *, now: datetime) -> list[KeyLine]:
    """The cards of a stay as the page lists them, newest first; those that were never made are left out."""
    cards = [card for card in cards_of_stay(stay.id) if card.state is not CardState.VOID]
    return lines(cards, now=now)


def lines_of_stays(stay_ids: Collection[int], *, now: datetime) -> list[KeyLine]:
    """The cards of many stays that are being made, or that a door may take now or later; oldest first."""
    cards = db.session.scalars(
        sa.select(KeyCard)
        .where(
            KeyCard.stay_id.in_(stay_ids),
            KeyCard.state != CardState.VOID,
            sa.or_(KeyCard.state != CardState.ENDED, KeyCard.valid_until > now - rules.GRACE),
        )
        .options(*LOADED)
        .order_by(KeyCard.id)
    ).all()
    return lines(cards, now=now)


def to_make_again(stay: Stay, *, now: datetime) -> list[KeyCard]:
    """The party's live cards that do not do any more what it needs."""
    return [line.card for line in lines_of_stay(stay, now=now) if line.again is not None]


def summary_for_stays(stay_ids: Collection[int], *, now: datetime) -> dict[int, KeySummary]:
    """For each stay how its keys are; the number of queries does not depend on how many there are."""
    if not stay_ids:
        return {}
    cards = db.session.scalars(
        sa.select(KeyCard)
        .where(
            KeyCard.stay_id.in_(stay_ids),
            KeyCard.state.in_(WRITTEN),
            sa.or_(KeyCard.state != CardState.ENDED, KeyCard.valid_until > now - rules.GRACE),
        )
        .options(selectinload(KeyCard.grants).joinedload(KeyCardGrant.series))
    ).all()
    counted: dict[int, list[tuple[KeyState, MakeAgain | None]]] = {}
    wanted = wanted_for(cards, now)
    for card in cards:
        seen = facts(card)
        again = rules.make_again(seen, wanted[card.id], now) if card.id in wanted else None
        counted.setdefault(card.stay_id, []).append((rules.key_state(seen, now), again))
    return {stay_id: _summary(counted.get(stay_id, [])) for stay_id in stay_ids}


def live_of_stays(stay_ids: Collection[int], *, now: datetime) -> dict[int, list[KeyLine]]:
    """The cards on which parties count, newest first; the number of queries does not depend on how many there are."""
    if not stay_ids:
        return {}
    cards = db.session.scalars(
        sa.select(KeyCard)
        .where(KeyCard.stay_id.in_(stay_ids), KeyCard.state.in_((CardState.ACTIVE, CardState.UNKNOWN)))
        .options(*LOADED)
        .order_by(KeyCard.id.desc())
    ).all()
    found: dict[int, list[KeyLine]] = {}
    for line in lines(cards, now=now):
        if line.is_live:
            found.setdefault(line.card.stay_id, []).append(line)
    return found


def newest_of_rooms(*, now: datetime) -> dict[int, KeyLine]:
    """For each room the last card that was made for a guest and opens its door, with its guest."""
    newest = sa.select(Door.room_id, sa.func.max(KeyCardGrant.key_card_id).label("card_id")).join(
        KeyCardGrant, KeyCardGrant.door_id == Door.id
    )
    newest = newest.join(KeyCard, KeyCard.id == KeyCardGrant.key_card_id).where(KeyCard.state.in_(WRITTEN))
    rows = db.session.execute(newest.where(Door.room_id.is_not(None)).group_by(Door.room_id)).all()
    cards = cards_by_id({row.card_id for row in rows})
    known = {line.card.id: line for line in lines(cards.values(), now=now, with_stays=True)}
    return {row.room_id: known[row.card_id] for row in rows}


def denials_of(card_ids: Collection[int]) -> dict[int, list[KeyDenial]]:
    """The doors that must refuse lost cards, by card and in the order of their names."""
    found: dict[int, list[KeyDenial]] = {}
    rows = db.session.scalars(
        sa.select(KeyDenial).where(KeyDenial.key_card_id.in_(card_ids)).options(joinedload(KeyDenial.door))
    )
    for row in sorted(rows, key=lambda row: row.door.name):
        found.setdefault(row.key_card_id, []).append(row)
    return found


def made_since(stay_id: int, at: datetime) -> bool:
    """Whether a card was made for the stay, or is being made, since that instant."""
    return bool(
        db.session.scalars(
            sa.select(sa.func.count())
            .select_from(KeyCard)
            .where(KeyCard.stay_id == stay_id, KeyCard.state != CardState.VOID, KeyCard.made_at >= at)
        ).one()
    )


def lines(cards: Iterable[KeyCard], *, now: datetime, with_stays: bool = False) -> list[KeyLine]:
    """Cards with the truth about each, in the order given."""
    listed = list(cards)
    wanted = wanted_for(listed, now)
    parties = _stays_by_id({card.stay_id for card in listed}) if with_stays else {}
    denials = denials_of([card.id for card in listed if card.end_reason is EndReason.LOST])
    return [
        KeyLine(
            card=card,
            stay=parties.get(card.stay_id),
            state=rules.key_state(facts(card), now),
            again=rules.make_again(facts(card), wanted[card.id], now) if card.id in wanted else None,
            opens_until=rules.opens_until(card.valid_until),
            doors=[grant.door.name for grant in card.grants if grant.door is not None],
            areas=[grant.area.name for grant in card.grants if grant.area is not None],
            denials=denials.get(card.id, []),
        )
        for card in listed
    ]


def series_of(stay_id: int, door_id: int) -> KeySeries | None:
    """The number of a party for a door, or None before its first card."""
    return db.session.scalars(
        sa.select(KeySeries).where(KeySeries.stay_id == stay_id, KeySeries.door_id == door_id)
    ).one_or_none()


def _summary(states: Sequence[tuple[KeyState, MakeAgain | None]]) -> KeySummary:
    live = (KeyState.CONFIRMED, KeyState.BELIEVED, KeyState.UNKNOWN)
    return KeySummary(
        live=sum(state in live for state, _ in states),
        believed=sum(state is KeyState.BELIEVED for state, _ in states),
        unknown=sum(state in (KeyState.UNKNOWN, KeyState.UNKNOWN_STILL) for state, _ in states),
        to_make_again=sum(again is not None for _, again in states),
        still_open=sum(state in (KeyState.STILL_OPENS, KeyState.UNKNOWN_STILL) for state, _ in states),
    )


def _stays_by_id(ids: Collection[int]) -> dict[int, Stay]:
    found = db.session.scalars(
        sa.select(Stay).where(Stay.id.in_(ids)).options(joinedload(Stay.guest), joinedload(Stay.room))
    )
    return {stay.id: stay for stay in found}
