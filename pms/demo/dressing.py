"""What makes a chart of bookings a house: rooms that differ, guests with wishes, rooms that are closed for some days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.rooms import queries as rooms
from pms.stays import closures
from pms.stays import queries as stays
from pms.stays import service as stay_service
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from random import Random

    from pms.core.actor import Actor
    from pms.stays.models import Stay

# By the last two digits of the number: how the rooms of a floor lie.
_FEATURES = {
    "01": ["near_lift"],
    "02": ["near_lift", "accessible"],
    "04": ["quiet"],
    "05": ["quiet", "bath"],
    "07": ["connecting"],
    "08": ["connecting", "quiet"],
    "09": ["view", "bath"],
    "10": ["view", "balcony"],
    "11": ["view", "balcony", "bath"],
    "12": ["quiet", "balcony", "pets"],
}
_CLOSED = ("New carpet", "Window is replaced", "Kept for the owners")


def dress(*, random: Random, desk: Actor, technician: Actor, today: date, now: datetime) -> None:
    """Features, wishes, a promised room, a late departure, and a few closed nights; what does not fit is left out."""
    with transaction():
        listed = rooms.list_rooms()
        for room in listed:
            high = ["high_floor"] if room.floor.position >= 4 else ["low_floor"] if room.floor.position == 1 else []
            room.features = [*high, *_FEATURES.get(room.number[-2:], [])]
        coming = [stay for stay in stays.list_page(states=[StayState.CONFIRMED]).rows if stay.arrival_date > today]
        for stay in random.sample(coming, min(len(coming), 12)):
            stay.wishes = random.choice((["quiet"], ["high_floor"], ["bath"], ["cot"], ["view", "quiet"]))
    _promise([stay for stay in coming if stay.room_id], desk, now)
    _close([room.id for room in listed], random, technician, today, now)


def _promise(coming: Sequence[Stay], desk: Actor, now: datetime) -> None:
    """Two parties must have their rooms, and two may stay longer than usual."""
    for stay, reason in zip(coming[3:], ("Wheelchair: step-free bathroom", "The same room every year"), strict=False):
        stay_service.fix_room(stay_id=stay.id, reason=reason, actor=desk, now=now)
    for stay in coming[6:8]:
        try:
            stay_service.agree_hours(stay_id=stay.id, arrival_hour=None, departure_hour=14, actor=desk, now=now)
        except DomainError:
            continue  # the next party comes before


def _close(room_ids: Sequence[int], random: Random, technician: Actor, today: date, now: datetime) -> None:
    """Each reason closes the first room that is free on its nights."""
    for reason in _CLOSED:
        first = today + timedelta(days=random.randint(1, 6))
        for room_id in random.sample(room_ids, len(room_ids)):
            try:
                closures.close_room(
                    room_id=room_id,
                    from_date=first,
                    until_date=first + timedelta(days=2),
                    reason=reason,
                    actor=technician,
                    now=now,
                )
            except DomainError:
                continue
            break
