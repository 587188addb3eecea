"""What the acts of the desk have in common: the same form twice, and what a step means for the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.credentials import service as credentials
from pms.keycards import service as keycards
from pms.keycards.models import EndReason
from pms.passcodes import service as passcodes
from pms.rooms import service as rooms
from pms.stays import queries as stay_queries
from pms.stays import service as stays

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.stays.models import StayStep


class SameForm(Exception):
    """The form was posted before; what this call did so far must be rolled back."""

    def __init__(self, stay_id: int) -> None:
        super().__init__(stay_id)
        self.stay_id = stay_id


def followed(act: Callable[[], StayStep], stay_id: int, now: datetime) -> StayStep:
    """Do a step after which the party keeps its room and its keys, some of them until another hour."""
    with transaction():
        step = act()
        credentials.follow_stay(stay_id=stay_id, old_room_id=None, now=now)
        return step


def with_keys(
    reason: EndReason,
    act: Callable[[], StayStep],
    *,
    stay_id: int,
    request_id: str | None,
    leaves_room: bool = False,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Do a step that ends the keys of the room that the stay has now."""
    with transaction():
        done = stays.find_done(stay_id=stay_id, request_id=request_id)
        if done is not None:
            return done
        room_id = stay_queries.get_stay(stay_id).room_id
        step = act()
        keycards.end_for_stay(stay_id=stay_id, step_id=step.id, reason=reason, actor=actor, now=now)
        passcodes.end_for_stay(stay_id=stay_id, step_id=step.id, actor=actor, now=now)
        if reason is EndReason.MOVED:
            credentials.follow_stay(stay_id=stay_id, old_room_id=room_id, now=now)
        else:
            credentials.end_for_stay(stay_id=stay_id, actor=actor, now=now)
        if leaves_room and room_id is not None:
            rooms.mark_dirty(room_id=room_id, actor=actor, now=now)
        return step
