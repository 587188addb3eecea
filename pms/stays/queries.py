"""Reads of stays for pages and for the features above."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.text import digits_of, fold
from pms.guests import queries as guests
from pms.guests.models import Guest
from pms.properties import queries as properties
from pms.reservations.models import Reservation
from pms.rooms.models import Floor, HousekeepingStatus, Room
from pms.stays.models import RoomClosure, RoomDay, RoomNight, Stay, StayState, StayStep, StepKind
from pms.web.paging import Page, cut

WITH_ALL = (
    joinedload(Stay.guest),
    joinedload(Stay.reservation),
    joinedload(Stay.room_type),
    joinedload(Stay.room).joinedload(Room.floor),
    joinedload(Stay.room).joinedload(Room.room_type),
)
_PRESENT = (StayState.CONFIRMED, StayState.IN_HOUSE)
_IS_WAITING = (Stay.state == StayState.CONFIRMED, Stay.waiting_since.is_not(None))
_PAGE = 50


@dataclass(frozen=True, slots=True)
class RoomOffer:
    """A free room for certain nights: whether nobody is inside now, and whether a guest could be let in now."""

    room: Room
    is_booked_type: bool
    is_vacant: bool
    is_ready: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody found by the search, with the stay that matters now."""

    guest: Guest
    stay: Stay | None


def get_stay(stay_id: int) -> Stay:
    """The stay with guest, reservation, type and room; NotFound."""
    stay = db.session.scalars(sa.select(Stay).where(Stay.id == stay_id).options(*WITH_ALL)).one_or_none()
    if stay is None:
        raise NotFound
    return stay


