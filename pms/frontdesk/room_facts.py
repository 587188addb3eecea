"""The facts by which rooms are proposed to a party: a fixed number of queries, however many rooms are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.frontdesk import proposals
from pms.frontdesk.proposals import LockState, Proposal, RoomFacts, Wanted
from pms.locks import queries as locks
from pms.locks.rules import is_low
from pms.rooms.rules import FEATURE_WORDS
from pms.stays import gaps
from pms.stays import queries as stays

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from pms.locks.models import Lock
    from pms.stays.gaps import Gap
    from pms.stays.models import Stay
    from pms.stays.queries import RoomOffer


def propose(stay: Stay, *, departure: date | None = None, but: Collection[int] = ()) -> list[Proposal]:
    """Rooms that the party could get, best first, each with its reasons; `but` are rooms that others get at the moment."""
    until = max(stay.departure_date if departure is None else departure, stay.arrival_date)
    offers = [
        offer
        for offer in stays.free_rooms(
            room_type_id=stay.room_type_id,
            arrival=stay.arrival_date,
            departure=until,
            except_stay_id=stay.id,
            arrival_hour=stay.arrival_hour,
            # Another hour was agreed for the day that was to be the last one.
            departure_hour=stay.departure_hour if until == stay.departure_date else None,
        )
        if offer.room.id not in but or offer.room.id == stay.room_id
    ]
    ids = [offer.room.id for offer in offers]
    around = gaps.around(ids, arrival=stay.arrival_date, departure=until, except_stay_id=stay.id)
    hung = {door.room_id: door.lock for door in locks.list_doors(ids)}
    floors = _floors_of_group(stay)
    wanted = Wanted(
        booked_type=stay.room_type.name,
        arrival=stay.arrival_date,
        departure=until,
        # Hours are agreed and a cot is brought; only what a room has can be met by choosing it.
        wishes=[wish for wish in stay.wishes if wish in FEATURE_WORDS],
    )
    return proposals.propose(
        (_facts(offer, stay, around[offer.room.id], hung.get(offer.room.id), floors) for offer in offers), wanted
    )


def _facts(offer: RoomOffer, stay: Stay, gap: Gap, lock: Lock | None, floors: set[int]) -> RoomFacts:
    room = offer.room
    is_booked = room.room_type_id == stay.room_type_id
    return RoomFacts(
        room_id=room.id,
        number=room.number,
        room_type=room.room_type.name,
        type_distance=0 if is_booked else max(1, abs(room.room_type.position - stay.room_type.position)),
        housekeeping=room.housekeeping,
        is_vacant=offer.is_vacant,
        is_own=room.id == stay.room_id,
        features=room.features,
        free_since=gap.free_since,
        free_until=gap.free_until,
        is_near_group=room.floor_id in floors,
        lock=_lock_state(lock),
    )


def _lock_state(lock: Lock | None) -> LockState:
    if lock is None:
        return LockState.MISSING
    if lock.is_blank:
        return LockState.NOT_SET_UP
    return LockState.LOW if is_low(lock.battery_percent) else LockState.GOOD


def _floors_of_group(stay: Stay) -> set[int]:
    others = stays.of_reservation(stay.reservation_id)
    return {other.room.floor_id for other in others if other.id != stay.id and other.room is not None}
