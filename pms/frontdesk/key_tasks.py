"""Keys to do: cards to make or to write again, codes to tell, locks to visit; who, by when, why. Reads only.

A task goes when the thing is done and proved: a card was read back on a machine or used at its door, the lock has answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db
from pms.frontdesk import keys_now, task_rules
from pms.keycards.models import KeyCard
from pms.passcodes.models import Passcode
from pms.properties import queries as properties
from pms.slots.models import Slot, SlotState
from pms.stays import queries as stay_queries
from pms.stays import rules as stay_rules
from pms.stays.models import Stay, StayState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from pms.frontdesk.task_rules import Task

_WATCHED = timedelta(days=7)
_OVER = (StayState.CHECKED_OUT, StayState.CANCELLED, StayState.NO_SHOW)
_GONE = (SlotState.REMOVED, SlotState.NOT_SENT)


@dataclass(frozen=True, slots=True)
class KeyTask:
    """One thing to do, and for which stay."""

    stay: Stay
    task: Task


def of_stay(stay: Stay, *, now: datetime) -> list[Task]:
    """What is to do for one stay."""
    return of_stays([stay], now=now)[stay.id]


def of_stays(stays: Sequence[Stay], *, now: datetime) -> dict[int, list[Task]]:
    """What is to do for each of these stays, which are loaded with their room."""
    house = properties.get_property()
    today = now.astimezone(house.zone).date()
    keys = keys_now.of_stays(stays, now=now)
    return {
        stay.id: task_rules.tasks(
            keys[stay.id],
            is_in_house=stay.state is StayState.IN_HOUSE,
            is_leaving=stay.departure_date <= today,
            now=now,
            leaves=stay_rules.leaves_at(stay, house),
        )
        for stay in stays
    }


def everything(*, now: datetime) -> list[KeyTask]:
    """All that is to do in the house, the most urgent first."""
    stays = _watched(now.astimezone(properties.get_property().zone).date())
    tasks = of_stays(stays, now=now)
    found = [KeyTask(stay, task) for stay in stays for task in tasks[stay.id]]
    return sorted(found, key=lambda one: (one.task.by or now, one.stay.id))


def _watched(day: date) -> Sequence[Stay]:
    """Stays whose keys may need somebody: in house; expected soon, with keys that were made ahead; and those that left not long
    ago, as long as a lock may hold something of theirs."""
    card, code, slot = (sa.exists().where(model.stay_id == Stay.id) for model in (KeyCard, Passcode, Slot))
    is_held = slot.where(Slot.state.not_in(_GONE))
    query = sa.select(Stay).where(
        sa.or_(
            Stay.state == StayState.IN_HOUSE,
            sa.and_(Stay.state == StayState.CONFIRMED, Stay.arrival_date <= day + _WATCHED, sa.or_(card, code, slot)),
            sa.and_(
                Stay.state.in_(_OVER),
                Stay.departure_date >= day - _WATCHED,
                Stay.arrival_date <= day + _WATCHED,
                is_held,
            ),
        )
    )
    return db.session.scalars(query.options(*stay_queries.WITH_ALL).order_by(Stay.id)).all()
