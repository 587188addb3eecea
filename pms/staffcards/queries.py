"""Reads of staff cards, shifts, and how far the denial of a lost card has come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.keycards import rules as key_rules
from pms.keycards.models import CardState
from pms.keycards.rules import GRACE, CardFacts, KeyState
from pms.locks import queries as locks
from pms.locks import scope_queries
from pms.locks.models import Door
from pms.staffcards import rules
from pms.staffcards.models import Shift, StaffCard, StaffCardGrant, StaffCardKind, StaffDenial, StaffEnd
from pms.staffcards.rules import Attention

_MOST = 400
WRITTEN = (CardState.ACTIVE, CardState.UNKNOWN, CardState.ENDED)
_LOADED = (
    joinedload(StaffCard.account),
    selectinload(StaffCard.grants).joinedload(StaffCardGrant.scope),
    selectinload(StaffCard.grants).joinedload(StaffCardGrant.door),
    selectinload(StaffCard.grants).joinedload(StaffCardGrant.denies),
)


@dataclass(frozen=True, slots=True)
class DoorToDeny:
    """A door that a lost card could open, and since when its lock refuses it for certain (None: it may not yet)."""

    door: Door
    refused_since: datetime | None
    carried_by: int | None = None


@dataclass(frozen=True, slots=True)
class StaffLine:
    """A card as a list shows it. `doors_to_deny` of a lost card that could still open something."""

    card: StaffCard
    state: KeyState
    attention: Attention | None
    opens_until: datetime
    doors_to_deny: list[DoorToDeny] = field(default_factory=list)

    @property
    def holder(self) -> str:
        """Who holds it, as they are called now; of a deny card whose card it denies."""
        if self.card.kind is StaffCardKind.DENY:
            return ", ".join(lost.holder_name for lost in self.denials)
        return self.card.account.display_name if self.card.account is not None else self.card.holder_name

    @property
    def is_live(self) -> bool:
        """Whether somebody counts on it."""
        return self.state in (KeyState.CONFIRMED, KeyState.BELIEVED, KeyState.UNKNOWN)

    @property
    def is_lost(self) -> bool:
        """Whether it was reported lost, and its plastic was not seen since."""
        return self.card.end_reason is StaffEnd.LOST and self.card.refused_since is None

    @property
    def left(self) -> list[DoorToDeny]:
        """The doors where the denial was not seen yet."""
        return [one for one in self.doors_to_deny if one.refused_since is None]

    @property
    def denials(self) -> list[StaffCard]:
        """The lost cards whose denial it carries."""
        return [grant.denies for grant in self.card.grants if grant.denies is not None]

    @property
    def opening(self) -> list[StaffCardGrant]:
        """What it opens."""
        return [grant for grant in self.card.grants if grant.denies_id is None]


def facts(card: StaffCard) -> CardFacts:
    """The card as the rules of keys see it."""
    return CardFacts(
        state=card.state,
        proof=card.proof,
        valid_from=card.valid_from,
        valid_until=card.valid_until,
        refused_since=card.refused_since,
    )


def find_card(card_id: int | None) -> StaffCard | None:
    """The card with everything that it opens, or None."""
    if card_id is None:
        return None
    return db.session.scalars(_cards().where(StaffCard.id == card_id)).one_or_none()


def get_card(card_id: int) -> StaffCard:
    """The card with everything that it opens; NotFound."""
    card = find_card(card_id)
    if card is None:
        raise NotFound
    return card


def find_by_credential(credential_ids: Collection[int]) -> StaffCard | None:
    """The newest card with one of these credential ids, or None."""
    query = _cards().where(StaffCard.credential_id.in_(credential_ids)).order_by(StaffCard.id.desc())
    return db.session.scalars(query).unique().first()


def cards_by_credential(credential_ids: Collection[int]) -> dict[int, StaffCard]:
    """The newest cards with these credential ids; held, in one order, until the transaction ends."""
    query = _cards().where(StaffCard.credential_id.in_(credential_ids)).order_by(StaffCard.id)
    return {card.credential_id: card for card in db.session.scalars(query.with_for_update(of=StaffCard)).unique()}


def cards_with_uid(uid: str) -> Sequence[StaffCard]:
    """Every card that was ever on this plastic, newest first."""
    query = _cards().where(StaffCard.uid == uid, StaffCard.state.in_(WRITTEN)).order_by(StaffCard.id.desc())
    return db.session.scalars(query).all()


def cards_by_id(ids: Collection[int]) -> dict[int, StaffCard]:
    """Cards with everything that they open, by id."""
    return {card.id: card for card in db.session.scalars(_cards().where(StaffCard.id.in_(ids)))}


def lost_cards(now: datetime) -> Sequence[StaffCard]:
    """Cards that were reported lost and could still open something, the last one first."""
    return db.session.scalars(_cards().where(*_lost(now)).order_by(StaffCard.ended_at.desc())).all()


def outdated_of_scope(scope_id: int, now: datetime) -> list[StaffLine]:
    """The live cards of a scope that carry a lower number than its present one."""
    return [line for line in of_scope(scope_id, now=now) if line.attention is Attention.RAISED]


def of_scope(scope_id: int, *, now: datetime) -> list[StaffLine]:
    """The live cards that open a scope, by holder."""
    holding = sa.select(StaffCardGrant.staff_card_id).where(
        StaffCardGrant.scope_id == scope_id, StaffCardGrant.denies_id.is_(None)
    )
    cards = db.session.scalars(_cards().where(StaffCard.id.in_(holding), *_live(now)))
    return _by_holder(lines(cards, now=now))


def of_account(account_id: int, *, now: datetime) -> list[StaffLine]:
    """Every card that somebody was given, newest first; those that were never made are left out."""
    query = _cards().where(StaffCard.account_id == account_id, StaffCard.state != CardState.VOID)
    return lines(db.session.scalars(query.order_by(StaffCard.id.desc())), now=now)


def live_of_account(account_id: int, *, now: datetime) -> list[StaffLine]:
    """Somebody's cards that count, newest first."""
    return [line for line in of_account(account_id, now=now) if line.is_live]


