"""The hours of the days on which a party comes and goes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pms.core.intervals import at_local
from pms.stays.rules.refusals import BadHours, TooEarlyInTheDay, TooLateInTheDay

if TYPE_CHECKING:
    from pms.properties.models import Property
    from pms.stays.models import Stay


def check_hours(*, arrival_hour: int | None, departure_hour: int | None, is_day_use: bool, house: Property) -> None:
    """BadHours, TooEarlyInTheDay, TooLateInTheDay. Day use has both hours, within the day."""
    if not (0 <= (arrival_hour or 0) <= 23 and 1 <= (departure_hour or 1) <= 24):
        raise BadHours
    if is_day_use:
        if arrival_hour is None or departure_hour is None or arrival_hour >= departure_hour:
            raise BadHours
        return
    if arrival_hour is not None and arrival_hour < house.early_arrival_hour:
        raise TooEarlyInTheDay(hour=house.early_arrival_hour)
    if departure_hour is not None and departure_hour > house.late_departure_hour:
        raise TooLateInTheDay(hour=house.late_departure_hour)


def arrival_hour(stay: Stay, house: Property) -> int:
    """The local full hour from which the party may have its room on the arrival date."""
    return house.check_in_hour if stay.arrival_hour is None else stay.arrival_hour


def departure_hour(stay: Stay, house: Property) -> int:
    """The local full hour by which the party leaves on the departure date; 24 is midnight after it."""
    return house.check_out_hour if stay.departure_hour is None else stay.departure_hour


def arrives_at(stay: Stay, house: Property) -> datetime:
    """From when the room is promised to the party, in UTC."""
    return at_local(stay.arrival_date, arrival_hour(stay, house), house.zone)


def leaves_at(stay: Stay, house: Property) -> datetime:
    """Until when the room is promised to the party, in UTC; its keys end then."""
    return at_local(stay.departure_date, departure_hour(stay, house), house.zone)


def may_enter_at(stay: Stay, house: Property) -> datetime:
    """From when an expected party may enter, in UTC: who waits for the room, not before it is expected to be ready."""
    arrives = arrives_at(stay, house)
    return arrives if stay.room_expected_at is None else max(arrives, stay.room_expected_at)


def is_early(stay: Stay, house: Property) -> bool:
    """Whether the party was promised its room before the house's hour."""
    return not stay.is_day_use and arrival_hour(stay, house) < house.check_in_hour


def is_late(stay: Stay, house: Property) -> bool:
    """Whether the party may stay beyond the house's hour."""
    return not stay.is_day_use and departure_hour(stay, house) > house.check_out_hour


def meet(mine: tuple[int, int], theirs: tuple[int, int]) -> bool:
    """Whether two spans of hours of a day share an hour."""
    return mine[0] < theirs[1] and theirs[0] < mine[1]
