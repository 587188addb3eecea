"""The number of a visitor's one-shot card, in the order of the door's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import transaction
from pms.keycards import drafts, rules
from pms.keycards.models import KeySeries
from pms.locks import queries as locks
from pms.locks.models import Door
from pms.stays import queries as stays

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def visitor_issue(*, door_id: int, now: datetime) -> int:
    """The number that lets a visitor through a door without ending the keys of whoever lives behind it (see the rule).

    A party that is in the room and has no card yet gets its number now, so that its first card does not end the visitor's.
    Joins the caller's transaction. NotFound; NoLock.
    """
    with transaction() as session:
        door = locks.get_door(door_id)
        if door.lock is None or door.lock.is_blank:
            raise rules.NoLock(door=door.name)
        session.get(Door, door.id, with_for_update=True)
        present_id = _number_present(session, door, now)
        rows = session.scalars(sa.select(KeySeries).where(KeySeries.door_id == door_id)).all()
        return rules.visitor_issue([drafts.number_of(row) for row in rows], present_stay_id=present_id, now=now)


def _number_present(session: Session, door: Door, now: datetime) -> int | None:
    """Who is checked in behind the door; with a number from now on, if its time is not over."""
    stay = stays.find_in_room(door.room_id) if door.room_id is not None else None
    if stay is None:
        return None
    begins, until = drafts.times(stay, now)
    if begins < until:
        drafts.series(session, drafts.lock_stay(stay.id), begins, until, now)
    return stay.id