def lines(cards: Iterable[StaffCard], *, now: datetime) -> list[StaffLine]:
    """Cards with the truth about each, in the order given."""
    listed = list(cards)
    denials = _doors_to_deny([card for card in listed if is_lost(card, now)])
    return [_line(card, denials.get(card.id, []), now) for card in listed]


def get_line(card_id: int, *, now: datetime) -> StaffLine:
    """One card with the truth about it; NotFound."""
    return lines([get_card(card_id)], now=now)[0]


def is_lost(card: StaffCard, now: datetime) -> bool:
    """Whether the card was reported lost and a door could still take it."""
    return card.end_reason is StaffEnd.LOST and key_rules.may_still_open(facts(card), now)


def could_open(card: StaffCard) -> list[Door]:
    """The doors whose locks would take the card, as they were told."""
    return _could_open(card, locks.list_doors())


def list_shifts() -> Sequence[Shift]:
    """Every shift, by its beginning."""
    return db.session.scalars(sa.select(Shift).order_by(Shift.start_minute, Shift.name)).all()


def get_shift(shift_id: int) -> Shift:
    """The shift; NotFound."""
    shift = db.session.get(Shift, shift_id)
    if shift is None:
        raise NotFound
    return shift


def _cards() -> sa.Select[StaffCard]:
    return sa.select(StaffCard).options(*_LOADED)


def _live(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        StaffCard.state.in_((CardState.ACTIVE, CardState.UNKNOWN)),
        StaffCard.refused_since.is_(None),
        StaffCard.valid_until >= now - GRACE,
    )


def _lost(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        StaffCard.state == CardState.ENDED,
        StaffCard.end_reason == StaffEnd.LOST,
        StaffCard.refused_since.is_(None),
        StaffCard.valid_until >= now - GRACE,
    )


