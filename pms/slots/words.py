"""What the pages and the trail say about slots."""

from __future__ import annotations

from pms.core.text import N_
from pms.protocol.command import AnswerStatus
from pms.slots.models import SlotKind, SlotOrigin, SlotRole, SlotState
from pms.slots.rules import Fault, Mend

KIND_WORDS: dict[SlotKind, str] = {
    SlotKind.PASSCODE: N_("Passcode"),
    SlotKind.CARD: N_("Card"),
    SlotKind.FINGERPRINT: N_("Fingerprint"),
    SlotKind.REMOTE: N_("Remote control"),
    SlotKind.FACE: N_("Face"),
    SlotKind.PALM: N_("Palm"),
}
ROLE_WORDS: dict[SlotRole, str] = {
    SlotRole.GUEST: N_("Guest"),
    SlotRole.STAFF: N_("Staff"),
    SlotRole.ADMINISTRATOR: N_("Administrator of the lock"),
    SlotRole.DURESS: N_("Duress: opens, and raises a silent alarm"),
}
STATE_WORDS: dict[SlotState, str] = {
    SlotState.WANTED: N_("to be sent"),
    SlotState.WAITING: N_("waits for somebody at the lock"),
    SlotState.ADDED: N_("in the lock"),
    SlotState.CHANGING: N_("in the lock; the change waits for somebody there"),
    SlotState.REFUSED: N_("refused by the lock"),
    SlotState.REMOVING: N_("still in the lock until somebody is there"),
    SlotState.REMOVED: N_("removed, the lock says so"),
    SlotState.NOT_SENT: N_("never sent"),
}
STATE_KINDS: dict[SlotState, str] = {
    SlotState.WANTED: "info",
    SlotState.WAITING: "info",
    SlotState.ADDED: "ok",
    SlotState.CHANGING: "info",
    SlotState.REFUSED: "bad",
    SlotState.REMOVING: "warn",
    SlotState.REMOVED: "muted",
    SlotState.NOT_SENT: "muted",
}
ORIGIN_WORDS: dict[SlotOrigin, str] = {
    SlotOrigin.MADE_HERE: N_("stored from here"),
    SlotOrigin.REPORTED: N_("reported by a phone"),
    SlotOrigin.FOUND: N_("found in the lock"),
}
ANSWER_WORDS: dict[AnswerStatus, str] = {
    AnswerStatus.DONE: N_("done"),
    AnswerStatus.UNKNOWN_COMMAND: N_("it does not know this command"),
    AnswerStatus.BAD_TLV: N_("it does not understand the data"),
    AnswerStatus.REFUSED: N_("it refuses"),
    AnswerStatus.FULL: N_("it has no room"),
    AnswerStatus.NO_SUCH_ITEM: N_("it has no such thing"),
    AnswerStatus.ALREADY_THERE: N_("it has this already"),
    AnswerStatus.BUSY: N_("it is busy"),
    AnswerStatus.NOT_BOUND: N_("it is not set up"),
    AnswerStatus.LOW_BATTERY: N_("its battery is too low"),
    AnswerStatus.TOO_LATE: N_("it came too late"),
}
MEND_WORDS: dict[Mend, str] = {
    Mend.SEND: N_("Send again"),
    Mend.TAKE_AWAY: N_("Take away from the lock"),
    Mend.TAKE_OVER: N_("Take into the book"),
}
FAULT_WORDS: dict[Fault, str] = {
    Fault.MISSING: N_("missing in the lock"),
    Fault.UNKNOWN: N_("unknown here"),
    Fault.OTHER: N_("something else in the slot"),
    Fault.DIFFERENT: N_("other times or role"),
}

ACTIONS = {
    "slots.stored": N_("Stored a credential for %(subject)s in a lock"),
    "slots.reported": N_("Noted that a phone stored a credential for %(subject)s in a lock"),
    "slots.changed": N_("Changed the credential of %(subject)s in a lock"),
    "slots.taken_away": N_("Had the credential of %(subject)s taken out of a lock"),
    "slots.added": N_("The lock stored the credential of %(subject)s"),
    "slots.removed": N_("The lock let the credential of %(subject)s go"),
    "slots.refused": N_("The lock refused the credential of %(subject)s"),
    "slots.change_taken": N_("The lock took the change of %(subject)s"),
    "slots.answer_refused": N_("The lock did not do what it was asked about %(subject)s"),
    "slots.not_moved": N_("The credential of %(subject)s could not follow into the other room's lock"),
    "slots.mended": N_("Mended a difference between the book and a lock about %(subject)s"),
    "slots.all_mended": N_("Mended all differences between the book and the lock of %(subject)s"),
    "slots.list_asked": N_("Asked the lock of %(subject)s for all that it stores"),
    "slots.listed": N_("The lock of %(subject)s listed what it stores"),
    "slots.list_refused": N_("The lock of %(subject)s did not list what it stores"),
    "slots.wiped": N_("The lock of %(subject)s has wiped all that it stored"),
}
FIELDS = {
    "kind": N_("Kind"),
    "door": N_("Door"),
    "slot": N_("Slot"),
    "name": N_("Name"),
    "role": N_("Role"),
    "valid_from": N_("From"),
    "valid_until": N_("Until"),
    "status": N_("The lock's answer"),
    "reason": N_("Reason"),
    "fault": N_("Difference"),
    "way": N_("How"),
    "count": N_("In the lock"),
    "differences": N_("Differences"),
    **{str(fault): text for fault, text in FAULT_WORDS.items()},
}
VALUES = {
    "kind": {str(key): text for key, text in KIND_WORDS.items()},
    "role": {str(key): text for key, text in ROLE_WORDS.items()},
    "fault": {str(key): text for key, text in FAULT_WORDS.items()},
    "way": {str(key): text for key, text in MEND_WORDS.items()},
    "status": {key.name.lower(): text for key, text in ANSWER_WORDS.items()},
    "reason": {
        "stay_over": N_("the stay is over"),
        "withdrawn": N_("consent withdrawn"),
        "time_over": N_("its time is over"),
        "left": N_("the account was switched off"),
    },
}
