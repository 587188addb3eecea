"""Several rooms of one booking are checked in in one go; then their cards are made one after the other.

A group is not one transaction but one for each room: who can go to their room goes, whoever is left is told why. Each is asked
for under an id that is made of the form's and the stay's, so that the same form again, after a double click or a broken
process, does only what was not done.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.encoders import queries as encoders
from pms.frontdesk import groups
from pms.frontdesk.service.check_in import MachineMissing, Sheet, check_in
from pms.keycards import queries as keycards
from pms.keycards import stacks
from pms.keycards.rules import MAX_COPIES
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.rooms.models import HousekeepingStatus
    from pms.stays.models import Stay


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one room: checked in, or why not."""

    stay_id: int
    refusal: DomainError | None


def check_in_group(
    *,
    reservation_id: int,
    stay_ids: Collection[int],
    accepted: Collection[HousekeepingStatus],
    request_id: str,
    actor: Actor,
    now: datetime,
) -> list[Outcome]:
    """Check these rooms of a booking in, each into its own room or the best one that is in an accepted state."""
    wanted = [stay.id for stay in groups.arriving(reservation_id, now=now) if stay.id in stay_ids]
    return [_member(stay_id, accepted, _request(request_id, stay_id), actor, now) for stay_id in wanted]


def make_stack(
    *,
    reservation_id: int,
    stay_ids: Collection[int],
    cards_each: int | None,
    encoder_id: int | None,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> str | None:
    """Have cards made for those of the group who are in house without one: so many each, or (None) one for each adult.

    The id of the batch; None where nobody needs any. The same form again gives the same stack.
    """
    batch_id = _request(request_id, "cards")
    with transaction():
        if encoders.batch(batch_id):
            return batch_id
        copies = _copies(reservation_id, stay_ids, cards_each, now)
        if not copies:
            return None
        if encoder_id is None:
            raise MachineMissing
        return stacks.issue(copies=copies, encoder_id=encoder_id, request_id=batch_id, actor=actor, now=now)


def _member(
    stay_id: int, accepted: Collection[HousekeepingStatus], request_id: str, actor: Actor, now: datetime
) -> Outcome:
    try:
        with transaction():
            if stays.find_done(stay_id=stay_id, request_id=request_id) is None:
                stay = stay_queries.get_stay(stay_id)
                check_in(
                    stay_id=stay_id,
                    sheet=Sheet(room_id=_room(stay, accepted, now)),
                    cards=0,
                    encoder_id=None,
                    request_id=request_id,
                    actor=actor,
                    now=now,
                )
    except DomainError as refusal:
        return Outcome(stay_id, refusal)
    return Outcome(stay_id, None)


def _room(stay: Stay, accepted: Collection[HousekeepingStatus], now: datetime) -> int | None:
    if stay.state is not StayState.CONFIRMED:
        return None  # the check-in itself says what is wrong
    proposal, obstacle = groups.choose(stay, accepted=accepted, now=now)
    if obstacle is not None:
        raise obstacle
    return proposal.facts.room_id if proposal is not None else None


def _copies(reservation_id: int, stay_ids: Collection[int], cards_each: int | None, now: datetime) -> dict[int, int]:
    here = [stay for stay in groups.arriving(reservation_id, now=now) if stay.id in stay_ids]
    ids = [stay.id for stay in here]
    keys, under_way = keycards.summary_for_stays(ids, now=now), encoders.stays_with_open_jobs(ids)
    return {
        stay.id: min(stay.adults, MAX_COPIES) if cards_each is None else cards_each
        for stay in sorted(here, key=lambda stay: stay.room.number if stay.room else "")
        if groups.needs_keys(stay, keys[stay.id], is_under_way=stay.id in under_way)
    }


def _request(request_id: str, what: int | str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{request_id}/{what}"))