def live_and_lost(now: datetime) -> list[StaffLine]:
    """Every card that counts or must be denied, by holder; few enough for one page."""
    cards = db.session.scalars(_cards().where(sa.or_(sa.and_(*_live(now)), sa.and_(*_lost(now)))))
    return _by_holder(lines(cards, now=now))


def history(*, before_id: int | None = None, size: int = _MOST) -> Sequence[StaffCard]:
    """All cards that were made, newest first, from an id on."""
    query = _cards().where(StaffCard.state != CardState.VOID).order_by(StaffCard.id.desc()).limit(size)
    if before_id is not None:
        query = query.where(StaffCard.id < before_id)
    return db.session.scalars(query).all()


def count_made() -> int:
    """How many cards there were ever."""
    query = sa.select(sa.func.count()).select_from(StaffCard).where(StaffCard.state != CardState.VOID)
    return db.session.scalars(query).one()


def _line(card: StaffCard, doors: list[DoorToDeny], now: datetime) -> StaffLine:
    state = key_rules.key_state(facts(card), now)
    if doors and all(one.refused_since is not None for one in doors):
        # Wherever it opened anything, it is refused for certain.
        state = KeyState.DEAD
    needs = rules.attention(
        holder_left=card.account is not None and not card.account.is_active,
        is_outdated=any(grant.scope is not None and grant.issue < grant.scope.issue for grant in _opening(card)),
        valid_until=card.valid_until,
        now=now,
    )
    is_wanted = key_rules.is_live(facts(card), now) and card.kind is not StaffCardKind.DENY
    is_asked = is_wanted and not (card.kind is StaffCardKind.ONE_SHOT and needs is Attention.ENDS_SOON)
    return StaffLine(card, state, needs if is_asked else None, key_rules.opens_until(card.valid_until), doors)


def _opening(card: StaffCard) -> list[StaffCardGrant]:
    return [grant for grant in card.grants if grant.denies_id is None]


def _by_holder(found: list[StaffLine]) -> list[StaffLine]:
    return sorted(found, key=lambda line: (line.holder.casefold(), -line.card.id))


def _doors_to_deny(cards: list[StaffCard]) -> dict[int, list[DoorToDeny]]:
    """For each lost card the doors that it could open as their locks were told, and which of them refuse it."""
    if not cards:
        return {}
    doors = locks.list_doors()
    rows = db.session.scalars(sa.select(StaffDenial).where(StaffDenial.staff_card_id.in_([card.id for card in cards])))
    seen = {(row.staff_card_id, row.lock_id): row for row in rows}
    return {card.id: [_door_to_deny(card, door, seen) for door in _could_open(card, doors)] for card in cards}


def _could_open(card: StaffCard, doors: Sequence[Door]) -> list[Door]:
    picked = {grant.door_id for grant in card.grants if grant.door_id is not None}
    numbers = {grant.scope.number for grant in _opening(card) if grant.scope is not None}
    knowing = {door.id for door in scope_queries.doors_knowing(numbers, doors)}
    return [door for door in doors if door.id in knowing | picked and door.lock is not None]


def _door_to_deny(card: StaffCard, door: Door, seen: dict[tuple[int, int], StaffDenial]) -> DoorToDeny:
    row = seen.get((card.id, door.lock_id or 0))
    if row is not None:
        return DoorToDeny(door, row.at, row.carried_by_id)
    return DoorToDeny(door, card.ended_at if _is_closed(card, door) else None)


def _is_closed(card: StaffCard, door: Door) -> bool:
    """Whether the lock keeps a higher number than the card has, for every scope that they share."""
    issues = {grant.scope.number: grant.issue for grant in _opening(card) if grant.scope is not None}
    if door.lock is None or not issues:
        return False
    known = {int(number): issue for number, issue in door.lock.scope_issues.items()}
    return rules.is_closed(issues, told=door.lock.told_scopes or [], known=known)
