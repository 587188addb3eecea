"""The hours of days on which rooms change hands: the only writer of `room_day`.

A party that comes early or leaves late, or that uses a room for a day, may meet another one in the same room although no
night is sold twice. The CHECKs of the table refuse that; this module says who is in the way.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.core.db import insert_into
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.core.text import N_
from pms.guests.models import Guest
from pms.properties import queries as properties
from pms.rooms.models import Room
from pms.stays import rules
from pms.stays.models import RoomDay, RoomNight, Stay, StayState

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from pms.properties.models import Property

_DAY = cast("sa.Table", RoomDay.__table__)
_PLACES = ("through", "leaving", "day", "arriving")
_HOURS = {"leaving": ("leaving_hour",), "arriving": ("arriving_hour",), "day": ("day_from_hour", "day_until_hour")}


class HoursTaken(DomainError):
    """Somebody else has the room in these hours."""

    code = "hours_taken"
    field = "arrival_hour"
    message = N_("Room %(room)s is taken on %(day)s: %(guest)s has it all day.")


class LeavesLater(HoursTaken):
    """The party before is still inside."""

    message = N_("Room %(room)s is taken on %(day)s until %(until)s:00: %(guest)s leaves then.")


class ComesEarlier(HoursTaken):
    """The next party is there already."""

    field = "departure_hour"
    message = N_("Room %(room)s is taken on %(day)s from %(since)s:00: %(guest)s arrives then.")


class DayUseThere(HoursTaken):
    """Somebody has the room for the day."""

    message = N_("Room %(room)s is taken on %(day)s from %(since)s:00 to %(until)s:00: %(guest)s has it for the day.")


class Place(NamedTuple):
    """What a stay has of a room's day: `place` is through, leaving, day or arriving; hours where they count, else 0 and 24."""

    room_id: int
    day: date
    place: str
    since: int
    until: int


def held(session: Session, stay: Stay) -> frozenset[Place]:
    """What the stay has now."""
    rooms = {
        stay.room_id,
        *session.scalars(sa.select(RoomNight.room_id).where(RoomNight.stay_id == stay.id).distinct()),
    }
    rows = session.execute(
        sa.select(_DAY).where(
            _DAY.c.room_id.in_([room_id for room_id in rooms if room_id is not None]),
            _DAY.c.day >= stay.arrival_date,
            _DAY.c.day <= stay.departure_date,
            sa.or_(*(_DAY.c[f"{place}_stay_id"] == stay.id for place in _PLACES)),
        )
    ).mappings()
    return frozenset(_place(row, place) for row in rows for place in _PLACES if row[f"{place}_stay_id"] == stay.id)


def wanted(session: Session, stay: Stay, nights: Collection[date], since: date) -> frozenset[Place]:
    """What the stay must have: `nights` are those from `since` on; those before stand in the table."""
    if stay.room_id is None or stay.state not in (StayState.CONFIRMED, StayState.IN_HOUSE):
        return frozenset()
    house = properties.get_property()
    arrives, leaves = rules.arrival_hour(stay, house), rules.departure_hour(stay, house)
    if stay.is_day_use:
        return frozenset({Place(stay.room_id, stay.arrival_date, "day", arrives, leaves)})
    slept = session.scalars(
        sa.select(RoomNight.night).where(
            RoomNight.stay_id == stay.id, RoomNight.room_id == stay.room_id, RoomNight.night < since
        )
    )
    run = _last_run({*slept, *nights})
    if not run:
        return frozenset()
    first = arrives if run[0] == stay.arrival_date else house.check_in_hour
    places = {Place(stay.room_id, night, "through", 0, 24) for night in run[1:]}
    places.add(Place(stay.room_id, run[0], "arriving", first, 24))
    places.add(Place(stay.room_id, run[-1] + timedelta(days=1), "leaving", 0, leaves))
    return frozenset(places)


def move(session: Session, stay: Stay, before: Collection[Place], after: Collection[Place]) -> None:
    """Bring the table from `before` to `after`; HoursTaken where somebody else is there."""
    given, taken = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    for place in given:
        session.execute(
            sa.update(_DAY)
            .where(
                _DAY.c.room_id == place.room_id, _DAY.c.day == place.day, _DAY.c[f"{place.place}_stay_id"] == stay.id
            )
            .values(dict.fromkeys((f"{place.place}_stay_id", *_HOURS.get(place.place, ()))))
        )
    try:
        with session.begin_nested():
            is_free = all(_take(session, stay, place) for place in taken)
    except IntegrityError as error:
        raise _who(session, stay, taken) from error
    if not is_free:
        raise _who(session, stay, taken)
    if given:
        session.execute(
            sa.delete(_DAY).where(
                _DAY.c.room_id.in_({place.room_id for place in given}),
                _DAY.c.day.in_({place.day for place in given}),
                *(_DAY.c[f"{place}_stay_id"].is_(None) for place in _PLACES),
            )
        )


