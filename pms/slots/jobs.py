"""What the scheduler does about slots."""

from __future__ import annotations

from pms.core import clock
from pms.core.actor import Actor
from pms.core.outcome import Outcome
from pms.core.text import N_
from pms.slots import service

_CLOCK = Actor(kind="job", name="stored credentials past their date")


def expire() -> Outcome:
    """Take away what is past its date."""
    count = service.expire(actor=_CLOCK, now=clock.now())
    return Outcome(N_("Taken out of the locks: %(count)s."), {"count": count})
