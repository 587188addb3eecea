"""What the pages and the trail say about fingerprints."""

from __future__ import annotations

from pms.core.text import N_
from pms.credentials.models import EndReason, Finger, FingerState, PlaceState
from pms.protocol.command import AnswerStatus

FINGER_WORDS: dict[Finger, str] = {
    Finger.RIGHT_THUMB: N_("Right thumb"),
    Finger.RIGHT_INDEX: N_("Right index finger"),
    Finger.RIGHT_MIDDLE: N_("Right middle finger"),
    Finger.LEFT_THUMB: N_("Left thumb"),
    Finger.LEFT_INDEX: N_("Left index finger"),
    Finger.LEFT_MIDDLE: N_("Left middle finger"),
}

STATE_WORDS: dict[FingerState, str] = {
    FingerState.CAPTURING: N_("Being taken"),
    FingerState.STORED: N_("Stored, sealed"),
    FingerState.NOT_TAKEN: N_("Not taken"),
    FingerState.DESTROYED: N_("Destroyed"),
}

END_WORDS: dict[EndReason, str] = {
    EndReason.CHECKED_OUT: N_("the stay is over"),
    EndReason.WITHDRAWN: N_("consent withdrawn"),
    EndReason.REMOVED: N_("removed by hand"),
    EndReason.TIME_OVER: N_("its time is over"),
    EndReason.LEFT: N_("the account was switched off"),
}

PLACE_WORDS: dict[PlaceState, str] = {
    PlaceState.WANTED: N_("to be sent"),
    PlaceState.WAITING: N_("waits for somebody at the lock"),
    PlaceState.ADDED: N_("in the lock"),
    PlaceState.REFUSED: N_("refused by the lock"),
    PlaceState.REMOVING: N_("still in the lock until somebody is there"),
    PlaceState.REMOVED: N_("removed, the lock says so"),
    PlaceState.NOT_SENT: N_("never sent"),
}
PLACE_KINDS: dict[PlaceState, str] = {
    PlaceState.WANTED: "info",
    PlaceState.WAITING: "info",
    PlaceState.ADDED: "ok",
    PlaceState.REFUSED: "bad",
    PlaceState.REMOVING: "warn",
    PlaceState.REMOVED: "muted",
    PlaceState.NOT_SENT: "muted",
}

WHY_WORDS: dict[AnswerStatus, str] = {
    AnswerStatus.FULL: N_("the lock has no room left"),
    AnswerStatus.ALREADY_THERE: N_("the lock knows this finger already"),
    AnswerStatus.LOW_BATTERY: N_("its battery is too low"),
    AnswerStatus.BUSY: N_("the lock was busy"),
    AnswerStatus.UNKNOWN_COMMAND: N_("the lock takes no fingerprints"),
}
"""Why a lock refused a fingerprint, where a person can do something about it."""

ACTIONS = {
    "credentials.consent_given": N_("Noted that %(subject)s agrees to have a fingerprint taken"),
    "credentials.consent_withdrawn": N_("Noted that %(subject)s withdrew the consent to fingerprints"),
    "credentials.taken": N_("Took a fingerprint of %(subject)s"),
    "credentials.sent": N_("Sent the fingerprint of %(subject)s to doors"),
    "credentials.destroyed": N_("Destroyed the fingerprint of %(subject)s"),
    "credentials.added": N_("The lock stored the fingerprint of %(subject)s"),
    "credentials.removed": N_("The lock let the fingerprint of %(subject)s go"),
    "credentials.refused": N_("The lock refused the fingerprint of %(subject)s"),
}
FIELDS = {
    "finger": N_("Finger"),
    "bytes": N_("Bytes"),
    "doors": N_("Doors"),
    "door": N_("Door"),
    "slot": N_("Slot"),
    "status": N_("The lock's answer"),
    "reason": N_("Reason"),
    "text": N_("Text version"),
}
VALUES = {
    "finger": {str(key): text for key, text in FINGER_WORDS.items()},
    "reason": {str(key): text for key, text in END_WORDS.items()},
    "status": {key.name.lower(): text for key, text in WHY_WORDS.items()} | {"done": N_("Done")},
}
