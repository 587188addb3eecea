"""Promising rooms: one or several of them under one code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import transaction
from pms.core.errors import DomainError, NotFound
from pms.guests import queries as guests
from pms.guests.models import Guest
from pms.properties import queries as properties
from pms.reservations import service as reservations
from pms.reservations.models import Reservation
from pms.rooms.models import RoomType
from pms.stays import nights, queries, rules, steps
from pms.stays.models import Stay, StayState, StepKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomWish:
    """One room that is wanted: of a type, or a certain one. `guest_id` None: the booker sleeps there; hours None: the house's;
    `night_price` None: that of the type."""

    room_type_id: int
    room_id: int | None = None
    arrival_date: date
    departure_date: date
    arrival_hour: int | None = None
    departure_hour: int | None = None
    is_day_use: bool = False
    adults: int = 1
    children: int = 0
    wishes: Sequence[str] = ()
    note: str = ""
    guest_id: int | None = None
    night_price: int | None = None


def book_many(
    *,
    guest_id: int,
    wishes: Sequence[RoomWish],
    group_name: str = "",
    note: str = "",
    source: str = "desk",
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> list[Stay]:
    """Promise several rooms under one code, all of them or none; posting the same `request_id` again gives the same stays.

    RoomTaken, RoomClosed, HoursTaken or TypeSoldOut where the house has none left, BadDates, BadHours, DayUseNeedsRoom and
    ArrivalInThePast for what is impossible.
    """
    with transaction() as session:
        guests.check_known(guest_id)
        if session.get(Guest, guest_id) is None or not wishes:
            raise NotFound
        for line, wish in enumerate(wishes):
            _check(session, wish, line)
        made = reservations.create(
            booker_id=guest_id, note=note, source=source, group_name=group_name, request_id=request_id, now=now
        )
        if not made.is_new:
            return list(
                session.scalars(sa.select(Stay).where(Stay.reservation_id == made.reservation.id).order_by(Stay.id))
            )
        local_now = now.astimezone(properties.get_property().zone)
        for line, wish in enumerate(wishes):
            if wish.arrival_date < rules.tonight(local_now):
                raise rules.ArrivalInThePast(line=line)
        rooms = [wish.room_id for wish in wishes if wish.room_id is not None]
        nights.lock(session, type_ids=[wish.room_type_id for wish in wishes], room_ids=rooms)
        return [
            _promise_line(session, made.reservation, line, wish, guest_id, actor, now)
            for line, wish in enumerate(wishes)
        ]


def add_room(
    *, reservation_id: int, wish: RoomWish, request_id: str | None = None, actor: Actor, now: datetime
) -> Stay:
    """One more room under the code that the guest knows already. Refusals as `book_many`; NotFound."""
    with transaction() as session:
        reservation = session.get(Reservation, reservation_id, with_for_update={"key_share": True})
        if reservation is None:
            raise NotFound
        if request_id and (earlier := queries.find_by_step(request_id)):
            return earlier
        _check(session, wish)
        rules.check_arrival(wish.arrival_date, now.astimezone(properties.get_property().zone))
        rooms = [] if wish.room_id is None else [wish.room_id]
        nights.lock(session, type_ids=[wish.room_type_id], room_ids=rooms)
        return _promise(session, reservation, wish, reservation.booker_id, request_id, actor, now)


def _promise_line(
    session: Session, reservation: Reservation, line: int, wish: RoomWish, booker_id: int, actor: Actor, now: datetime
) -> Stay:
    """One of several; a refusal names its place in the list, from 0, as `line`."""
    try:
        return _promise(session, reservation, wish, booker_id, None, actor, now)
    except DomainError as error:
        error.params.setdefault("line", line)
        raise


def _check(session: Session, wish: RoomWish, line: int = 0) -> None:
    if session.get(RoomType, wish.room_type_id) is None:
        raise NotFound
    if wish.guest_id is not None:
        guests.check_known(wish.guest_id)
        if session.get(Guest, wish.guest_id) is None:
            raise NotFound
    try:
        rules.check_span(wish.arrival_date, wish.departure_date, is_day_use=wish.is_day_use)
        rules.check_hours(
            arrival_hour=wish.arrival_hour,
            departure_hour=wish.departure_hour,
            is_day_use=wish.is_day_use,
            house=properties.get_property(),
        )
        if wish.is_day_use and wish.room_id is None:
            raise rules.DayUseNeedsRoom
    except DomainError as error:
        error.params.setdefault("line", line)
        raise


def _promise(
    session: Session,
    reservation: Reservation,
    wish: RoomWish,
    booker_id: int,
    request_id: str | None,
    actor: Actor,
    now: datetime,
) -> Stay:
    kind = session.get_one(RoomType, wish.room_type_id)
    stay = Stay(
        reservation_id=reservation.id,
        guest_id=wish.guest_id or booker_id,
        room_type_id=wish.room_type_id,
        room_id=wish.room_id,
        arrival_date=wish.arrival_date,
        departure_date=wish.departure_date,
        arrival_hour=wish.arrival_hour,
        departure_hour=wish.departure_hour,
        is_day_use=wish.is_day_use,
        adults=wish.adults,
        children=wish.children,
        wishes=rules.clean_wishes(wish.wishes),
        note=wish.note.strip(),
        night_price=kind.night_price if wish.night_price is None else wish.night_price,
        state=StayState.CONFIRMED,
    )
    if wish.room_id is not None:
        steps.check_in_order(session, wish.room_id)
    session.add(stay)
    session.flush()
    nights.move(session, stay, nights.Hold(), nights.wanted(session, stay, date.min))
    steps.note(session, stay, StepKind.BOOKED, before=None, request_id=request_id, actor=actor, now=now)
    return stay
