"""What can be decided of commands without a database."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.protocol.command import AnswerStatus, Operation

if TYPE_CHECKING:
    from datetime import datetime


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


# Each of the second kind takes back what of the first kind was said before it.
OPENING = frozenset({Deed.UNLOCK, Deed.PASSAGE_ON})
LOCKING = frozenset({Deed.LOCK, Deed.PASSAGE_OFF})


class NotSetUpYet(DomainError):
    """The lock takes no command of this server."""

    code = "not_set_up_yet"
    message = N_("The lock %(name)s is not set up, so it does nothing that it is told from here.")


class OutOfReach(DomainError):
    """What brings commands to the lock is not there: nothing is queued for whenever it comes back."""

    code = "out_of_reach"
    status = 503
    message = N_("%(way)s, which reaches this lock, has been offline since %(since)s. Nothing was sent.")


class NeverReached(DomainError):
    """The same, where it never was there."""

    code = "never_reached"
    status = 503
    message = N_("%(way)s, which is to reach this lock, has never been online. Nothing was sent.")


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


# Between the first send and the second, and at last.
SHORTEST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(seconds=48)
# What a lock cannot do now, it can some time later, under a frame of its own.
_PAUSE_BEFORE_RETRY = {AnswerStatus.BUSY: timedelta(seconds=5), AnswerStatus.LOW_BATTERY: timedelta(minutes=10)}
# After that it was sent again, so that a frame that waits somewhere is worth nothing.
USEFUL_AT_MOST = timedelta(minutes=1)


def says_all_of(later: dict[str, Any], earlier: dict[str, Any]) -> bool:
    """Whether a later order of settings sets everything that an earlier one does: their details as `settings.Wanted` makes them."""
    named = [{*details} - {"settings"} for details in (later, earlier)]
    raw = [{text[:2] for text in details.get("settings", ())} for details in (later, earlier)]
    return named[1] <= named[0] and raw[1] <= raw[0]


def pause(sends: int, command_id: int) -> timedelta:
    """How long nothing is sent after the command went out for the `sends`-th time: 1 s, 2 s, 4 s, … at most a minute.

    Up to a quarter longer, by the command's id: not all locks of a corridor are called at the same moment for ever.
    """
    return min(SHORTEST_PAUSE * (1 << min(sends - 1, 10)), _LONGEST_PAUSE) * (1 + command_id % 256 / 1024)


def is_due(next_send_at: datetime | None, now: datetime) -> bool:
    """Whether its pause is over; None: it was not sent yet, or its lock came back."""
    return next_send_at is None or next_send_at <= now


def useful_for(expires_at: datetime | None, now: datetime) -> timedelta:
    """For how long a frame that goes out now is worth bringing to the lock."""
    return USEFUL_AT_MOST if expires_at is None else min(expires_at - now, USEFUL_AT_MOST)


def retry_after(status: AnswerStatus) -> timedelta | None:
    """When a lock that gave this answer is asked again; None for an answer that ends the matter."""
    return _PAUSE_BEFORE_RETRY.get(status)


def check_imei(imei: str) -> str:
    """The 15 digits; BadImei for anything else."""
    digits = imei.replace(" ", "").replace("-", "")
    if len(digits) != 15 or not (digits.isascii() and digits.isdecimal()):
        raise BadImei
    return digits
