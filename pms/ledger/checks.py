"""What a manager looks for: keys of nobody who is booked, keys that outlive a stay, guests without a key, staff cards in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.access_records.models import AccessRecord
from pms.core.db import db
from pms.core.text import N_
from pms.keycards.models import CardState, KeyCard
from pms.ledger import sources
from pms.ledger.queries import last_seen
from pms.ledger.sources import Filters
from pms.passcodes import queries as passcodes
from pms.passcodes.models import Passcode
from pms.properties import queries as properties
from pms.slots.models import Slot
from pms.staffcards import queries as staffcards
from pms.staffcards.models import StaffCardKind
from pms.staffcards.queries import StaffLine
from pms.stays import rules as stay_rules
from pms.stays.models import Stay, StayState

CHECKS: dict[str, str] = {
    "": N_("Everything"),
    "no_stay": N_("Keys without a stay"),
    "after": N_("Open after departure"),
    "no_key": N_("In house without a key"),
    "staff": N_("Staff cards by last use"),
}


@dataclass(frozen=True, slots=True)
class StaffUse:
    """A staff card that counts, and when a door noted it last."""

    line: StaffLine
    seen_at: datetime | None


def filters_of(check: str, *, now: datetime) -> Filters:
    """What the ledger shows for a check that is a filter of it."""
    if check == "no_stay":
        return Filters(is_open=True, without_stay=True)
    if check == "after":
        return Filters(is_open=True, only_ids=outliving_ids(now))
    return Filters()


def counts(*, now: datetime) -> dict[str, int]:
    """How many there are of what each check looks for."""
    return {
        "no_stay": sources.count(filters_of("no_stay", now=now), now=now),
        "after": len(outliving_ids(now)),
        "no_key": len(without_key(now=now)),
    }


def outliving_ids(now: datetime) -> list[int]:
    """Keys that a door may take after their guest has left, or is to leave: those that open now are few."""
    house = properties.get_property()
    found = []
    for model, is_open in ((KeyCard, sources.open_card), (Passcode, passcodes.alive), (Slot, sources.open_slot)):
        rows = db.session.execute(
            sa.select(model.id, model.valid_until, Stay)
            .join(Stay, Stay.id == model.stay_id)
            .where(is_open(now), Stay.state.in_((StayState.CONFIRMED, StayState.IN_HOUSE, StayState.CHECKED_OUT)))
        )
        for key_id, valid_until, stay in rows:
            if valid_until is None or valid_until > _end(stay, house):
                found.append(key_id)
    return found


def _end(stay: Stay, house: Any) -> datetime:
    return stay.checked_out_at or stay_rules.leaves_at(stay, house)


def without_key(*, now: datetime) -> Sequence[Stay]:
    """Stays in house for which nothing opens the door, by room."""
    cards = (KeyCard, sa.and_(sources.open_card(now), KeyCard.state != CardState.ENDED))
    keys = (cards, (Passcode, passcodes.alive(now)), (Slot, sources.open_slot(now)))
    has_none = [~sa.exists().where(model.stay_id == Stay.id, condition) for model, condition in keys]
    found = db.session.scalars(
        sa.select(Stay)
        .where(Stay.state == StayState.IN_HOUSE, *has_none)
        .options(joinedload(Stay.guest), joinedload(Stay.room))
    ).all()
    return sorted(found, key=lambda stay: stay.room.number if stay.room else "")


def staff_use(*, now: datetime) -> list[StaffUse]:
    """Staff cards that count, by holder; each with its last use."""
    lines = [line for line in staffcards.live_and_lost(now) if line.card.kind is not StaffCardKind.DENY]
    seen = last_seen(AccessRecord.staff_card_id, [line.card.id for line in lines])
    return [StaffUse(line, seen.get(line.card.id)) for line in lines]
