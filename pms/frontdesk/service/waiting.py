"""Guests who were checked in ahead have their room as soon as it is ready: rooms tell it (`rooms.inventory.on_ready`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.frontdesk import readiness
from pms.properties import queries as properties
from pms.stays import queries as stay_queries
from pms.stays import rules
from pms.stays import service as stays

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.stays.models import Stay


def hold(*, room_id: int) -> None:
    """Lock who waits for the room, as every step of a stay does before it locks the room."""
    stay = stay_queries.find_waiting(room_id)
    if stay is not None:
        stays.hold(stay_id=stay.id)


def ready(*, room_id: int, actor: Actor, now: datetime) -> None:
    """Whoever waits longest for the room is checked in, if the party before is out; it never refuses what was done to the room.

    A stay that cannot be checked in (it is over by now) keeps waiting: the lists of the day show it.
    """
    with transaction():
        stay = stay_queries.find_waiting(room_id)
        if stay is not None and _can_complete(stay, now):
            stays.check_in(stay_id=stay.id, actor=actor, now=now)


def _can_complete(stay: Stay, now: datetime) -> bool:
    room = stay.room
    if room is None or not readiness.can_complete(
        housekeeping=room.housekeeping,
        is_out_of_order=room.out_of_order,
        is_occupied=stay_queries.find_in_room(room.id) is not None,
    ):
        return False
    try:
        rules.check_check_in(
            arrival=stay.arrival_date,
            departure=stay.departure_date,
            room_id=stay.room_id,
            local_now=now.astimezone(properties.get_property().zone),
            day_use_until=stay.departure_hour if stay.is_day_use else None,
        )
    except DomainError:
        return False
    return True
