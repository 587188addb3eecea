"""Keys to do: cards to make or to write again, codes to tell, locks to visit; who, by when, why. Reads only.

A task goes when the thing is done and proved: a card was read back on a machine or used at its door, the lock has answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.frontdesk import keys_now, task_rules
from pms.properties import queries as properties
from pms.stays import queries as stay_queries
from pms.stays import rules as stay_rules
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pms.frontdesk.task_rules import Task
    from pms.stays.models import Stay


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
    house = properties.get_property()
    stays = stay_queries.with_keys_to_watch(now.astimezone(house.zone).date())
    tasks = of_stays(stays, now=now)
    found = [KeyTask(stay, task) for stay in stays for task in tasks[stay.id]]
    return sorted(found, key=lambda one: (one.task.by or now, one.stay.id))
