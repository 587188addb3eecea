"""Promises: a booking, and what is changed of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.frontdesk.service.common import SameForm, followed, with_keys
from pms.guests import service as guests
from pms.guests.service import GuestFields
from pms.keycards.models import EndReason
from pms.stays import queries as stay_queries
from pms.stays import service as stays

if TYPE_CHECKING:
    from datetime import date, datetime

    from pms.core.actor import Actor
    from pms.stays.models import Stay, StayStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a party wants: from when to when, in which type or room, how many; hours None: the house's."""

    room_type_id: int
    room_id: int | None
    arrival_date: date
    departure_date: date
    adults: int = 1
    children: int = 0
    note: str = ""
    arrival_hour: int | None = None
    departure_hour: int | None = None
    is_day_use: bool = False


def book(
    *, guest: int | GuestFields, wish: Wish, source: str = "desk", request_id: str, actor: Actor, now: datetime
) -> Stay:
    """Promise a room to a known guest (the id) or to a new one (the fields), whose row is made with it."""
    try:
        return promise(guest, wish, source, request_id, actor, now)
    except SameForm as same:
        return stay_queries.get_stay(same.stay_id)


def promise(guest: int | GuestFields, wish: Wish, source: str, request_id: str, actor: Actor, now: datetime) -> Stay:
    with transaction():
        earlier = stay_queries.find_by_request(request_id)
        if earlier is not None:
            raise SameForm(earlier.id)
        guest_id = guest if isinstance(guest, int) else guests.create_guest(fields=guest, actor=actor, now=now).id
        room = stays.RoomWish(
            room_type_id=wish.room_type_id,
            room_id=wish.room_id,
            arrival_date=wish.arrival_date,
            departure_date=wish.departure_date,
            arrival_hour=wish.arrival_hour,
            departure_hour=wish.departure_hour,
            is_day_use=wish.is_day_use,
            adults=wish.adults,
            children=wish.children,
        )
        [stay] = stays.book_many(
            guest_id=guest_id,
            wishes=[room],
            note=wish.note,
            source=source,
            request_id=request_id,
            actor=actor,
            now=now,
        )
        if stay.guest_id != guest_id:
            # The same form won the race while this one entered the guest: that guest must not stay behind.
            raise SameForm(stay.id)
        return stay


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
            actor=actor,
            now=now,
        )

    with transaction():
        if stays.hold(stay_id=stay_id).room_type_id == wish.room_type_id:
            return followed(act, stay_id, now)
        return with_keys(EndReason.MOVED, act, stay_id=stay_id, request_id=request_id, actor=actor, now=now)
