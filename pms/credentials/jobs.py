"""What the scheduler does about fingerprints."""

from __future__ import annotations

from pms.core import clock
from pms.core.actor import Actor
from pms.core.outcome import Outcome
from pms.core.text import N_
from pms.credentials import service

_CLOCK = Actor(kind="job", name="fingerprints past their date")


def expire() -> Outcome:
    """Destroy what is past its date."""
    count = service.expire(actor=_CLOCK, now=clock.now())
    return Outcome(N_("Fingerprints destroyed: %(count)s."), {"count": count})
