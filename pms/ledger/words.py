"""What the ledger calls things."""

from __future__ import annotations

from pms.core.text import N_
from pms.ledger.rules import Kind

GROUP_WORDS: dict[str, str] = {
    "": N_("Everything"),
    "cards": N_("Key cards"),
    "codes": N_("Passcodes"),
    "stored": N_("Stored in locks"),
    "staff": N_("Staff cards"),
    "doors": N_("What doors noted"),
}

KIND_WORDS: dict[Kind, str] = {
    Kind.CARD_MADE: N_("Key card made"),
    Kind.CARD_ENDED: N_("Key card ended"),
    Kind.CODE_MADE: N_("Passcode made"),
    Kind.CODE_ENDED: N_("Passcode not wanted any more"),
    Kind.SLOT_STORED: N_("Stored in the lock"),
    Kind.SLOT_REMOVED: N_("Removed from the lock"),
    Kind.STAFF_MADE: N_("Staff card made"),
    Kind.STAFF_ENDED: N_("Staff card ended"),
    Kind.DOOR: N_("At the door"),
}
KIND_ICONS: dict[Kind, str] = {
    Kind.CARD_MADE: "key",
    Kind.CARD_ENDED: "key",
    Kind.CODE_MADE: "passcode",
    Kind.CODE_ENDED: "passcode",
    Kind.SLOT_STORED: "lock",
    Kind.SLOT_REMOVED: "lock",
    Kind.STAFF_MADE: "card",
    Kind.STAFF_ENDED: "card",
    Kind.DOOR: "door",
}

ACTIONS = {
    "ledger.viewed": N_("Looked at the key ledger: %(subject)s"),
    "ledger.printed": N_("Printed the key ledger: %(subject)s"),
    "ledger.exported": N_("Took the key ledger away as a file: %(subject)s"),
}
FIELDS = {
    "room": N_("Room"),
    "guest": N_("Guest"),
    "person": N_("Person"),
    "card": N_("Card"),
    "clerk": N_("Made by"),
    "since": N_("From"),
    "until": N_("Until"),
    "kind": N_("Kind"),
    "check": N_("Check"),
    "open": N_("Still opens"),
}
