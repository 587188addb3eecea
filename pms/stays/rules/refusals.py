"""What is said where something cannot be done to a stay."""

from __future__ import annotations

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_


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