def former_among(guest_ids: Collection[int], stay_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Which of these guests were anonymised, and which of these stays are of such guests."""
    if not stay_ids:
        return guests.former_among(guest_ids), set()
    query = sa.select(Stay.id).join(Guest, Guest.id == Stay.guest_id)
    query = query.where(Stay.id.in_(stay_ids), Guest.anonymised_at.is_not(None))
    return guests.former_among(guest_ids), set(db.session.scalars(query))


def in_house() -> list[Stay]:
    """Everybody who is checked in."""
    return _stays(Stay.state == StayState.IN_HOUSE)


def present_today(day: date) -> list[Stay]:
    """Everybody who is in house, and everybody who should have come by the end of that day."""
    return _stays(
        sa.or_(
            Stay.state == StayState.IN_HOUSE,
            sa.and_(Stay.state == StayState.CONFIRMED, Stay.arrival_date <= day),
        )
    )


def of_guest(guest_id: int) -> list[Stay]:
    """All stays of a guest, newest first."""
    return _stays(Stay.guest_id == guest_id, order=(Stay.arrival_date.desc(),))


def of_room(room_id: int, *, since: date) -> list[Stay]:
    """Stays of a room that are present or to come, or ended since then."""
    return _stays(
        Stay.room_id == room_id, Stay.departure_date >= since, Stay.state.in_([*_PRESENT, StayState.CHECKED_OUT])
    )


def of_same_party(stay: Stay) -> list[Stay]:
    """Other stays of the same guest or reservation that share a night with this one and have a room."""
    return _stays(
        Stay.id != stay.id,
        sa.or_(Stay.guest_id == stay.guest_id, Stay.reservation_id == stay.reservation_id),
        Stay.room_id.is_not(None),
        Stay.state.in_(_PRESENT),
        Stay.arrival_date < stay.departure_date,
        Stay.departure_date > stay.arrival_date,
    )


def of_code(code: str) -> list[Stay]:
    """Every room of a booking, in the order in which they were booked; NotFound for a code that nobody has."""
    found = _stays(
        Stay.reservation_id.in_(sa.select(Reservation.id).where(Reservation.code == code)), order=(Stay.id.asc(),)
    )
    if not found:
        raise NotFound
    return found


def booker_of(reservation: Reservation) -> Guest:
    """Who booked, who need not sleep in any of the rooms."""
    return db.session.get_one(Guest, reservation.booker_id)


def find_in_room(room_id: int) -> Stay | None:
    """Who is checked in to the room."""
    return next(iter(_stays(Stay.room_id == room_id, Stay.state == StayState.IN_HOUSE)), None)


def find_waiting(room_id: int) -> Stay | None:
    """Who was checked in ahead and waits for the room; of several the one who waits longest."""
    order = (Stay.waiting_since.asc(), Stay.id.asc())
    return next(iter(_stays(Stay.room_id == room_id, *_IS_WAITING, order=order)), None)


def get_reservation(reservation_id: int) -> Reservation:
    """What several stays were booked under; NotFound."""
    reservation = db.session.get(Reservation, reservation_id)
    if reservation is None:
        raise NotFound
    return reservation


def of_reservation(reservation_id: int) -> list[Stay]:
    """The stays under one code, in the order in which they were booked."""
    return _stays(Stay.reservation_id == reservation_id, order=(Stay.id.asc(),))


def find_by_request(request_id: str) -> Stay | None:
    """The stay that this form booked already; of several the first."""
    return db.session.scalars(
        sa.select(Stay)
        .join(Reservation, Reservation.id == Stay.reservation_id)
        .where(Reservation.request_id == request_id)
        .order_by(Stay.id)
        .limit(1)
    ).one_or_none()


def find_by_step(request_id: str) -> Stay | None:
    """The stay to which a step was done by this form, or None."""
    return db.session.scalars(
        sa.select(Stay).join(StayStep, StayStep.stay_id == Stay.id).where(StayStep.request_id == request_id)
    ).one_or_none()


def closures_on(day: date) -> dict[int, RoomClosure]:
    """By room: why it is not let on the night after that day."""
    found = db.session.scalars(
        sa.select(RoomClosure).join(RoomNight, RoomNight.closure_id == RoomClosure.id).where(RoomNight.night == day)
    )
    return {closure.room_id: closure for closure in found}


def get_step(stay_id: int, step_id: int) -> StayStep:
    """One step of a stay; NotFound."""
    step = db.session.get(StayStep, step_id)
    if step is None or step.stay_id != stay_id:
        raise NotFound
    return step


def list_steps(stay_id: int) -> list[StayStep]:
    """Everything that was done to a stay, newest first."""
    return list(db.session.scalars(sa.select(StayStep).where(StayStep.stay_id == stay_id).order_by(StayStep.id.desc())))


def last_step(stay_id: int) -> StayStep | None:
    """The step that could be undone: the newest one that was not; None for a mere booking."""
    step = next((step for step in list_steps(stay_id) if step.undone_at is None), None)
    return step if step is not None and step.before is not None else None


def checked_in_after_waiting(stay_ids: Collection[int]) -> set[int]:
    """Those of the stays that waited for their room until the moment of their check-in."""
    steps = db.session.scalars(
        sa.select(StayStep).where(
            StayStep.stay_id.in_(stay_ids), StayStep.kind == StepKind.CHECKED_IN, StayStep.undone_at.is_(None)
        )
    )
    return {step.stay_id for step in steps if step.before and step.before.get("waiting_since")}


def free_rooms(
    *,
    arrival: date,
    departure: date,
    room_type_id: int | None = None,
    except_stay_ids: Collection[int] = (),
    hours: tuple[int, int] | None = None,
    arrival_hour: int | None = None,
    departure_hour: int | None = None,
) -> list[RoomOffer]:
    """Rooms without another stay on these nights, best first: the booked type, ready, nobody inside, by number.

    On the first and the last day nobody else has the room after `arrival_hour` and before `departure_hour` (None: the
    house's). For day use, `hours` are those in which nobody else may have it.
    """
    if hours is None:
        house = properties.get_property()
        comes = house.check_in_hour if arrival_hour is None else arrival_hour
        goes = house.check_out_hour if departure_hour is None else departure_hour
        taken = _taken_nights(arrival, departure, except_stay_ids).union(
            _taken_at_ends(arrival, comes, departure, goes, except_stay_ids)
        )
    else:
        taken = sa.union(_taken_in_hours(arrival, *hours))
    inside = sa.select(Stay.room_id).where(
        Stay.state == StayState.IN_HOUSE, Stay.room_id.is_not(None), Stay.id.not_in(except_stay_ids)
    )
    rooms = db.session.scalars(
        sa.select(Room)
        .where(~Room.out_of_order, Room.id.not_in(taken))
        .options(joinedload(Room.floor).joinedload(Floor.building), joinedload(Room.room_type))
        .order_by(Room.number)
    ).all()
    occupied = set(db.session.scalars(inside))
    offers = [
        RoomOffer(
            room=room,
            is_booked_type=room.room_type_id == room_type_id,
            is_vacant=room.id not in occupied,
            is_ready=room.housekeeping is not HousekeepingStatus.DIRTY and room.id not in occupied,
        )
        for room in rooms
    ]
    return sorted(
        offers,
        key=lambda offer: (
            not offer.is_booked_type,
            not offer.is_ready,
            not offer.is_vacant,
            offer.room.room_type.position,
        ),
    )


def _taken_nights(arrival: date, departure: date, except_stay_ids: Collection[int]) -> sa.Select[Any]:
    return sa.select(RoomNight.room_id).where(
        RoomNight.night >= arrival,
        RoomNight.night < departure,
        # Closed nights are nobody's.
        sa.or_(RoomNight.stay_id.not_in(except_stay_ids), RoomNight.stay_id.is_(None)),
    )


def _taken_at_ends(
    arrival: date, comes: int, departure: date, goes: int, except_stay_ids: Collection[int]
) -> sa.Select[Any]:
    """Rooms that somebody leaves too late on the arrival date, or has too early on the departure date."""

    def others(stay_id: InstrumentedAttribute[int | None]) -> sa.ColumnElement[bool]:
        return sa.and_(stay_id.is_not(None), stay_id.not_in(except_stay_ids))

    first = sa.and_(
        RoomDay.day == arrival,
        sa.or_(
            sa.and_(RoomDay.leaving_hour > comes, others(RoomDay.leaving_stay_id)),
            sa.and_(RoomDay.day_until_hour > comes, others(RoomDay.day_stay_id)),
        ),
    )
    last = sa.and_(
        RoomDay.day == departure,
        sa.or_(
            sa.and_(RoomDay.arriving_hour < goes, others(RoomDay.arriving_stay_id)),
            sa.and_(RoomDay.day_from_hour < goes, others(RoomDay.day_stay_id)),
        ),
    )
    return sa.select(RoomDay.room_id).where(sa.or_(first, last))


def _taken_in_hours(day: date, since: int, until: int) -> sa.Select[Any]:
    """Rooms that somebody has all day or in some of these hours, or that are closed."""
    meets_another_day_use = sa.and_(RoomDay.day_from_hour < until, RoomDay.day_until_hour > since)
    in_use = sa.select(RoomDay.room_id).where(
        RoomDay.day == day,
        sa.or_(
            RoomDay.through_stay_id.is_not(None),
            RoomDay.leaving_hour > since,
            RoomDay.arriving_hour < until,
            meets_another_day_use,
        ),
    )
    closed = sa.select(RoomNight.room_id).where(RoomNight.night == day, RoomNight.closure_id.is_not(None))
    return sa.select(sa.union(in_use, closed).subquery().c.room_id)


def search(text: str, limit: int = 12) -> list[Hit]:
    """Guests by the beginning of a name, phone or document number, or by the number of their room; see `guests.queries`."""
    by_room = _guests_in_room(text)
    ids = list(dict.fromkeys([*by_room, *guests.search_ids(text, limit=limit)]))[:limit]
    if not ids:
        return []
    found = {guest.id: guest for guest in db.session.scalars(sa.select(Guest).where(Guest.id.in_(ids)))}
    current = _current_stays(ids)
    return [Hit(found[guest_id], current.get(guest_id)) for guest_id in ids if guest_id in found]


def list_page(*, states: Collection[StayState] = (), text: str = "", before_id: int | None = None) -> Page[Stay]:
    """Stays, newest first, a page at a time."""
    query = sa.select(Stay).options(*WITH_ALL).order_by(Stay.id.desc()).limit(_PAGE + 1)
    if states:
        query = query.where(Stay.state.in_(states))
    if before_id is not None:
        query = query.where(Stay.id < before_id)
    if text:
        code = sa.select(Reservation.id).where(Reservation.code == text.strip().upper())
        query = query.where(
            sa.or_(Stay.guest_id.in_(guests.search_ids(text, limit=200)), Stay.reservation_id.in_(code))
        )
    return cut(list(db.session.scalars(query)), _PAGE, "id")


def _guests_in_room(text: str) -> list[int]:
    number = fold(text).upper()
    if not number or not digits_of(number):
        return []
    return list(
        db.session.scalars(
            sa.select(Stay.guest_id)
            .join(Room, Room.id == Stay.room_id)
            .where(Room.number == number, Stay.state.in_(_PRESENT))
            .order_by(Stay.state.desc(), Stay.arrival_date)
            .limit(4)
        )
    )


def _current_stays(guest_ids: Sequence[int]) -> dict[int, Stay]:
    """For each guest the stay that matters: in house first, then the next one expected."""
    rows = db.session.scalars(
        sa.select(Stay)
        .where(Stay.guest_id.in_(guest_ids), Stay.state.in_(_PRESENT))
        .options(*WITH_ALL)
        .order_by(Stay.arrival_date.desc())
    )
    current: dict[int, Stay] = {}
    for stay in rows:
        if stay.guest_id not in current or current[stay.guest_id].state is not StayState.IN_HOUSE:
            current[stay.guest_id] = stay
    return current


def _stays(*where: sa.ColumnElement[bool], order: Sequence[sa.ColumnElement[Any]] = ()) -> list[Stay]:
    query = sa.select(Stay).outerjoin(Room, Room.id == Stay.room_id).where(*where).options(*WITH_ALL)
    return list(db.session.scalars(query.order_by(*(order or (Room.number, Stay.arrival_date, Stay.id)))))
