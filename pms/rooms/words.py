"""What the audit trail says of rooms."""

from __future__ import annotations

from pms.core.text import N_
from pms.rooms.rules import FEATURE_WORDS, HOUSEKEEPING_WORDS, SETTLED_WORDS, SIGHT_WORDS

ACTIONS = {
    "rooms.building_created": N_("Added the building %(subject)s"),
    "rooms.building_changed": N_("Changed the building %(subject)s"),
    "rooms.floor_created": N_("Added the floor %(subject)s"),
    "rooms.floor_changed": N_("Changed the floor %(subject)s"),
    "rooms.type_created": N_("Added the room type %(subject)s"),
    "rooms.type_changed": N_("Changed the room type %(subject)s"),
    "rooms.created": N_("Added room %(subject)s"),
    "rooms.changed": N_("Changed room %(subject)s"),
    "rooms.imported": N_("Imported rooms from a file; new ones: %(subject)s"),
    "rooms.housekeeping": N_("Marked room %(subject)s"),
    "rooms.out_of_order": N_("Took room %(subject)s out of order"),
    "rooms.back_in_order": N_("Put room %(subject)s back in order"),
    "rooms.note": N_("Changed the note of room %(subject)s"),
    "rooms.fault": N_("Noted a fault in room %(subject)s"),
    "rooms.seen": N_("Looked into room %(subject)s"),
    "rooms.settled": N_("Settled what was found in room %(subject)s"),
    "rooms.floor_taken": N_("Took over the cleaning of floor %(subject)s"),
    "rooms.floor_given_back": N_("Gave back the cleaning of floor %(subject)s"),
}
FIELDS = {
    "housekeeping": N_("Cleaning"),
    "out_of_order": N_("Out of order"),
    "reason": N_("Reason"),
    "note": N_("Note"),
    "found": N_("Found"),
    "settled_as": N_("Settled as"),
    "day": N_("Day"),
    "number": N_("Number"),
    "name": N_("Name"),
    "code": N_("Code"),
    "beds": N_("Beds"),
    "position": N_("Position"),
    "night_price": N_("Price of a night"),
    "overbooking_limit": N_("May be overbooked by"),
    "building": N_("Building"),
    "floor": N_("Floor"),
    "type": N_("Room type"),
    "features": N_("Features"),
    "created": N_("New"),
    "existing": N_("Known already"),
}
VALUES = {
    "housekeeping": {status.value: text for status, text in HOUSEKEEPING_WORDS.items()},
    "features": FEATURE_WORDS,
    "found": {sight.value: text for sight, text in SIGHT_WORDS.items()},
    "settled_as": SETTLED_WORDS,
}
