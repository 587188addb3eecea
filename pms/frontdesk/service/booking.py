"""Promises: a booking, and what is changed of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.frontdesk.service.common import SameForm, followed, with_keys
from pms.frontdesk.service.leaving import cancel
from pms.guests import service as guests
from pms.guests.service import GuestFields
from pms.keycards.models import EndReason
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from pms.core.actor import Actor
    from pms.stays.models import Stay, StayStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a party wants: from when to when, in which type or room, how many; hours None: the house's; `sleeper` None: whoever
    books sleeps there."""

    room_type_id: int
    room_id: int | None
    arrival_date: date
    departure_date: date
    arrival_hour: int | None = None
    departure_hour: int | None = None
    is_day_use: bool = False
    adults: int = 1
    children: int = 0
    wishes: Sequence[str] | None = None
    note: str | None = None
    night_price: int | None = None
    sleeper: GuestFields | None = None


def book(
    *,
    guest: int | GuestFields,
    rooms: Sequence[Wish],
    group_name: str = "",
    note: str = "",
    source: str = "desk",
    request_id: str,
    actor: Actor,
    now: datetime,
) -> Stay:
    """Promise one or several rooms under one code, all or nothing; the first stay of them.

    The guest is known (the id) or new (the fields); new guests, also those who sleep in further rooms, are made with it.
    """
    try:
        return promise(
            guest=guest,
            rooms=rooms,
            group_name=group_name,
            note=note,
            source=source,
            request_id=request_id,
            actor=actor,
            now=now,
        )
    except SameForm as same:
        return stay_queries.get_stay(same.stay_id)


def promise(
    *,
    guest: int | GuestFields,
    rooms: Sequence[Wish],
    group_name: str = "",
    note: str = "",
    source: str,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> Stay:
    """As `book`; SameForm where the form was posted before, for callers who do more in the same transaction."""
    with transaction():
        earlier = stay_queries.find_by_request(request_id)
        if earlier is not None:
            raise SameForm(earlier.id)
        guest_id = guest if isinstance(guest, int) else guests.create_guest(fields=guest, actor=actor, now=now).id
        wishes = [_room_wish(wish, actor, now) for wish in rooms]
        stay = stays.book_many(
            guest_id=guest_id,
            wishes=wishes,
            group_name=group_name,
            note=note,
            source=source,
            request_id=request_id,
            actor=actor,
            now=now,
        )[0]
        if stay.guest_id != (wishes[0].guest_id or guest_id):
            # The same form won the race while this one entered the guest: that guest must not stay behind.
            raise SameForm(stay.id)
        return stay


def add_room(*, reservation_id: int, wish: Wish, request_id: str, actor: Actor, now: datetime) -> Stay:
    """One more room under the same code, for whoever booked or for somebody new."""
    with transaction():
        earlier = stay_queries.find_by_step(request_id)
        if earlier is not None:
            return earlier
        return stays.add_room(
            reservation_id=reservation_id,
            wish=_room_wish(wish, actor, now),
            request_id=request_id,
            actor=actor,
            now=now,
        )


def name_guest(
    *, stay_id: int, fields: GuestFields, version: int | None, request_id: str, actor: Actor, now: datetime
) -> StayStep:
    """Enter who sleeps in a room that was kept in the booker's name."""
    with transaction():
        done = stays.find_done(stay_id=stay_id, request_id=request_id)
        if done is not None:
            return done
        guest = guests.create_guest(fields=fields, actor=actor, now=now)
        return stays.name_guest(
            stay_id=stay_id, guest_id=guest.id, version=version, request_id=request_id, actor=actor, now=now
        )


def cancel_all(*, code: str, actor: Actor, now: datetime) -> int:
    """Every room of the booking that is still expected is off, and its keys made ahead; all or nothing. How many."""
    with transaction():
        expected = [stay.id for stay in stay_queries.of_code(code) if stay.state is StayState.CONFIRMED]
        for stay_id in sorted(expected):
            cancel(stay_id=stay_id, actor=actor, now=now)
        return len(expected)


def _room_wish(wish: Wish, actor: Actor, now: datetime) -> stays.RoomWish:
    sleeper = None if wish.sleeper is None else guests.create_guest(fields=wish.sleeper, actor=actor, now=now).id
    return stays.RoomWish(
        room_type_id=wish.room_type_id,
        room_id=wish.room_id,
        arrival_date=wish.arrival_date,
        departure_date=wish.departure_date,
        arrival_hour=wish.arrival_hour,
        departure_hour=wish.departure_hour,
        is_day_use=wish.is_day_use,
        adults=wish.adults,
        children=wish.children,
        wishes=wish.wishes or (),
        note=wish.note or "",
        guest_id=sleeper,
        night_price=wish.night_price,
    )


def change(
    *,
    stay_id: int,
    wish: Wish,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Other dates, type or party of a stay that has not begun; another type gives the room back, and ends its cards."""

    def act() -> StayStep:
        return stays.change(
            stay_id=stay_id,
            version=version,
            request_id=request_id,
            arrival_date=wish.arrival_date,
            departure_date=wish.departure_date,
            room_type_id=wish.room_type_id,
            adults=wish.adults,
            children=wish.children,
            wishes=wish.wishes,
            note=wish.note,
            night_price=wish.night_price,
            actor=actor,
            now=now,
        )

    with transaction():
        if stays.hold(stay_id=stay_id).room_type_id == wish.room_type_id:
            return followed(act, stay_id, now)
        return with_keys(EndReason.MOVED, act, stay_id=stay_id, request_id=request_id, actor=actor, now=now)