def set_house_hours(session: Session, house: Property, since: date) -> DomainError | None:
    """Take over the house's hours for stays that have none of their own, from the day `since` on; gives who is in the way."""
    for place, own, hour in (
        ("leaving", Stay.departure_hour, house.check_out_hour),
        ("arriving", Stay.arrival_hour, house.check_in_hour),
    ):
        stay_id = _DAY.c[f"{place}_stay_id"]
        usual = sa.select(Stay.id).where(own.is_(None))
        try:
            with session.begin_nested():
                session.execute(
                    sa.update(_DAY).where(_DAY.c.day >= since, stay_id.in_(usual)).values({f"{place}_hour": hour})
                )
        except IntegrityError:
            return _first_in_the_way(session, place, hour, since)
    return None


def _last_run(nights: set[date]) -> list[date]:
    """The nights in a row that end with the last one."""
    run: list[date] = []
    for night in sorted(nights, reverse=True):
        if run and run[-1] - night != timedelta(days=1):
            break
        run.append(night)
    return run[::-1]


def _take(session: Session, stay: Stay, place: Place) -> bool:
    hours = dict(zip(_HOURS.get(place.place, ()), _hours(place), strict=False))
    values = {f"{place.place}_stay_id": stay.id, **hours}
    done = session.execute(
        insert_into(RoomDay)
        .values(room_id=place.room_id, day=place.day, **values)
        .on_conflict_do_update(
            index_elements=["room_id", "day"],
            set_=values,
            # One party a place: who uses the room for a day is not pushed out by another one.
            where=_DAY.c[f"{place.place}_stay_id"].is_(None),
        )
        .returning(_DAY.c.day)
    )
    return done.one_or_none() is not None


def _hours(place: Place) -> tuple[int, ...]:
    if place.place == "day":
        return place.since, place.until
    return (place.until,) if place.place == "leaving" else (place.since,)


def _place(row: sa.RowMapping, place: str) -> Place:
    since, until = 0, 24
    if place == "leaving":
        until = row["leaving_hour"]
    elif place == "arriving":
        since = row["arriving_hour"]
    elif place == "day":
        since, until = row["day_from_hour"], row["day_until_hour"]
    return Place(row["room_id"], row["day"], place, since, until)


def _who(session: Session, stay: Stay, wanted: Collection[Place]) -> DomainError:
    """Names the first who is in the way."""
    for mine in wanted:
        row = (
            session.execute(sa.select(_DAY).where(_DAY.c.room_id == mine.room_id, _DAY.c.day == mine.day))
            .mappings()
            .one_or_none()
        )
        for place in _PLACES:
            if row is None or row[f"{place}_stay_id"] in (None, stay.id):
                continue
            theirs = _place(row, place)
            if rules.meet((mine.since, mine.until), (theirs.since, theirs.until)):
                return _refusal(session, theirs, row[f"{place}_stay_id"])
    return ChangedMeanwhile()


def _refusal(session: Session, theirs: Place, stay_id: int) -> DomainError:
    kind = {"leaving": LeavesLater, "arriving": ComesEarlier, "day": DayUseThere}.get(theirs.place, HoursTaken)
    guest = session.scalars(sa.select(Guest).join(Stay, Stay.guest_id == Guest.id).where(Stay.id == stay_id)).one()
    room = session.get_one(Room, theirs.room_id)
    return kind(room=room.number, day=theirs.day, guest=guest.name, since=theirs.since, until=theirs.until)


def _first_in_the_way(session: Session, place: str, hour: int, since: date) -> DomainError:
    is_past = _DAY.c.leaving_hour > hour if place == "arriving" else _DAY.c.arriving_hour < hour
    row = (
        session.execute(
            sa.select(_DAY)
            .where(
                _DAY.c.day >= since,
                _DAY.c[f"{place}_stay_id"].is_not(None),
                sa.or_(is_past, _DAY.c.day_stay_id.is_not(None)),
            )
            .order_by(_DAY.c.day, _DAY.c.room_id)
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return ChangedMeanwhile()
    other = next(
        name for name in (("leaving", "day") if place == "arriving" else ("arriving", "day")) if row[f"{name}_stay_id"]
    )
    return _refusal(session, _place(row, other), row[f"{other}_stay_id"])
