"""What the pages say about passcodes."""

from __future__ import annotations

from pms.core.text import N_
from pms.passcodes.models import PasscodeKind
from pms.passcodes.rules import Life

LIFE_WORDS: dict[Life, str] = {
    Life.COMING: N_("Opens later"),
    Life.OPENS: N_("Opens"),
    Life.STILL_OPENS: N_("Not wanted, still opens"),
    Life.BEING_REVOKED: N_("Clear code given out"),
    Life.TIME_OVER: N_("Time over"),
    Life.REVOKED: N_("Dead, the door said so"),
}

LIFE_KINDS: dict[Life, str] = {
    Life.COMING: "info",
    Life.OPENS: "ok",
    Life.STILL_OPENS: "warn",
    Life.BEING_REVOKED: "warn",
    Life.TIME_OVER: "muted",
    Life.REVOKED: "muted",
}

KIND_WORDS: dict[PasscodeKind, str] = {
    PasscodeKind.NIGHTS: N_("Guest passcode"),
    PasscodeKind.DAYS: N_("Guest passcode for a long stay"),
    PasscodeKind.CLEAR: N_("Clear code"),
}

# For the audit trail's page.
ACTION_WORDS: dict[str, str] = {
    "passcodes.made": N_("Passcode made and shown"),
    "passcodes.shown": N_("Passcode shown again"),
    "passcodes.clear_code_shown": N_("Clear code made and shown"),
    "passcodes.ended": N_("Passcodes not wanted any more"),
    "passcodes.reinstated": N_("Passcodes wanted again"),
    "passcodes.revoked": N_("Passcodes dead at the door"),
}
