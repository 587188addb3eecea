"""Changes that the chart and the desk make to where, when and in which hours a party stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pms.guests import queries as guests
from pms.properties import queries as properties
from pms.stays import rules, steps
from pms.stays.models import StayState, StepKind

if TYPE_CHECKING:
    from datetime import date, datetime

    from pms.core.actor import Actor
    from pms.stays.models import Stay, StayStep


def rearrange(
    *,
    stay_id: int,
    room_id: int | None,
    arrival_date: date,
    departure_date: date,
    night_price: int | None = None,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Room and dates in one step; `night_price` None keeps what was agreed.

    An expected stay may get any room or none, of any type, and any dates that are not past. For one that is in house the
    arrival is history (ArrivalIsHistory), the room changes from tonight on, and it keeps a room. RoomTaken, HoursTaken,
    RoomClosed, TypeSoldOut, StayIsFixed, NothingChanged.
    """

    def decide(stay: Stay, local_now: datetime) -> dict[str, Any]:
        rules.check_span(arrival_date, departure_date, is_day_use=stay.is_day_use)
        is_moved = (room_id, arrival_date, departure_date) != (stay.room_id, stay.arrival_date, stay.departure_date)
        if not is_moved and night_price in (None, stay.night_price):
            raise rules.NothingChanged
        if stay.state is StayState.IN_HOUSE:
            rules.check_rearranged_in_house(stay, room_id, arrival_date, departure_date, local_now.date())
        elif arrival_date != stay.arrival_date:
            rules.check_arrival(arrival_date, local_now)
        if stay.is_day_use and room_id is None:
            raise rules.DayUseNeedsRoom
        values: dict[str, Any] = {
            "room_id": room_id,
            "arrival_date": arrival_date,
            "departure_date": departure_date,
            "night_price": stay.night_price if night_price is None else night_price,
        }
        if stay.state is StayState.IN_HOUSE and departure_date != stay.departure_date:
            values["departure_hour"] = None  # was agreed for the day that was to be the last one
        if room_id is None or arrival_date > local_now.date():
            values |= {"waiting_since": None, "room_expected_at": None}
        return values

    return steps.take(
        StepKind.REARRANGED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def agree_hours(
    *,
    stay_id: int,
    arrival_hour: int | None,
    departure_hour: int | None,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Other hours than the house's (None: the house's). HoursTaken names the party before or after."""

    def decide(stay: Stay, _local_now: datetime) -> dict[str, Any]:
        if (arrival_hour, departure_hour) == (stay.arrival_hour, stay.departure_hour):
            raise rules.NothingChanged
        rules.check_hours(
            arrival_hour=arrival_hour,
            departure_hour=departure_hour,
            is_day_use=stay.is_day_use,
            house=properties.get_property(),
        )
        return {"arrival_hour": arrival_hour, "departure_hour": departure_hour}

    return steps.take(
        StepKind.HOURS_AGREED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def fix_room(
    *,
    stay_id: int,
    reason: str,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """The stay must keep its room. NoRoom, NoFixReason."""
    text = rules.clean_fix_reason(reason)

    def decide(stay: Stay, _local_now: datetime) -> dict[str, Any]:
        if stay.room_id is None:
            raise rules.NoRoom
        return {"is_fixed": True, "fixed_reason": text}

    return steps.take(
        StepKind.FIXED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def release_room(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The stay may be moved again."""

    def decide(stay: Stay, _local_now: datetime) -> dict[str, Any]:
        if not stay.is_fixed:
            raise rules.NothingChanged
        return {"is_fixed": False, "fixed_reason": ""}

    return steps.take(
        StepKind.RELEASED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def check_in_ahead(
    *,
    stay_id: int,
    room_expected_at: datetime,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """The guest is here and their room is not: all is noted, and the check-in is completed when the room is ready.

    NoRoom, TooEarly, TooLate, BadRoomTime.
    """

    def decide(stay: Stay, local_now: datetime) -> dict[str, Any]:
        rules.check_check_in(
            arrival=stay.arrival_date,
            departure=stay.departure_date,
            room_id=stay.room_id,
            local_now=local_now,
            day_use_until=stay.departure_hour if stay.is_day_use else None,
        )
        leaves = rules.leaves_at(stay, properties.get_property())
        rules.check_room_time(room_expected_at=room_expected_at, leaves=leaves, now=now)
        return {"waiting_since": stay.waiting_since or now, "room_expected_at": room_expected_at}

    return steps.take(
        StepKind.CHECKED_IN_AHEAD, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def name_guest(
    *,
    stay_id: int,
    guest_id: int,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Who sleeps in a room that was kept in another name. NothingChanged."""

    def decide(stay: Stay, _local_now: datetime) -> dict[str, Any]:
        if guest_id == stay.guest_id:
            raise rules.NothingChanged
        guests.check_known(guest_id)
        return {"guest_id": guest_id}

    return steps.take(
        StepKind.CHANGED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )
