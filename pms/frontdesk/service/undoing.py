"""The last step is taken back, with what it did to the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.core.text import N_
from pms.credentials import service as credentials
from pms.keycards import queries as keycard_queries
from pms.keycards import service as keycards
from pms.passcodes import service as passcodes
from pms.stays import queries as stay_queries
from pms.stays import service as stays

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.stays.models import StayStep


class CardMadeSince(DomainError):
    """A card that exists in the guest's hand cannot be taken back by a button."""

    code = "card_made_since"
    message = N_(
        "A key card was made for this stay since then, and a button cannot take it out of the guest’s hand. "
        "Go back by another step instead (check out, or move again): it ends the card too."
    )


def undo(*, stay_id: int, step_id: int, actor: Actor, now: datetime) -> StayStep:
    """Take the last step back, and with it the end of keys that it brought. CardMadeSince, and `stays.undo_last`'s."""
    with transaction():
        stays.hold(stay_id=stay_id)
        step = stay_queries.get_step(stay_id, step_id)
        if step.undone_at is not None:
            return step
        if keycard_queries.made_since(stay_id, step.at):
            raise CardMadeSince
        room_id = stay_queries.get_stay(stay_id).room_id
        stays.undo_last(stay_id=stay_id, step_id=step_id, actor=actor, now=now)
        credentials.follow_stay(stay_id=stay_id, old_room_id=room_id, now=now)
        keycards.reinstate(step_id=step_id, actor=actor, now=now)
        passcodes.reinstate(step_id=step_id, actor=actor, now=now)
        passcodes.end_elsewhere(stay_id=stay_id, actor=actor, now=now)
        return step
