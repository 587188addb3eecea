"""What the audit trail says of stays."""

from __future__ import annotations

from pms.core.text import N_
from pms.stays.rules import STATE_WORDS, STEP_WORDS

ACTIONS = {
    "stays.booked": N_("Booked: %(subject)s"),
    "stays.changed": N_("Changed the booking: %(subject)s"),
    "stays.room_assigned": N_("Assigned a room: %(subject)s"),
    "stays.room_unassigned": N_("Took the room back: %(subject)s"),
    "stays.checked_in": N_("Checked in: %(subject)s"),
    "stays.moved": N_("Moved to another room: %(subject)s"),
    "stays.extended": N_("Extended the stay: %(subject)s"),
    "stays.shortened": N_("Shortened the stay: %(subject)s"),
    "stays.checked_out": N_("Checked out: %(subject)s"),
    "stays.cancelled": N_("Cancelled the booking: %(subject)s"),
    "stays.no_show": N_("Noted as no-show: %(subject)s"),
    "stays.undone": N_("Took a step back: %(subject)s"),
}
FIELDS = {
    "state": N_("State"),
    "room": N_("Room"),
    "room_type": N_("Room type"),
    "arrival_date": N_("Arrival"),
    "departure_date": N_("Departure"),
    "adults": N_("Adults"),
    "children": N_("Children"),
    "checked_in_at": N_("Checked in"),
    "checked_out_at": N_("Checked out"),
    "step": N_("Step"),
}
VALUES = {
    "state": {state.value: text for state, text in STATE_WORDS.items()},
    "step": {step.value: text for step, text in STEP_WORDS.items()},
}
