"""What the audit trail says of stays."""

from __future__ import annotations

from pms.core.text import N_
from pms.stays.rules import STATE_WORDS, STEP_WORDS, WISH_WORDS

ACTIONS = {
    "stays.booked": N_("Booked: %(subject)s"),
    "stays.changed": N_("Changed the booking: %(subject)s"),
    "stays.room_assigned": N_("Assigned a room: %(subject)s"),
    "stays.room_unassigned": N_("Took the room back: %(subject)s"),
    "stays.checked_in_ahead": N_("Checked in ahead: %(subject)s"),
    "stays.checked_in": N_("Checked in: %(subject)s"),
    "stays.moved": N_("Moved to another room: %(subject)s"),
    "stays.extended": N_("Extended the stay: %(subject)s"),
    "stays.shortened": N_("Shortened the stay: %(subject)s"),
    "stays.rearranged": N_("Changed room or dates: %(subject)s"),
    "stays.hours_agreed": N_("Agreed other hours: %(subject)s"),
    "stays.fixed": N_("Fixed to the room: %(subject)s"),
    "stays.released": N_("May be moved again: %(subject)s"),
    "stays.closed_room": N_("Closed room %(subject)s"),
    "stays.reopened_room": N_("Opened room %(subject)s again"),
    "stays.checked_out": N_("Checked out: %(subject)s"),
    "stays.cancelled": N_("Cancelled the booking: %(subject)s"),
    "stays.no_show": N_("Noted as no-show: %(subject)s"),
    "stays.undone": N_("Took a step back: %(subject)s"),
}
FIELDS = {
    "state": N_("State"),
    "guest": N_("Guest"),
    "room": N_("Room"),
    "room_type": N_("Room type"),
    "arrival_date": N_("Arrival"),
    "departure_date": N_("Departure"),
    "adults": N_("Adults"),
    "children": N_("Children"),
    "arrival_hour": N_("Arrival hour"),
    "departure_hour": N_("Departure hour"),
    "is_day_use": N_("Day use"),
    "night_price": N_("Price of a night"),
    "is_fixed": N_("Must keep its room"),
    "fixed_reason": N_("Reason"),
    "wishes": N_("Wishes"),
    "note": N_("Note"),
    "waiting_since": N_("Waiting since"),
    "room_expected_at": N_("Room expected"),
    "reason": N_("Reason"),
    "from_date": N_("From"),
    "until_date": N_("Until"),
    "checked_in_at": N_("Checked in"),
    "checked_out_at": N_("Checked out"),
    "step": N_("Step"),
}
VALUES = {
    "state": {state.value: text for state, text in STATE_WORDS.items()},
    "step": {step.value: text for step, text in STEP_WORDS.items()},
    "wishes": WISH_WORDS,
}
