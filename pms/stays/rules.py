"""What may be done to a stay, decided on plain values."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pms.core.errors import DomainError, Invalid
from pms.core.intervals import nights
from pms.core.text import N_
from pms.stays.models import StayState, StepKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from pms.stays.models import Stay

MAX_NIGHTS = 400
# Until then a late guest is tonight's guest, not tomorrow's.
MORNING_HOUR = 6
_UNDONE_WITHIN_A_DAY = (StepKind.CHECKED_IN, StepKind.MOVED, StepKind.CHECKED_OUT)

# Which states a step starts from, and the state it leads to (None: it stays).
STEPS: dict[StepKind, tuple[Collection[StayState], StayState | None]] = {
    StepKind.CHANGED: ((StayState.CONFIRMED,), None),
    StepKind.ROOM_ASSIGNED: ((StayState.CONFIRMED,), None),
    StepKind.ROOM_UNASSIGNED: ((StayState.CONFIRMED,), None),
    StepKind.CHECKED_IN: ((StayState.CONFIRMED,), StayState.IN_HOUSE),
    StepKind.MOVED: ((StayState.IN_HOUSE,), None),
    StepKind.EXTENDED: ((StayState.CONFIRMED, StayState.IN_HOUSE), None),
    StepKind.SHORTENED: ((StayState.CONFIRMED, StayState.IN_HOUSE), None),
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

STEP_WORDS: dict[StepKind, str] = {
    StepKind.BOOKED: N_("Booked"),
    StepKind.CHANGED: N_("Booking changed"),
    StepKind.ROOM_ASSIGNED: N_("Room assigned"),
    StepKind.ROOM_UNASSIGNED: N_("Room taken back"),
    StepKind.CHECKED_IN: N_("Checked in"),
    StepKind.MOVED: N_("Moved to another room"),
    StepKind.EXTENDED: N_("Extended"),
    StepKind.SHORTENED: N_("Shortened"),
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


def is_overdue(state: StayState, arrival: date, departure: date, today: date) -> bool:
    """Expected and not here, or here and not gone, though the day is over."""
    if state is StayState.CONFIRMED:
        return arrival < today
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


def check_check_in(*, arrival: date, departure: date, room_id: int | None, local_now: datetime) -> None:
    """A guest may come from the first minute of the arrival date until the last night is over."""
    if room_id is None:
        raise NoRoom
    if local_now.date() < arrival:
        raise TooEarly(arrival=arrival)
    if departure <= tonight(local_now):
        raise TooLate(departure=departure)


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


def held_nights(state: StayState, arrival: date, departure: date) -> list[date]:
    """The nights that a stay in this state takes from the house."""
    if state in (StayState.CANCELLED, StayState.NO_SHOW):
        return []
    return nights(arrival, departure)


def snapshot(stay: Stay) -> dict[str, Any]:
    """The stay's fields as plain JSON, from which `restored` can put them back."""
    return {
        "state": stay.state.value,
        "room_id": stay.room_id,
        "room_type_id": stay.room_type_id,
        "arrival_date": stay.arrival_date.isoformat(),
        "departure_date": stay.departure_date.isoformat(),
        "adults": stay.adults,
        "children": stay.children,
        "checked_in_at": stay.checked_in_at.isoformat() if stay.checked_in_at else None,
        "checked_out_at": stay.checked_out_at.isoformat() if stay.checked_out_at else None,
    }


def restored(before: dict[str, Any]) -> dict[str, Any]:
    """The values of `snapshot` as the stay's attributes take them."""
    values = dict(before)
    values["state"] = StayState(before["state"])
    for name in ("arrival_date", "departure_date"):
        values[name] = date.fromisoformat(before[name])
    for name in ("checked_in_at", "checked_out_at"):
        values[name] = datetime.fromisoformat(before[name]) if before[name] else None
    return values
