"""The list of all keys, by what is to be looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from pms.core.db import db
from pms.keycards import rules
from pms.keycards.models import CardState, KeyCard, KeyCardGrant, Proof
from pms.keycards.queries import LOADED, KeyLine, facts, lines
from pms.keycards.wanted import wanted_for
from pms.locks.models import Door
from pms.stays import queries as stays
from pms.stays.models import Stay, StayState
from pms.web.paging import Page, cut

_Conditions = tuple[sa.ColumnElement[bool], ...]
_PAGE = 40


def list_page(
    *,
    show: str,
    now: datetime,
    room: str = "",
    text: str = "",
    before_id: int | None = None,
) -> Page[KeyLine]:
    """All keys, newest first, a page at a time. `show` is all, live, unknown, again or ended (ended but still opening)."""
    query = sa.select(KeyCard).join(Stay, Stay.id == KeyCard.stay_id).options(*LOADED)
    query = query.where(KeyCard.state != CardState.VOID, *_SHOWN.get(show, _all)(now))
    if room:
        numbers = sa.select(KeyCardGrant.key_card_id).join(KeyCardGrant.door).where(Door.name == room.strip())
        query = query.where(KeyCard.id.in_(numbers))
    if text:
        guest_ids = [hit.guest.id for hit in stays.search(text, limit=50)]
        query = query.where(sa.or_(Stay.guest_id.in_(guest_ids), KeyCard.uid == text.strip().lower()))
    if before_id is not None:
        query = query.where(KeyCard.id < before_id)
    page = cut(list(db.session.scalars(query.order_by(KeyCard.id.desc()).limit(_PAGE + 1))), _PAGE, "id")
    return Page(lines(page.rows, now=now, with_stays=True), page.next_key)


def count(*, now: datetime) -> dict[str, int]:
    """How many keys each filter of the ledger shows."""
    counts = {}
    for show, condition in _SHOWN.items():
        query = sa.select(sa.func.count()).select_from(KeyCard).join(Stay, Stay.id == KeyCard.stay_id)
        counts[show] = db.session.scalars(query.where(KeyCard.state != CardState.VOID, *condition(now))).one()
    return counts


def _live(now: datetime) -> _Conditions:
    return (
        KeyCard.state.in_((CardState.ACTIVE, CardState.UNKNOWN)),
        KeyCard.refused_since.is_(None),
        KeyCard.valid_until >= now - rules.GRACE,
    )


def _again(now: datetime) -> _Conditions:
    return (KeyCard.id.in_(_flagged_ids(now)),)


def _flagged_ids(now: datetime) -> list[int]:
    """Ids of all cards that must be made again."""
    return [card.id for card in _flagged(now)]


def _flagged(now: datetime) -> list[KeyCard]:
    """Cards of guests who are expected or here are few."""
    cards = db.session.scalars(
        sa.select(KeyCard)
        .join(Stay, Stay.id == KeyCard.stay_id)
        .where(
            KeyCard.state.in_((CardState.ACTIVE, CardState.UNKNOWN)),
            Stay.state.in_((StayState.CONFIRMED, StayState.IN_HOUSE)),
        )
        .options(selectinload(KeyCard.grants).joinedload(KeyCardGrant.series))
    ).all()
    wanted = wanted_for(cards, now)
    return [card for card in cards if card.id in wanted and rules.make_again(facts(card), wanted[card.id], now)]


def _unknown(now: datetime) -> _Conditions:
    return (
        KeyCard.state.in_((CardState.UNKNOWN, CardState.ENDED)),
        KeyCard.proof == Proof.UNKNOWN,
        KeyCard.refused_since.is_(None),
        KeyCard.valid_until >= now - rules.GRACE,
    )


def _ended(now: datetime) -> _Conditions:
    return (
        KeyCard.state == CardState.ENDED,
        KeyCard.refused_since.is_(None),
        KeyCard.uid.is_not(None),
        KeyCard.valid_until >= now - rules.GRACE,
    )


def _all(_now: datetime) -> _Conditions:
    return ()


_SHOWN: dict[str, Callable[[datetime], _Conditions]] = {
    "live": _live,
    "unknown": _unknown,
    "again": _again,
    "ended": _ended,
    "all": _all,
}
SHOWN = tuple(_SHOWN)
