"""What the pages and the trail say about fingerprints."""

from __future__ import annotations

from pms.core.text import N_
from pms.credentials.models import EndReason, Finger, FingerState

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

# Why a finger was not taken, where the words for cards do not fit.
# Where the machines' own words would speak of cards.
REFUSALS = {
    "timeout": N_("No finger was put on the machine in time."),
    "verify_failed": N_("The fingerprint was damaged on its way from the machine. Try again."),
    "unsupported": N_("This machine takes no fingerprints, or has a password of its own."),
    "cancelled": N_("It was stopped before the fingerprint was taken."),
    "restarted": N_("The program was restarted before the fingerprint was taken."),
}

ACTIONS = {
    "credentials.consent_given": N_("Noted that %(subject)s agrees to have a fingerprint taken"),
    "credentials.consent_withdrawn": N_("Noted that %(subject)s withdrew the consent to fingerprints"),
    "credentials.taken": N_("Took a fingerprint of %(subject)s"),
    "credentials.sent": N_("Sent the fingerprint of %(subject)s to doors"),
    "credentials.destroyed": N_("Destroyed the fingerprint of %(subject)s"),
}
FIELDS = {
    "finger": N_("Finger"),
    "bytes": N_("Bytes"),
    "doors": N_("Doors"),
    "reason": N_("Reason"),
    "text": N_("Text version"),
}
VALUES = {
    "finger": {str(key): text for key, text in FINGER_WORDS.items()},
    "reason": {str(key): text for key, text in END_WORDS.items()},
}
