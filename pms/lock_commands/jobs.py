"""What the scheduler does about commands, and about the clocks of locks."""

from __future__ import annotations

from pms.core import clock
from pms.core.actor import Actor
from pms.core.outcome import Outcome
from pms.core.text import N_
from pms.lock_commands import clocks, service

_SCHEDULER = Actor(kind="job", name="clocks of locks")


def expire() -> None:
    """Note what can happen no more, also for locks that nobody asks about."""
    while service.expire_overdue(now=clock.now()):
        pass


def set_clocks() -> Outcome:
    """Set the clocks that are off, of locks that can be reached."""
    done = clocks.set_due(actor=_SCHEDULER, now=clock.now())
    return Outcome(
        N_("Clocks being set: %(told)s. Out of reach: %(away)s. For the next turn: %(left)s."),
        {"told": done.told, "away": done.away, "left": done.left},
    )
