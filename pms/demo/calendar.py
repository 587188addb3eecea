"""Who sleeps where and when in the demo: two weeks back, three weeks ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from random import Random
    from zoneinfo import ZoneInfo

PAST_DAYS = 14
COMING_DAYS = 21
OCCUPANCY = 0.62
STILL_TO_COME = 0.5
STILL_TO_LEAVE = 0.4


@dataclass(slots=True)
class PlannedStay:
    """One party's plan; `room` is an index into the list of rooms."""

    room: int
    arrival: date
    departure: date
    adults: int
    booked_at: datetime
    arrives_at: datetime
    leaves_at: datetime
    is_assigned: bool
    fate: str  # "stays", "cancels" or "does not come"


def plan(
    random: Random,
    *,
    rooms: int,
    closed: int,
    kept: Collection[int] = (),
    today: date,
    now: datetime,
    zone: ZoneInfo,
) -> list[PlannedStay]:
    """Stays one after another in every room but the closed one, with gaps, so that no two share a night.

    Whatever the hour, some of today's guests have not come yet and some have not left. In the rooms that are `kept` nobody
    sleeps tonight and tomorrow.
    """
    stays: list[PlannedStay] = []
    for room in range(rooms):
        if room == closed:
            continue
        day = today - timedelta(days=PAST_DAYS + random.randint(0, 3))
        while day < today + timedelta(days=COMING_DAYS):
            if random.random() > OCCUPANCY:
                day += timedelta(days=random.choice((1, 1, 2)))
                continue
            nights = random.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 7))
            if room in kept and day < today + timedelta(days=2) and day + timedelta(days=nights) > today:
                day += timedelta(days=1)
                continue
            stay = _stay(random, room, day, nights, today, now, zone)
            is_taken = (
                bool(stays) and stays[-1].room == room and stays[-1].departure == day and stays[-1].leaves_at > now
            )
            if day == today and (is_taken or random.random() < STILL_TO_COME):
                stay.arrives_at = max(stay.arrives_at, now + timedelta(hours=1))
            if stay.departure == today and random.random() < STILL_TO_LEAVE:
                stay.leaves_at = max(stay.leaves_at, now + timedelta(minutes=30))
            stays.append(stay)
            day += timedelta(days=nights)
    return stays


def openings(random: Random, stay: PlannedStay, *, first: datetime, now: datetime) -> list[datetime]:
    """When the party comes to its door until now: some minutes after the keys, then a few times a day while awake."""
    moments = [first + timedelta(minutes=random.randint(2, 12))]
    day = stay.arrival
    while day <= now.date():
        hours = random.sample((8, 10, 13, 16, 18, 19, 21, 22), random.randint(1, 3))
        times = [time(hour, random.randint(0, 59), random.randint(0, 59)) for hour in hours]
        moments += [datetime.combine(day, at, first.tzinfo) for at in times]
        day += timedelta(days=1)
    return sorted(moment for moment in moments if first < moment < now)


def _stay(
    random: Random, room: int, arrival: date, nights: int, today: date, now: datetime, zone: ZoneInfo
) -> PlannedStay:
    departure = arrival + timedelta(days=nights)
    arrives = datetime.combine(arrival, time(random.randint(14, 21), random.choice((5, 20, 35, 50))), zone)
    leaves = datetime.combine(departure, time(random.randint(7, 11), random.choice((10, 25, 40, 55))), zone)
    latest = min(arrives, now) - timedelta(minutes=30)
    fate = random.choices(("stays", "cancels", "does not come"), (94, 4, 2))[0] if arrival < today else "stays"
    return PlannedStay(
        room=room,
        arrival=arrival,
        departure=departure,
        adults=random.choice((1, 1, 2, 2, 2)),
        booked_at=latest - timedelta(days=random.randint(0, 24), minutes=random.randint(0, 900)),
        arrives_at=arrives,
        leaves_at=leaves,
        is_assigned=arrival <= today or random.random() < 0.85,
        fate=fate,
    )
