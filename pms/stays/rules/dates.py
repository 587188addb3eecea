"""From which date to which a stay may be, and which night it is now."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pms.stays.models import StayState
from pms.stays.rules.refusals import (
    ArrivalInThePast,
    ArrivalIsHistory,
    BadDates,
    BadRoomTime,
    NoRoom,
    NotEarlier,
    NotLater,
    TooEarly,
    TooLate,
)

if TYPE_CHECKING:
    from pms.stays.models import Stay

MAX_NIGHTS = 400
# Until then a late guest is tonight's guest, not tomorrow's.
MORNING_HOUR = 6


def is_overdue(
    state: StayState, arrival: date, departure: date, *, today: date, tonight: date, is_waiting: bool = False
) -> bool:
    """Expected and not here, or here and not gone, though the day is over.

    Until the morning, who was expected last night is still tonight's guest; who waits for the room is here.
    """
    if state is StayState.CONFIRMED:
        return not is_waiting and arrival < tonight
    return state is StayState.IN_HOUSE and departure < today


def check_dates(arrival: date, departure: date) -> None:
    """BadDates unless it is 1 to 400 nights."""
    if not 1 <= (departure - arrival).days <= MAX_NIGHTS:
        raise BadDates


def tonight(local_now: datetime) -> date:
    """The night that a guest who comes now sleeps first: until six in the morning, the one that is still going on."""
    today = local_now.date()
    return today - timedelta(days=1) if local_now.hour < MORNING_HOUR else today


def check_arrival(arrival: date, local_now: datetime) -> None:
    """ArrivalInThePast for nights that are over."""
    if arrival < tonight(local_now):
        raise ArrivalInThePast


def check_check_in(
    *, arrival: date, departure: date, room_id: int | None, local_now: datetime, day_use_until: int | None = None
) -> None:
    """A guest may come from the first minute of the arrival date until the last night, or the hours of day use, are over."""
    if room_id is None:
        raise NoRoom
    if local_now.date() < arrival:
        raise TooEarly(arrival=arrival)
    if day_use_until is not None:
        is_over = (local_now.date(), local_now.hour) >= (departure, day_use_until)
    else:
        is_over = departure <= tonight(local_now)
    if is_over:
        raise TooLate(departure=departure)


def check_rearranged_in_house(stay: Stay, room_id: int | None, arrival: date, departure: date, today: date) -> None:
    """ArrivalIsHistory, NoRoom, NotEarlier where the new departure is past."""
    if arrival != stay.arrival_date:
        raise ArrivalIsHistory(arrival=stay.arrival_date)
    if room_id is None:
        raise NoRoom
    if departure < stay.departure_date:
        check_shortening(arrival=arrival, departure=stay.departure_date, new=departure, today=today)


def check_span(arrival: date, departure: date, *, is_day_use: bool) -> None:
    """BadDates unless it is 1 to 400 nights, or one day for day use."""
    if not is_day_use:
        check_dates(arrival, departure)
    elif arrival != departure:
        raise BadDates


def check_room_time(*, room_expected_at: datetime, leaves: datetime, now: datetime) -> None:
    """BadRoomTime."""
    if not now < room_expected_at < leaves:
        raise BadRoomTime


def check_extension(*, arrival: date, departure: date, new: date) -> None:
    """NotLater unless it ends later; BadDates past 400 nights."""
    if new <= departure:
        raise NotLater(departure=departure)
    check_dates(arrival, new)


def check_shortening(*, arrival: date, departure: date, new: date, today: date) -> None:
    """NotEarlier unless at least one night is left, and the new departure is today or later."""
    if not max(arrival, today - timedelta(days=1)) < new < departure:
        raise NotEarlier(departure=departure)
