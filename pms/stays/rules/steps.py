"""Which step may be taken when, what it touches, and how it is taken back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pms.core.intervals import nights
from pms.stays.models import StayState, StepKind
from pms.stays.rules.dates import tonight
from pms.stays.rules.refusals import TooLateToUndo, WrongState

if TYPE_CHECKING:
    from collections.abc import Collection

    from pms.stays.models import Stay

_INSTANTS = ("waiting_since", "room_expected_at", "checked_in_at", "checked_out_at")
_UNDONE_WITHIN_A_DAY = (StepKind.CHECKED_IN, StepKind.MOVED, StepKind.REARRANGED, StepKind.CHECKED_OUT)
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


def check_step(kind: StepKind, state: StayState) -> StayState:
    """The state after the step; WrongState where it cannot be done now."""
    starts, leads_to = STEPS[kind]
    if state not in starts:
        raise WrongState
    return leads_to or state


def allowed_steps(state: StayState) -> frozenset[StepKind]:
    """What can be done to a stay in this state."""
    return frozenset(kind for kind, (starts, _) in STEPS.items() if state in starts)


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
