"""What wishes, states and steps are called."""

from __future__ import annotations

from pms.core.text import N_
from pms.rooms.rules import FEATURE_WORDS
from pms.stays.models import StayState, StepKind

# What guests wish for: what rooms have, and what the desk can do.
WISH_WORDS: dict[str, str] = {
    **FEATURE_WORDS,
    "cot": N_("Cot"),
    "early": N_("Early arrival"),
    "late": N_("Late departure"),
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
