"""What can be decided of commands without a database."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.protocol.command import Operation


class Deed(StrEnum):
    """What the desk can make a lock do, in the words of the wire."""

    UNLOCK = "unlock"
    LOCK = "lock"
    PASSAGE_ON = "passageOn"
    PASSAGE_OFF = "passageOff"
    SET_CLOCK = "setClock"
    RESTART = "restart"
    SELF_TEST = "selfTest"
    SILENCE_ALARM = "silenceAlarm"


OPERATIONS: dict[Deed, Operation] = {
    Deed.UNLOCK: Operation.UNLOCK,
    Deed.LOCK: Operation.LOCK,
    Deed.PASSAGE_ON: Operation.PASSAGE_ON,
    Deed.PASSAGE_OFF: Operation.PASSAGE_OFF,
    Deed.SET_CLOCK: Operation.SET_CLOCK,
    Deed.RESTART: Operation.RESTART,
    Deed.SELF_TEST: Operation.SELF_TEST,
    Deed.SILENCE_ALARM: Operation.SILENCE_ALARM,
}

# Whoever asked for the door to open stands before it now, not in an hour; and a clock must not be set to a time long past.
_AT_ONCE = frozenset({Deed.UNLOCK, Deed.PASSAGE_ON, Deed.SET_CLOCK})
_ONLINE = timedelta(seconds=20)
_BY_PHONE = timedelta(seconds=60)
_OTHERS = timedelta(minutes=5)


class NotSetUpYet(DomainError):
    """The lock takes no command of this server."""

    code = "not_set_up_yet"
    message = N_("The lock %(name)s is not set up, so it does nothing that it is told from here.")


class CannotBeCancelled(DomainError):
    """Too late, or not for this list to say."""

    code = "cannot_be_cancelled"
    message = N_("This command cannot be cancelled any more, or only where it was asked for.")


class BadImei(Invalid):
    """No IMEI."""

    code = "bad_imei"
    field = "imei"
    message = N_("An IMEI has 15 digits.")


def time_for(deed: Deed, *, is_online: bool) -> timedelta:
    """How long the lock may still do it. The lock keeps to this by its own clock."""
    if deed in _AT_ONCE:
        return _ONLINE if is_online else _BY_PHONE
    return _OTHERS


def check_imei(imei: str) -> str:
    """The 15 digits; BadImei for anything else."""
    digits = imei.replace(" ", "").replace("-", "")
    if len(digits) != 15 or not (digits.isascii() and digits.isdecimal()):
        raise BadImei
    return digits
