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

ACTIONS = {
    "passcodes.made": N_("Made a passcode: %(subject)s"),
    "passcodes.shown": N_("Looked at a passcode: %(subject)s"),
    "passcodes.clear_code_shown": N_("Made a clear code: %(subject)s"),
    "passcodes.ended": N_("Ended passcodes: %(subject)s"),
    "passcodes.reinstated": N_("Took the end of passcodes back: %(subject)s"),
    "passcodes.revoked": N_("The door has given up older passcodes: %(subject)s"),
}
