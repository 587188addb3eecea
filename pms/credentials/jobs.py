"""What the scheduler does about fingerprints."""

from __future__ import annotations

from pms.core import clock
from pms.core.actor import Actor
from pms.credentials import service

_CLOCK = Actor(kind="job", name="fingerprints past their date")


def expire() -> None:
    """Destroy what is past its date."""
    service.expire(actor=_CLOCK, now=clock.now())
