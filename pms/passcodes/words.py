"""Passcodes in words: kinds, and acts of the audit trail."""

from __future__ import annotations

from pms.core.text import N_
from pms.passcodes.models import PasscodeKind

KINDS: dict[PasscodeKind, str] = {
    PasscodeKind.NIGHTS: N_("Passcode"),
    PasscodeKind.DAYS: N_("Passcode for a long stay"),
    PasscodeKind.CLEAR: N_("Clear code"),
}

ACTIONS: dict[str, str] = {
    "passcodes.made": N_("made a passcode for %(subject)s"),
    "passcodes.shown": N_("looked at a passcode of %(subject)s"),
    "passcodes.clear_code_made": N_("made a clear code for %(subject)s"),
    "passcodes.ended": N_("ended the passcodes of %(subject)s in the book"),
    "passcodes.used": N_("passcode of %(subject)s was used"),
    "passcodes.epoch_moved": N_("older passcodes of %(subject)s are dead"),
}
