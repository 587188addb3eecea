"""Which room a stay has, from when until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.frontdesk.service.common import followed, with_keys
from pms.keycards.models import EndReason
from pms.stays import service as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from datetime import date, datetime

    from pms.core.actor import Actor
    from pms.stays.models import StayStep


def assign_room(
    *,
    stay_id: int,
    room_id: int,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Give an expected stay a room; cards that were made ahead for another one are ended."""
    return with_keys(
        EndReason.MOVED,
        lambda: stays.assign_room(
            stay_id=stay_id, room_id=room_id, version=version, request_id=request_id, actor=actor, now=now
        ),
        stay_id=stay_id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def unassign_room(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """Take the room back; cards that were made ahead are ended."""
    return with_keys(
        EndReason.MOVED,
        lambda: stays.unassign_room(stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now),
        stay_id=stay_id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def move_room(
    *,
    stay_id: int,
    room_id: int,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Another room from tonight on: the keys of the old one are ended, and it must be cleaned."""
    return with_keys(
        EndReason.MOVED,
        lambda: stays.move_room(
            stay_id=stay_id, room_id=room_id, version=version, request_id=request_id, actor=actor, now=now
        ),
        stay_id=stay_id,
        request_id=request_id,
        leaves_room=True,
        actor=actor,
        now=now,
    )


def rearrange(
    *,
    stay_id: int,
    room_id: int | None,
    arrival_date: date,
    departure_date: date,
    night_price: int | None = None,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Room and dates in one step; keys of a room that is left are ended, and what was slept in must be cleaned."""

    def act() -> StayStep:
        return stays.rearrange(
            stay_id=stay_id,
            room_id=room_id,
            arrival_date=arrival_date,
            departure_date=departure_date,
            night_price=night_price,
            version=version,
            request_id=request_id,
            actor=actor,
            now=now,
        )

    with transaction():
        stay = stays.hold(stay_id=stay_id)
        if stay.room_id is None or stay.room_id == room_id:
            return followed(act, stay_id, now)
        return with_keys(
            EndReason.MOVED,
            act,
            stay_id=stay_id,
            request_id=request_id,
            leaves_room=stay.state is StayState.IN_HOUSE,
            actor=actor,
            now=now,
        )


def extend(
    *,
    stay_id: int,
    departure_date: date,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Leave later. Cards on paper cannot hear of it: `keycards.queries` tells which must be made again."""

    def act() -> StayStep:
        return stays.extend(
            stay_id=stay_id, departure_date=departure_date, version=version, request_id=request_id, actor=actor, now=now
        )

    return followed(act, stay_id, now)


def shorten(
    *,
    stay_id: int,
    departure_date: date,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Leave earlier. The cards in the guest's hand still work until the old end; the pages say so."""

    def act() -> StayStep:
        return stays.shorten(
            stay_id=stay_id, departure_date=departure_date, version=version, request_id=request_id, actor=actor, now=now
        )

    return followed(act, stay_id, now)


def agree_hours(
    *,
    stay_id: int,
    arrival_hour: int | None,
    departure_hour: int | None,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Come earlier or leave later than usual; keys follow as after an extension."""

    def act() -> StayStep:
        return stays.agree_hours(
            stay_id=stay_id,
            arrival_hour=arrival_hour,
            departure_hour=departure_hour,
            version=version,
            request_id=request_id,
            actor=actor,
            now=now,
        )

    return followed(act, stay_id, now)
