"""Who has the room of a stay just before it and just after it, by the hours of the days on which it changes hands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db
from pms.guests.models import Guest
from pms.properties import queries as properties
from pms.stays import rules
from pms.stays.models import RoomDay, Stay

if TYPE_CHECKING:
    from pms.properties.models import Property


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The party that leaves before, or comes after: its hour on that day, and how many hours the room stands empty between."""

    stay_id: int
    guest: str
    day: date
    hour: int
    gap: int


@dataclass(frozen=True, slots=True)
class Around:
    """None where nobody has the room on that day."""

    before: Neighbour | None = None
    after: Neighbour | None = None

    def tight(self, cleaning_hours: int) -> list[Neighbour]:
        """Those between whom and this stay the room cannot be cleaned as it should be."""
        return [other for other in (self.before, self.after) if other is not None and other.gap < cleaning_hours]


def around(stay: Stay) -> Around:
    """Who is there before and after; nobody for a stay without a room. Two queries."""
    if stay.room_id is None:
        return Around()
    house = properties.get_property()
    days = {
        row.day: row
        for row in db.session.scalars(
            sa.select(RoomDay).where(
                RoomDay.room_id == stay.room_id, RoomDay.day.in_((stay.arrival_date, stay.departure_date))
            )
        )
    }
    first = _before(days.get(stay.arrival_date), stay, house)
    last = _after(days.get(stay.departure_date), stay, house)
    names = _names({found[0] for found in (first, last) if found is not None})
    return Around(
        Neighbour(first[0], names[first[0]], stay.arrival_date, *first[1:]) if first else None,
        Neighbour(last[0], names[last[0]], stay.departure_date, *last[1:]) if last else None,
    )


def _before(row: RoomDay | None, stay: Stay, house: Property) -> tuple[int, int, int] | None:
    if row is None:
        return None
    comes = rules.arrival_hour(stay, house)
    for other, until in ((row.day_stay_id, row.day_until_hour), (row.leaving_stay_id, row.leaving_hour)):
        if other is not None and other != stay.id and until is not None and until <= comes:
            return other, until, comes - until
    return None


def _after(row: RoomDay | None, stay: Stay, house: Property) -> tuple[int, int, int] | None:
    if row is None:
        return None
    leaves = rules.departure_hour(stay, house)
    for other, since in ((row.day_stay_id, row.day_from_hour), (row.arriving_stay_id, row.arriving_hour)):
        if other is not None and other != stay.id and since is not None and since >= leaves:
            return other, since, since - leaves
    return None


def _names(stay_ids: set[int]) -> dict[int, str]:
    if not stay_ids:
        return {}
    rows = db.session.execute(
        sa.select(Stay.id, Guest).join(Guest, Guest.id == Stay.guest_id).where(Stay.id.in_(stay_ids))
    )
    return {stay_id: guest.name for stay_id, guest in rows}
