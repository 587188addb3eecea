"""A house with a month of guests in its books, laid straight into the tables: a month at 80 % takes seconds, not minutes.

Everything holds that the services hold: no room has two parties in a night, `type_night` counts what is promised, who is in
house has a room. Some of the later bookings have no room yet.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from pms.accounts import passwords
from pms.accounts.models import Account, Role
from pms.core import clock
from pms.core.db import transaction
from pms.core.ids import new_id
from pms.demo import people
from pms.guests.models import Guest
from pms.properties.models import Property
from pms.reservations.models import Reservation
from pms.rooms.models import Building, Floor, HousekeepingStatus, Room, RoomType
from pms.stays.models import RoomDay, RoomNight, Stay, StayState, TypeNight

PASSWORD = "latchkey-bench"
ROOMS_A_FLOOR = 30
_TYPES = (
    ("STD", "Standard", 2, 9),
    ("TWN", "Twin", 2, 6),
    ("DLX", "Deluxe", 2, 9),
    ("STE", "Suite", 4, 3),
    ("APT", "Apartment", 4, 3),
)
_NIGHTS = (1, 1, 2, 2, 3, 3, 4, 5, 7)
_GAPS = (1, 2, 3)
_HOURS = {"arriving": 15, "leaving": 12}
_PLACES = ("through_stay_id", "leaving_stay_id", "leaving_hour", "arriving_stay_id", "arriving_hour")
_UNASSIGNED = 0.02


@dataclass
class Month:
    """What was laid: the rooms, and how many stays touch the month that begins with `first`."""

    first: date
    days: int
    rooms: int
    stays: int = 0
    room_ids: list[int] = field(default_factory=list)


def fill(*, rooms: int, occupancy: float = 0.8, days: int = 31, seed: int = 7) -> Month:
    """A house of so many rooms with a manager (`manager`, `PASSWORD`) and guests from ten days ago until after the month."""
    random, now = Random(seed), clock.now()
    today = now.date()
    month = Month(first=today - timedelta(days=1), days=days, rooms=rooms)
    tables: dict[type[Any], list[dict[str, Any]]] = {}
    type_of = _lay_house(tables, rooms, now)
    month.room_ids = list(type_of)
    guests = _lay_guests(tables, random, now, count=max(400, rooms * 4))
    nights: Counter[tuple[int, date]] = Counter()
    days_of_rooms: dict[tuple[int, date], dict[str, Any]] = {}
    for room_id, type_id in type_of.items():
        for arrival, departure in _parties(random, today, days, occupancy):
            month.stays += arrival < month.first + timedelta(days=days) and departure >= month.first
            stay = _lay_stay(tables, random, room_id, type_id, arrival, departure, guests, today, now)
            for night in _nights(arrival, departure):
                nights[type_id, night] += 1
                if stay["room_id"] is not None:
                    tables.setdefault(RoomNight, []).append({"room_id": room_id, "night": night, "stay_id": stay["id"]})
            if stay["room_id"] is not None and stay["state"] is not StayState.CHECKED_OUT:
                _lay_days(days_of_rooms, room_id, stay["id"], arrival, departure)
    capacity = Counter(type_of.values())
    tables[TypeNight] = [
        {"room_type_id": type_id, "night": night, "sold": sold, "capacity": capacity[type_id]}
        for (type_id, night), sold in nights.items()
    ]
    tables[RoomDay] = list(days_of_rooms.values())
    with transaction() as session:
        for model, values in tables.items():
            session.execute(sa.insert(model), values)
    return month


def _lay_house(tables: dict[type[Any], list[dict[str, Any]]], rooms: int, now: datetime) -> dict[int, int]:
    """House, manager, floors, types and rooms; the type of each room, in the order of a walk through the house."""
    tables[Property] = [
        {"id": 1, "name": "Hotel Linden", "time_zone": "Europe/Berlin", "check_in_hour": 15, "check_out_hour": 12}
    ]
    tables[Account] = [
        {
            "id": new_id(),
            "username": "manager",
            "display_name": "Helen Marsh",
            "password_hash": passwords.hash_password(PASSWORD),
            "role": Role.MANAGER,
            "created_at": now,
        }
    ]
    building = new_id()
    tables[Building] = [{"id": building, "name": "Main house", "position": 1}]
    kinds = [{"id": new_id(), "code": c, "name": n, "beds": b, "position": i} for i, (c, n, b, _) in enumerate(_TYPES)]
    tables[RoomType] = list(kinds)
    plan = [kind["id"] for kind, (*_, share) in zip(kinds, _TYPES, strict=True) for _ in range(share)]
    floors = [new_id() for _ in range(-(-rooms // ROOMS_A_FLOOR))]
    tables[Floor] = [{"id": f, "building_id": building, "name": str(i), "position": i} for i, f in enumerate(floors, 1)]
    tables[Room] = [
        {
            "id": new_id(),
            "number": f"{index // ROOMS_A_FLOOR + 1}{index % ROOMS_A_FLOOR + 1:02}",
            "floor_id": floors[index // ROOMS_A_FLOOR],
            "room_type_id": plan[index % ROOMS_A_FLOOR],
            "housekeeping": HousekeepingStatus.DIRTY if index % 7 == 0 else HousekeepingStatus.CLEAN,
        }
        for index in range(rooms)
    ]
    return {room["id"]: room["room_type_id"] for room in tables[Room]}


def _lay_guests(
    tables: dict[type[Any], list[dict[str, Any]]], random: Random, now: datetime, *, count: int
) -> list[int]:
    invented = [people.invent(random) for _ in range(count)]
    tables[Guest] = [
        {"id": new_id(), "family_name": one.family_name, "given_name": one.given_name, "created_at": now}
        for one in invented
    ]
    return [guest["id"] for guest in tables[Guest]]


def _parties(random: Random, today: date, days: int, occupancy: float) -> list[tuple[date, date]]:
    """One party after the other, with gaps, so that the room is taken on that share of the nights."""
    mean_gap, mean_stay = sum(_GAPS) / len(_GAPS), sum(_NIGHTS) / len(_NIGHTS)
    empty = mean_stay * (1 - occupancy)
    found, day = [], today - timedelta(days=10 + random.randint(0, 4))
    while day < today + timedelta(days=days + 4):
        if random.random() < empty / (empty + mean_gap * occupancy):
            day += timedelta(days=random.choice(_GAPS))
            continue
        departure = day + timedelta(days=random.choice(_NIGHTS))
        found.append((day, departure))
        day = departure
    return found


def _lay_stay(
    tables: dict[type[Any], list[dict[str, Any]]],
    random: Random,
    room_id: int,
    type_id: int,
    arrival: date,
    departure: date,
    guests: list[int],
    today: date,
    now: datetime,
) -> dict[str, Any]:
    guest, reservation_id, state = random.choice(guests), new_id(), _state(arrival, departure, today)
    is_unassigned = state is StayState.CONFIRMED and arrival > today and random.random() < _UNASSIGNED
    stay = {
        "id": new_id(),
        "reservation_id": reservation_id,
        "guest_id": guest,
        "room_type_id": type_id,
        "room_id": None if is_unassigned else room_id,
        "arrival_date": arrival,
        "departure_date": departure,
        "adults": random.choice((1, 2, 2)),
        "state": state,
        "checked_in_at": None if state is StayState.CONFIRMED else now,
        "checked_out_at": now if state is StayState.CHECKED_OUT else None,
    }
    code = f"B{len(tables.setdefault(Reservation, [])):07}"
    tables[Reservation].append({"id": reservation_id, "code": code, "booker_id": guest, "created_at": now})
    tables.setdefault(Stay, []).append(stay)
    return stay


def _lay_days(
    found: dict[tuple[int, date], dict[str, Any]], room_id: int, stay_id: int, arrival: date, departure: date
) -> None:
    """Who has the room in which hours: from three in the afternoon of the arrival until noon of the departure."""
    for day in [*_nights(arrival, departure), departure]:
        place = "arriving" if day == arrival else "leaving" if day == departure else "through"
        row = found.setdefault((room_id, day), {"room_id": room_id, "day": day} | dict.fromkeys(_PLACES))
        row[f"{place}_stay_id"] = stay_id
        if place != "through":
            row[f"{place}_hour"] = _HOURS[place]


def _state(arrival: date, departure: date, today: date) -> StayState:
    if departure <= today:
        return StayState.CHECKED_OUT
    return StayState.IN_HOUSE if arrival < today else StayState.CONFIRMED


def _nights(arrival: date, departure: date) -> list[date]:
    return [arrival + timedelta(days=count) for count in range((departure - arrival).days)]
