"""What each card of a party should carry by now: numbers, from when, until when, and whose numbers are above it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db
from pms.keycards import rules
from pms.keycards.models import CardState, KeyCard, KeyCardGrant, KeySeries
from pms.properties import queries as properties
from pms.stays import rules as stay_rules
from pms.stays.models import Stay, StayState

if TYPE_CHECKING:
    from pms.properties.models import Property

WRITTEN = (CardState.ACTIVE, CardState.UNKNOWN, CardState.ENDED)


def beginning(stay: Stay, now: datetime) -> datetime:
    """From when the party's cards should open."""
    arrives = stay_rules.may_enter_at(stay, properties.get_property())
    return rules.begins_at(state=stay.state, now=now, arrives=arrives)


def wanted_for(cards: Sequence[KeyCard], now: datetime) -> dict[int, rules.Wanted]:
    """What each card should carry, for cards whose stay is expected or here."""
    open_cards = [card for card in cards if card.state in (CardState.ACTIVE, CardState.UNKNOWN)]
    if not open_cards:
        return {}
    series = {grant.series_id: grant.series for card in open_cards for grant in card.grants if grant.series}
    stay_ids = {card.stay_id for card in open_cards} | {row.stay_id for row in series.values() if row}
    parties = _plain_stays(stay_ids)
    rivals = _rivals({row.door_id for row in series.values() if row}, now)
    house = properties.get_property()
    found = {}
    for card in open_cards:
        if parties[card.stay_id].state in (StayState.CONFIRMED, StayState.IN_HOUSE):
            found[card.id] = _wanted(card, parties, rivals, house, now)
    return found


def _wanted(
    card: KeyCard,
    parties: dict[int, Stay],
    rivals: dict[int, list[KeySeries]],
    house: Property,
    now: datetime,
) -> rules.Wanted:
    own = parties[card.stay_id]
    ends, issues, above = [stay_rules.leaves_at(own, house)], {}, []
    for grant in card.grants:
        row = grant.series
        if row is None:
            continue
        party = parties[row.stay_id]
        if party.state in (StayState.CONFIRMED, StayState.IN_HOUSE):
            ends.append(stay_rules.leaves_at(party, house))
            issues[row.door_id] = row.issue
        if row.stay_id == card.stay_id:
            above += [other.issue for other in rivals.get(row.door_id, []) if other.stay_id != card.stay_id]
    begins = rules.begins_at(state=own.state, now=now, arrives=stay_rules.may_enter_at(own, house))
    return rules.Wanted(issues=issues, begins_at=begins, valid_until=min(ends), rivals=above)


def _rivals(door_ids: Collection[int], now: datetime) -> dict[int, list[KeySeries]]:
    """Numbers by door of which a card was written that a door would take by now."""
    written = (
        sa.select(KeyCardGrant.series_id)
        .join(KeyCard, KeyCard.id == KeyCardGrant.key_card_id)
        .where(KeyCard.state.in_(WRITTEN), KeyCard.uid.is_not(None), KeyCard.valid_from <= now + rules.GRACE)
    )
    found: dict[int, list[KeySeries]] = {}
    for row in db.session.scalars(
        sa.select(KeySeries).where(KeySeries.door_id.in_(door_ids), KeySeries.id.in_(written))
    ):
        found.setdefault(row.door_id, []).append(row)
    return found


def _plain_stays(ids: Collection[int]) -> dict[int, Stay]:
    return {stay.id: stay for stay in db.session.scalars(sa.select(Stay).where(Stay.id.in_(ids)))}
