"""The facts by which rooms are proposed to a party: a fixed number of queries, however many rooms are free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.frontdesk import proposals
from pms.frontdesk.proposals import LockState, Proposal, RoomFacts, Wanted
from pms.locks import queries as locks
from pms.locks.rules import is_low
from pms.properties import queries as properties
from pms.rooms.rules import FEATURE_WORDS
from pms.stays import gaps
from pms.stays import queries as stays

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from pms.locks.models import Lock
    from pms.stays.gaps import Gap
    from pms.stays.models import Stay
    from pms.stays.queries import RoomOffer


@dataclass(frozen=True, slots=True)
class Free:
    """Rooms in which some parties could sleep from `arrival` to `departure`, those promised to one of them included."""

    arrival: date
    departure: date
    offers: Sequence[RoomOffer]
    gaps: Mapping[int, Gap]
    locks: Mapping[int | None, Lock | None]


def propose(stay: Stay, *, departure: date | None = None) -> list[Proposal]:
    """Rooms that the party could get, best first, each with its reasons."""
    return proposals_of(stay, free_for([stay], departure=departure), stays.of_reservation(stay.reservation_id))


def free_for(parties: Sequence[Stay], *, departure: date | None = None) -> Free:
    """What is free for parties that come and go alike; `departure` where another one is thought of."""
    stay, ids = parties[0], [party.id for party in parties]
    until = max(stay.departure_date if departure is None else departure, stay.arrival_date)
    offers = stays.free_rooms(
        arrival=stay.arrival_date,
        departure=until,
        except_stay_ids=ids,
        arrival_hour=stay.arrival_hour,
        # Another hour was agreed for the day that was to be the last one.
        departure_hour=stay.departure_hour if until == stay.departure_date else None,
    )
    room_ids = [offer.room.id for offer in offers]
    return Free(
        arrival=stay.arrival_date,
        departure=until,
        offers=offers,
        gaps=gaps.around(room_ids, arrival=stay.arrival_date, departure=until, except_stay_ids=ids),
        locks={door.room_id: door.lock for door in locks.list_doors(room_ids)},
    )


def proposals_of(stay: Stay, free: Free, group: Sequence[Stay], *, but: Collection[int] = ()) -> list[Proposal]:
    """The free rooms, best first for this party; `but` are rooms that others get. `group` are the stays of its booking."""
    floors = {other.room.floor_id for other in group if other.id != stay.id and other.room is not None}
    wanted = Wanted(
        booked_type=stay.room_type.name,
        arrival=free.arrival,
        departure=free.departure,
        # Hours are agreed and a cot is brought; only what a room has can be met by choosing it.
        wishes=[wish for wish in stay.wishes if wish in FEATURE_WORDS],
    )
    return proposals.propose(
        (
            _facts(offer, stay, free.gaps[offer.room.id], free.locks.get(offer.room.id), floors)
            for offer in free.offers
            if offer.room.id not in but or offer.room.id == stay.room_id
        ),
        wanted,
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
    return LockState.LOW if is_low(lock.battery_percent, properties.low_battery()) else LockState.GOOD
