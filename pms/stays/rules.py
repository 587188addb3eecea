"""What may be done to a stay, decided on plain values."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pms.core.errors import DomainError, Invalid
from pms.core.intervals import at_local, nights
from pms.core.text import N_
from pms.rooms.rules import FEATURE_WORDS
from pms.stays.models import StayState, StepKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from pms.properties.models import Property
    from pms.stays.models import Stay

MAX_NIGHTS = 400
# Until then a late guest is tonight's guest, not tomorrow's.
MORNING_HOUR = 6
MAX_REASON = 200
_INSTANTS = ("waiting_since", "room_expected_at", "checked_in_at", "checked_out_at")
_UNDONE_WITHIN_A_DAY = (StepKind.CHECKED_IN, StepKind.MOVED, StepKind.REARRANGED, StepKind.CHECKED_OUT)

# What guests wish for: what rooms have, and what the desk can do.
WISH_WORDS: dict[str, str] = {
    **FEATURE_WORDS,
    "cot": N_("Cot"),
    "early": N_("Early arrival"),
    "late": N_("Late departure"),
}

# Which states a step starts from, and the state it leads to (None: it stays).
STEPS: dict[StepKind, tuple[Collection[StayState], StayState | None]] = {
    StepKind.CHANGED: ((StayState.CONFIRMED,), None),
    StepKind.ROOM_ASSIGNED: ((StayState.CONFIRMED,), None),
    StepKind.ROOM_UNASSIGNED: ((StayState.CONFIRMED,), None),
    StepKind.CHECKED_IN_AHEAD: ((StayState.CONFIRMED,), None),
    StepKind.CHECKED_IN: ((StayState.CONFIRMED,), StayState.IN_HOUSE),
    StepKind.MOVED: ((StayState.IN_HOUSE,), None),
    StepKind.EXTENDED: ((StayState.CONFIRMED, StayState.IN_HOUSE), None),
    StepKind.SHORTENED: ((StayState.CONFIRMED, StayState.IN_HOUSE), None),
    StepKind.REARRANGED: ((StayState.CONFIRMED, StayState.IN_HOUSE), None),
    StepKind.HOURS_AGREED: ((StayState.CONFIRMED, StayState.IN_HOUSE), None),
    StepKind.FIXED: ((StayState.CONFIRMED, StayState.IN_HOUSE), None),
    StepKind.RELEASED: ((StayState.CONFIRMED, StayState.IN_HOUSE), None),
    StepKind.CHECKED_OUT: ((StayState.IN_HOUSE,), StayState.CHECKED_OUT),
    StepKind.CANCELLED: ((StayState.CONFIRMED,), StayState.CANCELLED),
    StepKind.NO_SHOW: ((StayState.CONFIRMED,), StayState.NO_SHOW),
}

STATE_WORDS: dict[StayState, str] = {
    StayState.CONFIRMED: N_("Expected"),
    StayState.IN_HOUSE: N_("In house"),
    StayState.CHECKED_OUT: N_("Checked out"),
    StayState.CANCELLED: N_("Cancelled"),
    StayState.NO_SHOW: N_("No-show"),
}

# The kind of the badge: see docs/look.md.
STATE_TONES: dict[StayState, str] = {
    StayState.CONFIRMED: "info",
    StayState.IN_HOUSE: "accent",
    StayState.CHECKED_OUT: "muted",
    StayState.CANCELLED: "muted",
    StayState.NO_SHOW: "warn",
}

STEP_WORDS: dict[StepKind, str] = {
    StepKind.BOOKED: N_("Booked"),
    StepKind.CHANGED: N_("Booking changed"),
    StepKind.ROOM_ASSIGNED: N_("Room assigned"),
    StepKind.ROOM_UNASSIGNED: N_("Room taken back"),
    StepKind.CHECKED_IN_AHEAD: N_("Checked in ahead"),
    StepKind.CHECKED_IN: N_("Checked in"),
    StepKind.MOVED: N_("Moved to another room"),
    StepKind.EXTENDED: N_("Extended"),
    StepKind.SHORTENED: N_("Shortened"),
    StepKind.REARRANGED: N_("Rearranged"),
    StepKind.HOURS_AGREED: N_("Hours agreed"),
    StepKind.FIXED: N_("Fixed to its room"),
    StepKind.RELEASED: N_("May be moved again"),
    StepKind.CHECKED_OUT: N_("Checked out"),
    StepKind.CANCELLED: N_("Cancelled"),
    StepKind.NO_SHOW: N_("No-show"),
}


class WrongState(DomainError):
    """The stay is past the point where this can be done."""

    code = "wrong_state"
    message = N_("This cannot be done any more: the stay was changed meanwhile. Look at it again.")


class BadDates(Invalid):
    """A stay is from 1 to 400 nights."""

    code = "bad_dates"
    field = "departure_date"
    message = N_("The departure must be after the arrival, and at most 400 nights later.")


class ArrivalInThePast(Invalid):
    """A booking begins tonight at the earliest; until early morning, last night still counts."""

    code = "arrival_in_the_past"
    field = "arrival_date"
    message = N_("The arrival cannot be before today.")


class TooEarly(DomainError):
    """Check-in before the arrival date."""

    code = "too_early"
    message = N_("The arrival is on %(arrival)s. Change the dates first if the guest is here already.")


class TooLate(DomainError):
    """Check-in when the stay is over."""

    code = "too_late"
    message = N_("This stay ended on %(departure)s. Extend it first, or make a new booking.")


class NoRoom(DomainError):
    """Check-in without a room."""

    code = "no_room"
    field = "room_id"
    message = N_("Choose a room first.")


class NotLater(Invalid):
    """An extension must end later."""

    code = "not_later"
    field = "departure_date"
    message = N_("The new departure must be after %(departure)s.")


class NotEarlier(Invalid):
    """A shortened stay must end earlier, and not before today."""

    code = "not_earlier"
    field = "departure_date"
    message = N_("The new departure must be before %(departure)s, after the arrival, and not in the past.")


class NotYetNoShow(DomainError):
    """A guest who is expected later cannot have failed to come."""

    code = "not_yet_no_show"
    message = N_("The guest is expected on %(arrival)s; before that day nobody is a no-show.")


class SameRoom(Invalid):
    """An assignment or a move leads to another room."""

    code = "same_room"
    field = "room_id"
    message = N_("This is the room of the stay already.")


class BadHours(Invalid):
    """Full hours of the day; day use ends after it begins, and not a day later."""

    code = "bad_hours"
    field = "arrival_hour"
    message = N_("Give full hours of the day; the departure comes after the arrival.")


class TooEarlyInTheDay(Invalid):
    """The desk may promise no earlier hour."""

    code = "too_early_in_the_day"
    field = "arrival_hour"
    message = N_("Arrival is promised from %(hour)s:00 on. For an earlier one, book the night before.")


class TooLateInTheDay(Invalid):
    """The desk may promise no later hour."""

    code = "too_late_in_the_day"
    field = "departure_hour"
    message = N_("Departure is promised until %(hour)s:00. For a later one, book another night.")


class StayIsFixed(DomainError):
    """Somebody promised this very room."""

    code = "stay_is_fixed"
    field = "room_id"
    message = N_("This stay must not leave its room: %(reason)s")


class DayUseNeedsRoom(Invalid):
    """Hours are held for a room, not for a type."""

    code = "day_use_needs_room"
    field = "room_id"
    message = N_("Choose the room: day use is booked for a certain one.")


class UnknownWish(Invalid):
    """Wishes are chosen from a list, so that rooms can be found for them."""

    code = "unknown_wish"
    field = "wishes"
    message = N_("One of these wishes is not on the list.")


class NoFixReason(Invalid):
    """Colleagues want to know why."""

    code = "no_fix_reason"
    field = "reason"
    message = N_("Say in a few words why the stay must keep its room (at most 200 characters).")


class NoClosureReason(Invalid):
    """Whoever wants to sell the room asks why."""

    code = "no_closure_reason"
    field = "reason"
    message = N_("Say in a few words why the room is closed (at most 200 characters).")


class BadRoomTime(Invalid):
    """The room is expected in the future, before the stay is over."""

    code = "bad_room_time"
    field = "room_expected_at"
    message = N_("Say when the room will be ready: later than now, and before the stay ends.")


class NothingChanged(Invalid):
    """A step changes something."""

    code = "nothing_changed"
    message = N_("Nothing is different from how it is now.")


class ArrivalIsHistory(DomainError):
    """Who is in house has arrived."""

    code = "arrival_is_history"
    field = "arrival_date"
    message = N_("The guest arrived on %(arrival)s; only the departure and the room can still be changed.")


class TooLateToUndo(DomainError):
    """Guests have slept since; taking the step back would tell a story that did not happen."""

    code = "too_late_to_undo"
    message = N_("This step is from %(at)s and can no longer be undone.")


def check_step(kind: StepKind, state: StayState) -> StayState:
    """The state after the step; WrongState where it cannot be done now."""
    starts, leads_to = STEPS[kind]
    if state not in starts:
        raise WrongState
    return leads_to or state


def allowed_steps(state: StayState) -> frozenset[StepKind]:
    """What can be done to a stay in this state."""
    return frozenset(kind for kind, (starts, _) in STEPS.items() if state in starts)


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


def clean_wishes(wishes: Collection[str]) -> list[str]:
    """The wishes in the order of the list, each once; UnknownWish."""
    if any(wish not in WISH_WORDS for wish in wishes):
        raise UnknownWish
    return [wish for wish in WISH_WORDS if wish in wishes]


def clean_fix_reason(reason: str) -> str:
    """The reason without spaces around; NoFixReason."""
    text = reason.strip()
    if not 1 <= len(text) <= MAX_REASON:
        raise NoFixReason
    return text


def clean_closure_reason(reason: str) -> str:
    """The reason without spaces around; NoClosureReason."""
    text = reason.strip()
    if not 1 <= len(text) <= MAX_REASON:
        raise NoClosureReason
    return text


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


def check_undo(*, kind: StepKind, at: datetime, now: datetime) -> None:
    """Check-in, move and check-out can be undone for a day; the steps of an expected stay as long as it is the last."""
    if not can_undo(kind=kind, at=at, now=now):
        raise TooLateToUndo(at=at)


def can_undo(*, kind: StepKind, at: datetime, now: datetime) -> bool:
    """Whether the step is young enough; see `check_undo`."""
    return kind not in _UNDONE_WITHIN_A_DAY or now - at <= timedelta(days=1)


def departure_after_check_out(*, arrival: date, departure: date, today: date) -> date:
    """Who leaves early gives the remaining nights back; who leaves late keeps the booked date."""
    return min(departure, max(today, arrival))


def changes_since(*, state: StayState, departure: date, local_now: datetime) -> date:
    """The first night that a step may touch: nights already slept stay in the room where they were slept.

    A guest who is still here after the booked departure has no night from then on, so an extension fills that gap too.
    """
    return min(tonight(local_now), departure) if state is StayState.IN_HOUSE else date.min


def takes_room(old: StayState, new: StayState, *, is_other_room: bool) -> bool:
    """Whether the step puts the party into a room, which must then be in order."""
    is_wanted = new in (StayState.CONFIRMED, StayState.IN_HOUSE)
    was_wanted = old in (StayState.CONFIRMED, StayState.IN_HOUSE)
    is_moving_in = new is StayState.IN_HOUSE and old is not StayState.IN_HOUSE
    return is_wanted and (is_other_room or is_moving_in or not was_wanted)


def held_nights(stay: Stay) -> list[date]:
    """The nights that a stay takes from the house; day use takes none, nor does a stay that is off."""
    if stay.state in (StayState.CANCELLED, StayState.NO_SHOW):
        return []
    return nights(stay.arrival_date, stay.departure_date)


def snapshot(stay: Stay) -> dict[str, Any]:
    """The stay's fields as plain JSON, from which `restored` can put them back."""
    return {
        "state": stay.state.value,
        "room_id": stay.room_id,
        "room_type_id": stay.room_type_id,
        "guest_id": stay.guest_id,
        "arrival_date": stay.arrival_date.isoformat(),
        "departure_date": stay.departure_date.isoformat(),
        "arrival_hour": stay.arrival_hour,
        "departure_hour": stay.departure_hour,
        "is_day_use": stay.is_day_use,
        "adults": stay.adults,
        "children": stay.children,
        "night_price": stay.night_price,
        "is_fixed": stay.is_fixed,
        "fixed_reason": stay.fixed_reason,
        "wishes": list(stay.wishes),
        "note": stay.note,
        **{name: at.isoformat() if (at := getattr(stay, name)) else None for name in _INSTANTS},
    }


def restored(before: dict[str, Any]) -> dict[str, Any]:
    """The values of `snapshot` as the stay's attributes take them."""
    values = dict(before)
    values["state"] = StayState(before["state"])
    for name in ("arrival_date", "departure_date"):
        values[name] = date.fromisoformat(before[name])
    for name in _INSTANTS:
        if name in before:  # steps from before a column came know nothing of it
            values[name] = datetime.fromisoformat(before[name]) if before[name] else None
    return values
