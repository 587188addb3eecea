"""What makes a day of the demo hotel lively: a group to come, day use, what housekeepers
found."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pms.availability import queries as availability
from pms.demo import people
from pms.guests import service as guests
from pms.guests.rules import GuestFields
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.rooms import service as room_service
from pms.rooms.models import Sight
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from datetime import date, datetime
    from random import Random

    from pms.core.actor import Actor
    from pms.rooms.models import Room
    from pms.stays.models import Stay

_GROUP = ("Chamber choir Augsburg", ("Ruth Ebner", "Karl Ebner", "Lotte Hahn", "Ivo Brandl", "Sina Maurer", ""))


def liven(random: Random, *, desk: Actor, cleaner: Actor, now: datetime) -> None:
    """See above; each part is left out where the hotel has no room for it just now."""
    house = properties.get_property()
    today = now.astimezone(house.zone).date()
    _book_group(today, desk, now)
    _book_day_use(random, today, desk, now)
    _look_in(cleaner, now)


def _book_group(today: date, desk: Actor, now: datetime) -> None:
    """Six rooms in about a week's time, one of them not named yet, one for a night longer."""
    name, members = _GROUP
    found = _where_a_group_fits(today)
    if found is None:
        return
    arrival, kinds = found
    fields = [GuestFields(family_name=text.split()[1], given_name=text.split()[0]) for text in members if text]
    ids = [guests.create_guest(fields=each, actor=desk, now=now).id for each in fields]
    stays.book_many(
        guest_id=ids[0],
        wishes=[
            stays.RoomWish(
                room_type_id=kinds[place % 2],
                arrival_date=arrival,
                departure_date=arrival + timedelta(days=3 if place == 4 else 2),
                guest_id=ids[place] if place < len(ids) else None,
                wishes=("quiet", "low_floor") if place == 2 else (),
                note="Arrives with the instruments" if place == 3 else "",
            )
            for place in range(len(members))
        ],
        group_name=name,
        note="One bill for all rooms; breakfast at seven on both days",
        source="mail",
        actor=desk,
        now=now,
    )


def _where_a_group_fits(today: date) -> tuple[date, list[int]] | None:
    """The first day from the sixth on, for a fortnight, on which two types have three rooms left for three nights."""
    for ahead in range(6, 20):
        arrival = today + timedelta(days=ahead)
        offers = availability.offers(arrival=arrival, departure=arrival + timedelta(days=3))
        kinds = [offer.type_id for offer in offers if offer.free >= 3]
        if len(kinds) >= 2:
            return arrival, kinds
    return None


def _book_day_use(random: Random, today: date, desk: Actor, now: datetime) -> None:
    tomorrow = today + timedelta(days=1)
    free = stay_queries.free_rooms(arrival=tomorrow, departure=tomorrow, hours=(9, 15))
    if not free:
        return
    # Not in the best of them, which the next who walks in is given for the night.
    guest = guests.create_guest(fields=people.invent(random), actor=desk, now=now)
    wish = stays.RoomWish(
        room_type_id=free[-1].room.room_type_id,
        room_id=free[-1].room.id,
        arrival_date=tomorrow,
        departure_date=tomorrow,
        arrival_hour=9,
        departure_hour=15,
        is_day_use=True,
        note="Between two flights",
    )
    stays.book_many(guest_id=guest.id, wishes=[wish], source="phone", actor=desk, now=now)


def _look_in(cleaner: Actor, now: datetime) -> None:
    """A floor is taken; one room is not as the desk believes, two others are."""
    today = now.astimezone(properties.get_property().zone).date()
    floors = rooms.list_floors()
    room_service.take_floor(floor_id=floors[0].id, day=today, actor=cleaner, now=now)
    here = [stay for stay in stay_queries.in_house() if _stays_on(stay, today)]
    taken = {stay.room_id for stay in stay_queries.in_house()}
    vacant: list[Room] = [room for room in rooms.list_rooms() if room.id not in taken and not room.out_of_order]
    seen = [(stay.room_id, Sight.EMPTY if place == 0 else Sight.OCCUPIED) for place, stay in enumerate(here[:3])]
    seen += [(room.id, Sight.LUGGAGE) for room in vacant[:1]]
    for room_id, found in seen:
        if room_id is not None:
            room_service.note_sighting(room_id=room_id, found=found, actor=cleaner, now=now - timedelta(minutes=15))


def _stays_on(stay: Stay, today: date) -> bool:
    return stay.state is StayState.IN_HOUSE and stay.departure_date > today
