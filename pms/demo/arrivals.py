"""What today's desk has to do beyond one guest after the other: a group that arrives, and somebody who waits for a room."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pms.frontdesk import service as frontdesk
from pms.guests import service as guests
from pms.guests.rules import GuestFields
from pms.properties import queries as properties
from pms.rooms import queries as room_queries
from pms.rooms import service as rooms
from pms.rooms.models import HousekeepingStatus
from pms.stays import queries as stay_queries
from pms.stays import service as stays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.stays.queries import RoomOffer

_GROUP = "Nordwind Quartet"
_PLAYERS = (("Nordwind", "Signe"), ("Lindqvist", "Axel"), ("Dahl", "Freja"), ("Rasmussen", "Emil"))
_REQUEST = "00000000-0000-4000-8000-000000000001"
_WAITING = ("Okafor", "Adaeze")
# A group and somebody who waits need that many rooms of one type.
NEEDED = len(_PLAYERS) + 1


def arrive(*, desk: Actor, cleaner: Actor, now: datetime) -> None:
    """A quartet with four rooms, one of them not clean yet and one not chosen; and a guest whose room is being cleaned.

    Where the house has not enough rooms left of one type, nobody comes.
    """
    today = now.astimezone(properties.get_property().zone).date()
    free = _rooms(stay_queries.free_rooms(arrival=today, departure=today + timedelta(days=2)))
    if len(free) < NEEDED:
        return
    chosen, waited_for = free[: len(_PLAYERS)], free[len(_PLAYERS)]
    players = [_guest(family, given, desk, now) for family, given in _PLAYERS]
    wishes = [
        stays.RoomWish(
            room_type_id=offer.room.room_type_id,
            room_id=None if place == len(_PLAYERS) - 1 else offer.room.id,
            arrival_date=today,
            departure_date=today + timedelta(days=2),
            guest_id=player,
            wishes=("quiet",) if place == 0 else (),
            note="Brings a cello" if place == 1 else "",
        )
        for place, (player, offer) in enumerate(zip(players, chosen, strict=True))
    ]
    stays.book_many(
        guest_id=players[0], wishes=wishes, group_name=_GROUP, note="Breakfast at seven", actor=desk, now=now
    )
    for offer in (chosen[2], waited_for):
        rooms.set_housekeeping(room_id=offer.room.id, status=HousekeepingStatus.DIRTY, actor=cleaner, now=now)
    for offer in chosen[:2]:
        rooms.set_housekeeping(room_id=offer.room.id, status=HousekeepingStatus.INSPECTED, actor=cleaner, now=now)
    stay = stays.book(
        guest_id=_guest(*_WAITING, desk, now),
        room_type_id=waited_for.room.room_type_id,
        room_id=waited_for.room.id,
        arrival_date=today,
        departure_date=today + timedelta(days=1),
        actor=desk,
        now=now,
    )
    expected_at = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0) + timedelta(minutes=30)
    frontdesk.check_in_ahead(
        stay_id=stay.id,
        sheet=frontdesk.AS_IT_IS,
        room_expected_at=expected_at,
        request_id=_REQUEST,
        actor=desk,
        now=now,
    )


def _rooms(offers: Sequence[RoomOffer]) -> list[RoomOffer]:
    """Empty rooms of the type that has most of them left."""
    by_type: dict[int, list[RoomOffer]] = {kind.id: [] for kind in room_queries.list_room_types()}
    for offer in offers:
        if offer.is_vacant:
            by_type[offer.room.room_type_id].append(offer)
    return max(by_type.values(), key=len)


def _guest(family_name: str, given_name: str, desk: Actor, now: datetime) -> int:
    fields = GuestFields(
        family_name=family_name,
        given_name=given_name,
        phone=f"+45 20 55 {len(family_name):02} {len(given_name):02}",
        nationality="DK",
        document_kind="passport",
        document_number=f"DK{family_name[:4].upper()}{len(given_name)}",
    )
    return guests.create_guest(fields=fields, actor=desk, now=now).id
