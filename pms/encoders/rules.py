"""What may happen to a job and how a machine may be named, decided on plain values."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.encoders.models import JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

CARD_SECONDS = 30
"""How long a machine waits for a card."""
GONE_AFTER_SECONDS = 10
"""How long a job waits for a machine that is not connected before it fails."""
UNCLAIMED_AFTER_SECONDS = 8
"""After that the page says that nobody looks after the machine."""
AWAY_AFTER = timedelta(seconds=70)
"""An agent that has not asked for so long is away: two long polls, and some."""
MAX_JOBS = 48
"""A stack of cards for a group, one after another on one machine."""
MAX_NAME = 40

_UNTOUCHED = frozenset({JobState.FAILED, JobState.CANCELLED})

# From each state the states that may follow; what is not here never happens.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.WAITING}) | _UNTOUCHED,
    # Reading and signalling end without a byte being written.
    JobState.WAITING: frozenset({JobState.WRITING, JobState.DONE}) | _UNTOUCHED,
    JobState.WRITING: frozenset({JobState.CHECKING, JobState.UNKNOWN}),
    JobState.CHECKING: frozenset({JobState.DONE, JobState.UNKNOWN}),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
    JobState.UNKNOWN: frozenset(),
}

WRITES = frozenset({JobKind.WRITE, JobKind.ERASE, JobKind.STAFF})


class IllegalTransition(RuntimeError):
    """A fault of the program, not of a person: a job cannot go that way."""


class BadUrl(Invalid):
    """Not a port that can be opened."""

    code = "bad_url"
    field = "url"
    message = N_("This is no address of a port. Choose one of the list, or write a path such as /dev/ttyUSB0 or COM3.")


class BadDriver(Invalid):
    """No machine of this make can be at such a port."""

    code = "bad_driver"
    field = "driver"
    message = N_("No machine of this make can be at such a port.")


class BadName(Invalid):
    """A machine needs a name that fits beside its light."""

    code = "bad_name"
    field = "name"
    message = N_("Give the machine a name of 1 to 40 characters.")


class MachineBusy(DomainError):
    """A program does not stand in the queue at a machine; people do, who see it."""

    code = "machine_busy"
    status = 423
    field = "encoder_id"
    message = N_("%(name)s is busy with another card or finger. Ask again when it is done.")


class MachineOffline(DomainError):
    """Nobody need wait for a machine that does not answer."""

    code = "machine_offline"
    status = 503
    field = "encoder_id"
    message = N_("%(name)s is not connected. Check its cable and its power, then ask again.")


class DeskAway(DomainError):
    """The program that owns the machine's port is not heard of."""

    code = "desk_away"
    status = 503
    field = "encoder_id"
    message = N_("The program at the desk %(desk)s is not heard of, so %(name)s cannot be reached.")


class RequestUsed(DomainError):
    """An id stands for one request."""

    code = "request_used"
    field = "request_id"
    message = N_("This request id was used for something else already. Make a new one.")


_PORT = re.compile(
    r"(/[^\s\0]+|COM\d{1,3}|(socket|rfc2217)://[^\s/]+:\d{1,5}(\?\S*)?|hwgrep://\S+|pcsc://[^\0\r\n]+)", re.ASCII
)


def check_transition(kind: JobKind, old: JobState, new: JobState) -> None:
    """IllegalTransition unless a job of this kind may go from `old` to `new`."""
    is_written_kind = kind in WRITES
    too_short = is_written_kind and (old, new) == (JobState.WAITING, JobState.DONE)
    too_far = not is_written_kind and new in (JobState.WRITING, JobState.CHECKING, JobState.UNKNOWN)
    if new not in TRANSITIONS[old] or too_short or too_far:
        raise IllegalTransition(f"a {kind.value} job cannot go from {old.value} to {new.value}")


def after_restart(state: JobState) -> JobState:
    """What is true of a job that was under way when the program stopped."""
    if state is JobState.WAITING:
        return JobState.FAILED
    if state in (JobState.WRITING, JobState.CHECKING):
        return JobState.UNKNOWN
    return state


def can_cancel(state: JobState) -> bool:
    """Until the first byte is written."""
    return state in (JobState.QUEUED, JobState.WAITING)


def check_free(*, name: str, is_ready: bool, away_desk: str | None, open_jobs: int) -> None:
    """DeskAway, MachineOffline or MachineBusy unless a job could begin this moment."""
    if away_desk is not None:
        raise DeskAway(desk=away_desk, name=name)
    if not is_ready:
        raise MachineOffline(name=name)
    if open_jobs:
        raise MachineBusy(name=name)


def is_away(last_seen_at: datetime | None, now: datetime) -> bool:
    """Whether nothing was heard of a desk's agent for so long that nobody should wait for it."""
    return last_seen_at is None or now - last_seen_at > AWAY_AFTER


def seconds_left(deadline: datetime | None, now: datetime) -> int:
    """Whole seconds until the deadline, never below 0."""
    return max(0, round((deadline - now).total_seconds())) if deadline else 0


def is_overdue(deadline: datetime | None, now: datetime) -> bool:
    """Whether nobody can be at the job any more that had until then; the agent's own clock began a little later."""
    return deadline is not None and now > deadline + timedelta(seconds=CARD_SECONDS)


def can_do(kind: JobKind, *, takes_cards: bool, takes_fingers: bool) -> bool:
    """Whether a machine with these parts can do jobs of a kind."""
    if kind is JobKind.SIGNAL:
        return True
    return takes_fingers if kind is JobKind.FINGER else takes_cards


def check_name(name: str) -> None:
    """BadName."""
    if not 1 <= len(name.strip()) <= MAX_NAME:
        raise BadName


def check_machine(name: str, url: str, driver: str, possible: Collection[str]) -> None:
    """BadName, BadUrl, or BadDriver unless the make is one of those that can be at such a port, or to be found out."""
    check_name(name)
    if len(url) > 200 or not _PORT.fullmatch(url):
        raise BadUrl
    if driver and driver not in possible:
        raise BadDriver
